//! The meter of a protected site. Gates add up how the site answers with the snapshots that they read,
//! and whoever reads the event when it is due decides how fast people come in.

use stanchion_shared::{ids::EventId, meter::SiteAnswers};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::CoordinatorKeys,
    read_event::ReadEvent,
};
use crate::platform::StoreError;

static COUNT_ANSWERS: Script = script!("coordinator/count_answers.lua");

/// The fields of `site_answers`.
const FIELDS: [&str; 3] = ["well", "failed", "slow"];

impl ReadEvent {
    /// Whether the meter has to decide.
    pub(super) fn meter_is_due(&self) -> bool {
        let active = self.reported.active();
        let meter_at = self.state.meter_at(self.open_tickets(), active, self.now);
        self.may_close() && meter_at.is_some_and(|at| at <= self.now)
    }
}

impl<R: Redis> Store<'_, R> {
    /// Adds answers to those that are known.
    pub(super) async fn count_answers(&self, event: &EventId, answers: SiteAnswers) -> Result<(), StoreError> {
        let SiteAnswers { well, failed, slow } = answers;
        let counted = FIELDS.iter().zip([well, failed, slow]).filter(|(_, count)| *count > 0);
        let arguments: Vec<Vec<u8>> = counted
            .flat_map(|(name, count)| [(*name).to_owned(), count.to_string()])
            .map(String::into_bytes)
            .collect();
        if arguments.is_empty() {
            return Ok(());
        }
        let key = CoordinatorKeys::new(event).key("site_answers");
        run(self.redis, &COUNT_ANSWERS, &[key], arguments).await?.done()?;
        Ok(())
    }

    /// Decides, if that is still due.
    pub(super) async fn meter(&self, event: &EventId) -> Result<(), StoreError> {
        let answers = self.site_answers(event).await?;
        self.change_event(event, |state, read| {
            state.meter_site(read.open_tickets(), &read.reported, answers, read.stamp());
        })
        .await
        .map(|_| ())
    }

    async fn site_answers(&self, event: &EventId) -> Result<SiteAnswers, StoreError> {
        let key = CoordinatorKeys::new(event).key("site_answers");
        let mut arguments = vec![key.as_bytes()];
        arguments.extend(FIELDS.iter().map(|field| field.as_bytes()));
        let mut reply = plain(self.redis, "HMGET", &arguments).await?;
        Ok(SiteAnswers {
            well: reply.optional_json()?.unwrap_or_default(),
            failed: reply.optional_json()?.unwrap_or_default(),
            slow: reply.optional_json()?.unwrap_or_default(),
        })
    }
}
