-- A shard's tables: one N-th of an event's people.
--
-- kept     by name, JSON: 'shard' (which one, and how often it reports), 'frozen_through' (no number is given in a draw up
--          to this one any more), 'scores' (how joins were scored, by counter).
-- draws    draws that were announced to the coordinator, with counts and digest as JSON. Once a draw is frozen, its row
--          never changes.
-- tickets  the public log: per draw, in the order of the digest, tier and tag as 17 bytes. Appended, never changed.
-- people   who joined, as JSON: it is read and written whole, and nobody looks for its parts.
-- proofs   solved challenges that were used, and by which operation. By expiry first, so that old ones go in one sweep.
-- sighted  who used a fingerprint or an address, by the keyed hash of the thing; so many tags as its limit said, no more.
-- sighted_until  when all that is known of a thing is forgotten. Every thing in `sighted` has a row.
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
CREATE TABLE IF NOT EXISTS sighted (thing TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (thing, tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sighted_until (thing TEXT PRIMARY KEY, forget_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sighted_until_by_time ON sighted_until (forget_at, thing);
-- An earlier version kept sightings without an end.
DROP TABLE IF EXISTS sightings;
