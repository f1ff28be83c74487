-- A shard's tables: one N-th of an event's people.
--
-- kept     by name, JSON: 'shard' (which one, how often it reports, and the windows), 'sessions' (how many shopping sessions began and are
--          over), 'frozen_through' (no number is given in
--          a draw up to this one any more), 'scores' (how joins were scored, by counter), 'left_over' (draws that were closed
--          without this shard's answer, and whose other tickets have no draw yet).
-- draws    draws that were declared to the coordinator, with counts and digest as JSON. Once a draw is frozen, its row
--          only learns how the draw was closed, if that was without this shard's answer.
-- tickets  the public log: per draw, in the order of the digest, tier and tag as 17 bytes. Appended, never changed.
-- people   the people who joined, as JSON: each is read and written whole, and no query looks for its parts.
-- proofs   solved challenges that were used, and by which operation. By expiry first, so that old ones go in one sweep.
-- identifier_uses    people who used an identifier (a fingerprint, or a network), by its keyed hash; no more tags than
--                    its limit said.
-- identifier_counts  how many people used an identifier, how many of their accounts are known or new, and when all of it
--                    is forgotten. Every identifier in `identifier_uses` has a row.
-- sessions        shopping sessions that run, by their names, and when each is over by itself.
-- ended_sessions  sessions that were ended, until the coordinator has been told: by their marks, and until when (seconds
--                 since 1970) their shop tokens would be good.
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draws (draw INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tickets (
  draw INTEGER NOT NULL,
  position INTEGER NOT NULL,
  entry BLOB NOT NULL,
  PRIMARY KEY (draw, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS people (tag TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS proofs (
  expires_at INTEGER NOT NULL,
  challenge TEXT NOT NULL,
  attempt TEXT NOT NULL,
  PRIMARY KEY (expires_at, challenge)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identifier_uses (
  identifier TEXT NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (identifier, tag)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identifier_counts (
  identifier TEXT PRIMARY KEY,
  people INTEGER NOT NULL,
  known INTEGER NOT NULL,
  new_accounts INTEGER NOT NULL,
  forget_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identifier_counts_by_time ON identifier_counts (forget_at, identifier);
CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY, over_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (over_at);
CREATE TABLE IF NOT EXISTS ended_sessions (mark TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
