-- Holds off the begin of a round until this transaction ends. Many transactions can do so at once.
-- $1 event id.
select from fan_programmes where event_id = $1 for key share
