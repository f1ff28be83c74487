-- Holds off a draw until this transaction ends; many hold it off at once. $1 event id.
select from fan_programmes where event_id = $1 for key share
