//! The meter of a protected site. Gates add up how the site answers with the snapshots that they read,
//! and whoever reads the event when it is due decides how fast people come in.

use stanchion_shared::{
    ids::EventId,
    meter::{AnswerCounts, AnswerGroup, SiteAnswers},
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::CoordinatorKeys,
    read_event::ReadEvent,
};
use crate::platform::StoreError;

static COUNT_ANSWERS: Script = script!("coordinator/count_answers.lua");

/// The parts of the fields of `site_answers`, which are `part:group`.
const PARTS: [&str; 3] = ["well", "failed", "slow"];

fn field(part: &str, group: AnswerGroup) -> String {
    format!("{part}:{}", group.number())
}

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
        let mut arguments: Vec<Vec<u8>> = Vec::new();
        for (group, AnswerCounts { well, failed, slow }) in answers.counted() {
            let counted = PARTS.iter().zip([well, failed, slow]).filter(|(_, count)| *count > 0);
            let pairs = counted.flat_map(|(part, count)| [field(part, group), count.to_string()]);
            arguments.extend(pairs.map(String::into_bytes));
        }
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
        let fields: Vec<String> = AnswerGroup::all()
            .flat_map(|group| PARTS.map(|part| field(part, group)))
            .collect();
        let mut arguments = vec![key.as_bytes()];
        arguments.extend(fields.iter().map(String::as_bytes));
        let mut reply = plain(self.redis, "HMGET", &arguments).await?;
        let mut answers = SiteAnswers::default();
        for group in AnswerGroup::all() {
            let counts = AnswerCounts {
                well: reply.optional_json()?.unwrap_or_default(),
                failed: reply.optional_json()?.unwrap_or_default(),
                slow: reply.optional_json()?.unwrap_or_default(),
            };
            answers.add(SiteAnswers::of(group, counts));
        }
        Ok(answers)
    }
}
