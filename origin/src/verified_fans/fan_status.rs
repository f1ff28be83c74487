//! The status of an account among the verified fans of an event.

use serde::Serialize;
use sqlx::PgExecutor;
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;
use uuid::Uuid;

use super::VerifiedFansError;
use crate::{clock, events::EventNotFound};

/// The state of an account. If several fit, it is the first of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FanState {
    /// An admin revoked the account: it takes part in no selection and gets no pass.
    Revoked,
    /// The account gets a pass.
    Verified,
    /// The account's address is invited. The fan needs the code that was sent there.
    Invited,
    /// The account takes part in the next selection.
    Registered,
    /// None of these.
    None,
}

/// The window in which fans can register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RegistrationWindow {
    opens_at: UnixMillis,
    closes_at: UnixMillis,
    phase: RegistrationPhase,
}

/// Where the clock stands in the registration window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RegistrationPhase {
    Announced,
    Open,
    Closed,
}

impl RegistrationWindow {
    /// The window with its phase at `now`, by the database's clock: the one that judges
    /// registrations.
    pub(super) fn at(now: UnixMillis, opens_at: UnixMillis, closes_at: UnixMillis) -> RegistrationWindow {
        let phase = if now < opens_at {
            RegistrationPhase::Announced
        } else if now < closes_at {
            RegistrationPhase::Open
        } else {
            RegistrationPhase::Closed
        };
        RegistrationWindow {
            opens_at,
            closes_at,
            phase,
        }
    }

    /// The phase when the window was read.
    pub(super) fn phase(&self) -> RegistrationPhase {
        self.phase
    }
}

/// The status of an account; the answer of `GET /api/v1/events/{id}/registration`.
#[derive(Serialize)]
pub(super) struct FanStatus {
    event_id: EventId,
    pub(super) state: FanState,
    /// Whether the account has registered, in whatever state it is now.
    pub(super) registered: bool,
    /// Whether the event has a programme for verified fans.
    pub(super) offered: bool,
    /// Null: fans cannot register, they are only invited.
    pub(super) registration: Option<RegistrationWindow>,
    /// Whether a selection has ended. A fan who is still `registered` then was not selected.
    #[serde(rename = "drawn")]
    selection_ended: bool,
    #[serde(skip)]
    pub(super) starts_at: UnixMillis,
}

#[derive(sqlx::FromRow)]
struct StatusRow {
    starts_at: OffsetDateTime,
    now: OffsetDateTime,
    offered: bool,
    opens_at: Option<OffsetDateTime>,
    closes_at: Option<OffsetDateTime>,
    registered: bool,
    verified: bool,
    revoked: bool,
    invited: bool,
    selection_ended: bool,
}

impl FanStatus {
    /// Reads the status of an account.
    ///
    /// # Errors
    /// [`VerifiedFansError::EventNotFound`], also for a draft; PostgreSQL.
    pub(super) async fn read(
        database: impl PgExecutor<'_>,
        event: &EventId,
        account_id: &str,
    ) -> Result<FanStatus, VerifiedFansError> {
        let row: StatusRow = sqlx::query_as(include_str!("sql/fan_status.sql"))
            .bind(event.as_str())
            .bind(account_id)
            .bind(Uuid::parse_str(account_id).ok())
            .fetch_optional(database)
            .await?
            .ok_or(EventNotFound)?;
        Ok(row.status(event))
    }
}

impl StatusRow {
    fn status(self, event: &EventId) -> FanStatus {
        let now = clock::from_sql(self.now);
        let window = |(opens, closes)| RegistrationWindow::at(now, clock::from_sql(opens), clock::from_sql(closes));
        FanStatus {
            event_id: event.clone(),
            state: self.state(),
            registered: self.registered,
            offered: self.offered,
            registration: self.opens_at.zip(self.closes_at).map(window),
            selection_ended: self.selection_ended,
            starts_at: clock::from_sql(self.starts_at),
        }
    }

    fn state(&self) -> FanState {
        if self.revoked {
            FanState::Revoked
        } else if self.verified {
            FanState::Verified
        } else if self.invited {
            FanState::Invited
        } else if self.registered {
            FanState::Registered
        } else {
            FanState::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_from_its_first_millisecond_to_its_last() {
        let phase = |now| RegistrationWindow::at(UnixMillis(now), UnixMillis(10), UnixMillis(20)).phase();
        assert_eq!(
            [9, 10, 19, 20].map(phase),
            [
                RegistrationPhase::Announced,
                RegistrationPhase::Open,
                RegistrationPhase::Open,
                RegistrationPhase::Closed
            ]
        );
    }
}
