//! `PUT /api/v1/admin/events/{id}/fans`: whether an event has verified fans, when fans can register, and how many
//! there may be.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{stand::Window, view};
use crate::{
    admin::{Change, event_not_found},
    clock,
    database::run_tx,
    http::{Admin, Error, Json, Path},
    state::SharedApp,
};

/// Most verified fans an event may be limited to.
pub const MAX_MOST_FANS: u32 = 10_000_000;

/// As one whole: what is left out is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    registration_opens_at: Option<UnixMillis>,
    registration_closes_at: Option<UnixMillis>,
    most_fans: Option<u32>,
}

/// An event's programme, locked.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Programme {
    on_sale_time: OffsetDateTime,
    now: OffsetDateTime,
    offered: bool,
    opens_at: Option<OffsetDateTime>,
    closes_at: Option<OffsetDateTime>,
    most_fans: Option<i32>,
    promised: i32,
    /// A draw of the registered is not over.
    drawing: bool,
}

impl Programme {
    /// As it is, and no other admin changes anything of it until the transaction ends.
    ///
    /// # Errors
    /// 404 `event_not_found`; 409 `no_verified_fans` where the event has no programme, `drawing` while a draw is not over.
    pub(super) async fn read_locked(connection: &mut PgConnection, event: &EventId) -> Result<Programme, Error> {
        let programme = Programme::read_locked_while_drawing(connection, event).await?;
        programme.check_not_drawing()?;
        Ok(programme)
    }

    /// As [`Programme::read_locked`], also while a draw is not over.
    pub(super) async fn read_locked_while_drawing(
        connection: &mut PgConnection,
        event: &EventId,
    ) -> Result<Programme, Error> {
        let programme = Programme::lock(connection, event).await?;
        if programme.offered {
            return Ok(programme);
        }
        Err(Error::conflict(
            "no_verified_fans",
            "This event has no verified fans: set when they can register, or nothing, with PUT …/fans.",
        ))
    }

    /// The seed of a draw is known while it is worked off: whoever could change the list then could choose.
    pub(super) fn check_not_drawing(&self) -> Result<(), Error> {
        if self.drawing {
            return Err(Error::conflict(
                "drawing",
                "Verified fans are being drawn: nothing can be changed until that is over. Ask again in a moment.",
            ));
        }
        Ok(())
    }

    async fn lock(connection: &mut PgConnection, event: &EventId) -> Result<Programme, Error> {
        sqlx::query(include_str!("sql/lock_event.sql"))
            .bind(event.as_str())
            .execute(&mut *connection)
            .await?;
        sqlx::query_as(include_str!("sql/programme.sql"))
            .bind(event.as_str())
            .fetch_optional(connection)
            .await?
            .ok_or_else(event_not_found)
    }

    /// When fans register; none if they do not.
    pub(super) fn window(&self) -> Option<Window> {
        let (opens, closes) = self.opens_at.zip(self.closes_at)?;
        let now = clock::from_sql(self.now);
        Some(Window::at(now, clock::from_sql(opens), clock::from_sql(closes)))
    }

    /// Promises `more` places in the first tier, or takes some back (negative).
    ///
    /// # Errors
    /// 409 `fans_full`, which says how many there is room for.
    pub(super) async fn promise(&self, connection: &mut PgConnection, event: &EventId, more: i64) -> Result<(), Error> {
        if let Some(most) = self.most_fans {
            let room = i64::from(most) - i64::from(self.promised);
            if more > room {
                let message = format!(
                    "There is room for {room} more verified fans (most_fans is {most}, with {} verified or invited).",
                    self.promised
                );
                return Err(Error::conflict("fans_full", message).with("room", room));
            }
        }
        if more != 0 {
            sqlx::query("update fan_programmes set promised = promised + $2 where event_id = $1")
                .bind(event.as_str())
                .bind(i32::try_from(more).map_err(Error::internal)?)
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    fn settings(&self) -> Settings {
        Settings::of(self.opens_at, self.closes_at, self.most_fans)
    }
}

impl Settings {
    /// As PostgreSQL has them.
    pub(super) fn of(
        opens: Option<OffsetDateTime>,
        closes: Option<OffsetDateTime>,
        most_fans: Option<i32>,
    ) -> Settings {
        Settings {
            registration_opens_at: opens.map(clock::from_sql),
            registration_closes_at: closes.map(clock::from_sql),
            most_fans: most_fans.and_then(|most| u32::try_from(most).ok()),
        }
    }

    /// # Errors
    /// 422 `invalid_field`; the sentence names the field and its limits.
    fn check(&self, on_sale_time: UnixMillis) -> Result<(), Error> {
        match (self.registration_opens_at, self.registration_closes_at) {
            (None, None) => {}
            (Some(opens), Some(closes)) if opens < closes && closes <= on_sale_time => {}
            (Some(_), Some(_)) => {
                return Err(Error::invalid(
                    "registration_opens_at must be before registration_closes_at, and that no later than on_sale_time.",
                ));
            }
            _ => {
                return Err(Error::invalid(
                    "registration_opens_at and registration_closes_at must both be given, or none of them.",
                ));
            }
        }
        if self.most_fans.is_some_and(|most| !(1..=MAX_MOST_FANS).contains(&most)) {
            return Err(Error::invalid(format!("most_fans must be 1 to {MAX_MOST_FANS}.")));
        }
        Ok(())
    }
}

pub(super) async fn set(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Json(wish): Json<Settings>,
) -> Result<impl IntoResponse, Error> {
    let (event, admin, wish) = (&event_id, &admin, &wish);
    run_tx(&app.database, "fans.set", |mut tx| {
        Box::pin(async move {
            let before = Programme::lock(&mut tx, event).await?;
            before.check_not_drawing()?;
            wish.check(clock::from_sql(before.on_sale_time))?;
            if before.offered && before.settings() == *wish {
                return Ok(());
            }
            let promised = before.promised;
            if wish.most_fans.is_some_and(|most| i64::from(most) < i64::from(promised)) {
                let message =
                    format!("most_fans cannot be less than the {promised} fans that are verified or invited.");
                return Err(Error::conflict("fans_full", message));
            }
            sqlx::query(include_str!("sql/set_programme.sql"))
                .bind(event.as_str())
                .bind(wish.registration_opens_at.map(clock::to_sql))
                .bind(wish.registration_closes_at.map(clock::to_sql))
                .bind(wish.most_fans.and_then(|most| i32::try_from(most).ok()))
                .execute(&mut *tx)
                .await?;
            let before = before.offered.then(|| before.settings());
            Change {
                who: admin,
                what: "fans.set",
                event,
                before: json!(before),
                after: json!(wish),
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(())
        })
    })
    .await?;
    Ok(Json(view::view(&app, &event_id).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_limits_and_registration_ends_with_the_pre_queue() {
        let judge = |opens: Option<u64>, closes: Option<u64>, most_fans| {
            let settings = Settings {
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
