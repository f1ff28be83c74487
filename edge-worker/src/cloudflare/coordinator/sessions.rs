//! Shards tell of shopping sessions.

use worker::Result;

use super::{
    super::{messages::TellSessions, now},
    Coordinator,
    draws::check_shard,
    tables,
};

impl Coordinator {
    /// Stores what a shard tells of sessions, as far as it is news.
    pub(super) fn note_sessions(&self, TellSessions(report): TellSessions) -> Result<Option<()>> {
        self.change(|event| {
            let shard = report.shard;
            check_shard(event, shard)?;
            let noted = event.sessions.note(report, now());
            tables::save_sessions(&self.database, shard, &noted)
        })
    }
}
