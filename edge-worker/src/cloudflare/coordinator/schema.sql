-- A coordinator's tables: one event. Integers that may pass 2^53 (where JavaScript's numbers end) are inside JSON.
--
-- kept       by name, JSON: 'event' (what the first put fixed), 'put' (what the last one said), 'pulse' (version, lease,
--            what the last release said: the one small row that a renewal writes), 'progress' (how far draws are closed).
-- chain      the checkpoints of the secrets, one blob. Read only to close a draw.
-- segments   the schedule's segments by position. Appended; the last ones are replaced when a stop voids them.
-- stops      the schedule's stops by position. Appended.
-- announced  shards with tickets in draws that are not closed; frozen is null until the shard has answered (JSON).
--            Invariant: no draw up to 'closing' or 'closed_through' is added here. Gone when the draw is closed.
-- records    the signed records of closed draws, JSON. Written once, with the schedule's segment, never changed.
-- joined     tickets given, as each shard last reported.
-- scores     how joins were scored, as each shard last reported: JSON.
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chain (id INTEGER PRIMARY KEY CHECK (id = 0), checkpoints BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS segments (position INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stops (position INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS announced (
  draw INTEGER NOT NULL,
  shard INTEGER NOT NULL,
  frozen TEXT,
  PRIMARY KEY (draw, shard)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (draw INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS joined (shard INTEGER PRIMARY KEY, tickets INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS scores (shard INTEGER PRIMARY KEY, json TEXT NOT NULL);
