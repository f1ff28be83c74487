//! Where an account stands with the verified fans of an event.

use serde::Serialize;
use sqlx::PgExecutor;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{clock, http::Error};

/// Of the words that fit an account the first here is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// An admin took it off; it is in no draw of the registered and gets no pass.
    Revoked,
    /// It gets a pass.
    Verified,
    /// Its address is invited. The code that was sent there is needed.
    Invited,
    /// It is in the next draw of the registered.
    Registered,
    /// Nothing of these.
    None,
}

/// When fans can register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Window {
    opens_at: UnixMillis,
    closes_at: UnixMillis,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    Announced,
    Open,
    Closed,
}

impl Window {
    /// By the database's clock, the one that judges registrations.
    pub(super) fn at(now: UnixMillis, opens_at: UnixMillis, closes_at: UnixMillis) -> Window {
        let phase = if now < opens_at {
            Phase::Announced
        } else if now < closes_at {
            Phase::Open
        } else {
            Phase::Closed
        };
        Window {
            opens_at,
            closes_at,
            phase,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }
}

/// `GET /api/v1/events/{id}/registration`.
#[derive(Serialize)]
pub(super) struct Standing {
    event_id: EventId,
    pub(super) state: State,
    /// Whether it registered, whatever came of that.
    pub(super) registered: bool,
    /// Whether this event has verified fans at all.
    pub(super) offered: bool,
    /// Null: nobody registers, fans are invited.
    pub(super) registration: Option<Window>,
    /// Whether some of the registered have been drawn. Who is still `registered` then was not.
    drawn: bool,
    #[serde(skip)]
    pub(super) starts_at: UnixMillis,
}

#[derive(sqlx::FromRow)]
struct Row {
    starts_at: OffsetDateTime,
    now: OffsetDateTime,
    offered: bool,
    opens_at: Option<OffsetDateTime>,
    closes_at: Option<OffsetDateTime>,
    registered: bool,
    verified: bool,
    revoked: bool,
    invited: bool,
    drawn: bool,
}

impl Standing {
    /// # Errors
    /// 404 `event_not_found`, also for drafts.
    pub(super) async fn read(
        database: impl PgExecutor<'_>,
        event: &EventId,
        account_id: &str,
    ) -> Result<Standing, Error> {
        let row: Row = sqlx::query_as(include_str!("sql/standing.sql"))
            .bind(event.as_str())
            .bind(account_id)
            .bind(Uuid::parse_str(account_id).ok())
            .fetch_optional(database)
            .await?
            .ok_or_else(|| Error::not_found("event_not_found", "There is no such event."))?;
        Ok(row.standing(event))
    }
}

impl Row {
    fn standing(self, event: &EventId) -> Standing {
        let now = clock::from_sql(self.now);
        let window = |(opens, closes)| Window::at(now, clock::from_sql(opens), clock::from_sql(closes));
        Standing {
            event_id: event.clone(),
            state: self.state(),
            registered: self.registered,
            offered: self.offered,
            registration: self.opens_at.zip(self.closes_at).map(window),
            drawn: self.drawn,
            starts_at: clock::from_sql(self.starts_at),
        }
    }

    fn state(&self) -> State {
        if self.revoked {
            State::Revoked
        } else if self.verified {
            State::Verified
        } else if self.invited {
            State::Invited
        } else if self.registered {
            State::Registered
        } else {
            State::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_from_its_first_millisecond_to_its_last() {
        let phase = |now| Window::at(UnixMillis(now), UnixMillis(10), UnixMillis(20)).phase();
        assert_eq!(
            [9, 10, 19, 20].map(phase),
            [Phase::Announced, Phase::Open, Phase::Open, Phase::Closed]
        );
    }
}
