//! An event's programme for verified fans: whether it has any, when fans can register, and how many
//! fans there may be.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{VerifiedFansError, audit_entry::write_audit, fan_status::RegistrationWindow};
use crate::{
    clock,
    database::run_tx,
    error::{InternalError, InvalidField},
    events::EventNotFound,
};

/// Most verified fans to which an event may be limited.
pub const MAX_MOST_FANS: u32 = 10_000_000;

/// The settings of a programme, always set as a whole: a field that is left out is unset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgrammeSettings {
    registration_opens_at: Option<UnixMillis>,
    registration_closes_at: Option<UnixMillis>,
    /// 1 to [`MAX_MOST_FANS`].
    most_fans: Option<u32>,
}

/// An event's programme, locked until the transaction ends.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Programme {
    on_sale_time: OffsetDateTime,
    now: OffsetDateTime,
    offered: bool,
    opens_at: Option<OffsetDateTime>,
    closes_at: Option<OffsetDateTime>,
    most_fans: Option<i32>,
    promised: i32,
    selection_under_way: bool,
}

impl Programme {
    /// Reads the programme and locks it: no other admin changes it until the transaction ends.
    ///
    /// # Errors
    /// [`VerifiedFansError::EventNotFound`]; [`VerifiedFansError::NotOffered`] if the event has no
    /// programme; [`VerifiedFansError::SelectionUnderWay`].
    pub(super) async fn read_locked(
        connection: &mut PgConnection,
        event: &EventId,
    ) -> Result<Programme, VerifiedFansError> {
        let programme = Programme::read_locked_during_selection(connection, event).await?;
        programme.check_no_selection()?;
        Ok(programme)
    }

    /// As [`Programme::read_locked`], also while a selection is under way.
    pub(super) async fn read_locked_during_selection(
        connection: &mut PgConnection,
        event: &EventId,
    ) -> Result<Programme, VerifiedFansError> {
        let programme = Programme::lock(connection, event).await?;
        if programme.offered {
            Ok(programme)
        } else {
            Err(VerifiedFansError::NotOffered)
        }
    }

    /// Checks that no selection is under way. Its seed is known by then, so an admin who could
    /// change the list could choose the result.
    pub(super) fn check_no_selection(&self) -> Result<(), VerifiedFansError> {
        if self.selection_under_way {
            Err(VerifiedFansError::SelectionUnderWay)
        } else {
            Ok(())
        }
    }

    async fn lock(connection: &mut PgConnection, event: &EventId) -> Result<Programme, VerifiedFansError> {
        sqlx::query(include_str!("sql/lock_event.sql"))
            .bind(event.as_str())
            .execute(&mut *connection)
            .await?;
        let programme = sqlx::query_as(include_str!("sql/programme.sql"))
            .bind(event.as_str())
            .fetch_optional(connection)
            .await?;
        Ok(programme.ok_or(EventNotFound)?)
    }

    /// The registration window; `None` if fans cannot register.
    pub(super) fn window(&self) -> Option<RegistrationWindow> {
        let (opens, closes) = self.opens_at.zip(self.closes_at)?;
        let now = clock::from_sql(self.now);
        Some(RegistrationWindow::at(
            now,
            clock::from_sql(opens),
            clock::from_sql(closes),
        ))
    }

    /// Promises `more` places in the tier of verified fans, or takes some back if it is negative.
    ///
    /// # Errors
    /// [`VerifiedFansError::Full`], PostgreSQL.
    pub(super) async fn promise(
        &self,
        connection: &mut PgConnection,
        event: &EventId,
        more: i64,
    ) -> Result<(), VerifiedFansError> {
        if let Some(most) = self.most_fans {
            let room = i64::from(most) - i64::from(self.promised);
            if more > room {
                return Err(VerifiedFansError::Full {
                    most,
                    promised: self.promised,
                    room,
                });
            }
        }
        if more != 0 {
            sqlx::query("update fan_programmes set promised = promised + $2 where event_id = $1")
                .bind(event.as_str())
                .bind(i32::try_from(more).map_err(InternalError::new)?)
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    fn settings(&self) -> ProgrammeSettings {
        ProgrammeSettings::of(self.opens_at, self.closes_at, self.most_fans)
    }
}

impl ProgrammeSettings {
    /// The settings from PostgreSQL's columns.
    pub(super) fn of(
        opens: Option<OffsetDateTime>,
        closes: Option<OffsetDateTime>,
        most_fans: Option<i32>,
    ) -> ProgrammeSettings {
        ProgrammeSettings {
            registration_opens_at: opens.map(clock::from_sql),
            registration_closes_at: closes.map(clock::from_sql),
            most_fans: most_fans.and_then(|most| u32::try_from(most).ok()),
        }
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// The sentence names the field and its limits.
    fn check(&self, on_sale_time: UnixMillis) -> Result<(), InvalidField> {
        match (self.registration_opens_at, self.registration_closes_at) {
            (None, None) => {}
            (Some(opens), Some(closes)) if opens < closes && closes <= on_sale_time => {}
            (Some(_), Some(_)) => {
                return Err(InvalidField::new(
                    "registration_opens_at must be before registration_closes_at, and that no later than on_sale_time.",
                ));
            }
            _ => {
                return Err(InvalidField::new(
                    "registration_opens_at and registration_closes_at must both be given, or none of them.",
                ));
            }
        }
        if self.most_fans.is_some_and(|most| !(1..=MAX_MOST_FANS).contains(&most)) {
            return Err(InvalidField::new(format!("most_fans must be 1 to {MAX_MOST_FANS}.")));
        }
        Ok(())
    }
}

/// Gives the event a programme, or changes its settings.
///
/// # Errors
/// [`VerifiedFansError::EventNotFound`], [`VerifiedFansError::SelectionUnderWay`],
/// [`VerifiedFansError::InvalidField`], [`VerifiedFansError::LimitTooSmall`], PostgreSQL.
pub(super) async fn set(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    settings: &ProgrammeSettings,
) -> Result<(), VerifiedFansError> {
    run_tx(database, "fans.set", |mut tx| {
        Box::pin(async move {
            let before = Programme::lock(&mut tx, event).await?;
            before.check_no_selection()?;
            settings.check(clock::from_sql(before.on_sale_time))?;
            if before.offered && before.settings() == *settings {
                return Ok(());
            }
            let promised = before.promised;
            if settings
                .most_fans
                .is_some_and(|most| i64::from(most) < i64::from(promised))
            {
                return Err(VerifiedFansError::LimitTooSmall { promised });
            }
            sqlx::query(include_str!("sql/set_programme.sql"))
                .bind(event.as_str())
                .bind(settings.registration_opens_at.map(clock::to_sql))
                .bind(settings.registration_closes_at.map(clock::to_sql))
                .bind(settings.most_fans.and_then(|most| i32::try_from(most).ok()))
                .execute(&mut *tx)
                .await?;
            let before = before.offered.then(|| before.settings());
            write_audit(&mut tx, admin, "fans.set", event, (json!(before), json!(settings))).await
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_limits_and_registration_ends_with_the_pre_queue() {
        let judge = |opens: Option<u64>, closes: Option<u64>, most_fans| {
            let settings = ProgrammeSettings {
                registration_opens_at: opens.map(UnixMillis),
                registration_closes_at: closes.map(UnixMillis),
                most_fans,
            };
            settings.check(UnixMillis(100)).is_ok()
        };
        assert!(judge(None, None, None));
        assert!(judge(Some(98), Some(99), Some(1)));
        assert!(judge(Some(99), Some(100), Some(MAX_MOST_FANS)));
        assert!(!judge(Some(100), Some(100), None));
        assert!(!judge(Some(99), Some(101), None));
        assert!(!judge(Some(99), None, None));
        assert!(!judge(None, Some(99), None));
        assert!(!judge(None, None, Some(0)));
        assert!(!judge(None, None, Some(MAX_MOST_FANS + 1)));
    }
}
