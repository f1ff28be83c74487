-- A coordinator's tables: one event. Integers that may pass 2^53 (where JavaScript's numbers end) are inside JSON.
--
-- kept       by name, JSON: 'constants' (what the first put fixed), 'settings' (as the last put said), 'live' (version, lease,
--            what the last release said: the one small row that a renewal writes), 'progress' (how far draws are closed), 'ended_end' (the
--            position after the last of 'ended').
-- chain      the checkpoints of the secrets, one blob. Read only to close a draw.
-- segments   the schedule's segments by position. Appended; the last ones are replaced when a stop voids them.
-- stops      the schedule's stops by position. Appended.
-- announced  shards with tickets in draws that are not closed; frozen is null until the shard has answered, or is entered
--            without an answer because it missed the deadline (JSON). Once it is there it never changes.
--            Invariant: no draw up to 'closing' or 'closed_through' is added here. Gone when the draw is closed.
-- records    the signed records of closed draws, JSON. Written once, with the schedule's segment, never changed.
-- reports    what each shard last reported, JSON: tickets given, how joins were scored, and what it has in draws that are
--            not closed.
-- sessions   how many shopping sessions each shard says that began and are over, JSON.
-- ended      sessions that ended before their shop tokens do, by position in the list: the mark of the session, and until
--            when (seconds since 1970) its token would be good. Appended; the oldest go once their tokens have ended.
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
CREATE TABLE IF NOT EXISTS reports (shard INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (shard INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ended (position INTEGER PRIMARY KEY, mark TEXT NOT NULL, until INTEGER NOT NULL);
