//! Launched events by words, by place, or all, in the order in which they start.

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, postgres::PgRow};
use stanchion_shared::{ids::EventId, money::Minor, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{
    area::{Area, EARTH_RADIUS_KM},
    cursor::Cursor,
    detail::{EventState, VenueView},
};
use crate::{clock, error::InvalidField, events::EventsError};

/// Longest `q`, in bytes.
pub const MAX_QUERY_LENGTH: usize = 200;
/// Events of a page unless `limit` says otherwise.
pub const DEFAULT_LIMIT: u32 = 20;
/// Most events of a page.
pub const MAX_LIMIT: u32 = 100;
/// Radius around `lat`, `lon` unless `radius_km` says otherwise.
pub const DEFAULT_RADIUS_KM: f64 = 50.0;
/// Largest radius.
pub const MAX_RADIUS_KM: f64 = 1_000.0;

/// The query as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchQuery {
    q: Option<String>,
    lat: Option<f64>,
    lon: Option<f64>,
    radius_km: Option<f64>,
    limit: Option<u32>,
    after: Option<String>,
}

/// The query as it can be answered.
#[derive(Debug)]
struct Search {
    words: Option<String>,
    near: Option<Near>,
    limit: u32,
    after: Option<Cursor>,
}

#[derive(Clone, Copy, Debug)]
struct Near {
    latitude: f64,
    longitude: f64,
    radius_km: f64,
}

impl SearchQuery {
    fn check(self) -> Result<Search, InvalidField> {
        let words = self.q.filter(|words| !words.trim().is_empty());
        if words
            .as_ref()
            .is_some_and(|words| words.len() > MAX_QUERY_LENGTH || words.contains('\0'))
        {
            return Err(InvalidField::new(format!(
                "q must have at most {MAX_QUERY_LENGTH} bytes."
            )));
        }
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(InvalidField::new(format!("limit must be 1 to {MAX_LIMIT}.")));
        }
        let after = self.after.as_deref().map(|text| {
            Cursor::decode(text).ok_or_else(|| InvalidField::new("after must be the `next` of the page before."))
        });
        Ok(Search {
            words,
            near: near(self.lat, self.lon, self.radius_km)?,
            limit,
            after: after.transpose()?,
        })
    }
}

fn near(lat: Option<f64>, lon: Option<f64>, radius_km: Option<f64>) -> Result<Option<Near>, InvalidField> {
    let (latitude, longitude) = match (lat, lon) {
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        (None, None) if radius_km.is_none() => return Ok(None),
        _ => {
            return Err(InvalidField::new(
                "lat and lon belong together, and radius_km needs both.",
            ));
        }
    };
    let radius_km = radius_km.unwrap_or(DEFAULT_RADIUS_KM);
    // NaN is in no range.
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        return Err(InvalidField::new("lat must be -90 to 90 and lon -180 to 180."));
    }
    if !(radius_km > 0.0 && radius_km <= MAX_RADIUS_KM) {
        return Err(InvalidField::new(format!(
            "radius_km must be more than 0 and at most {MAX_RADIUS_KM}."
        )));
    }
    Ok(Some(Near {
        latitude,
        longitude,
        radius_km,
    }))
}

/// A page of events.
#[derive(Serialize)]
pub(super) struct EventsPage {
    events: Vec<FoundEvent>,
    /// Give this as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// One event of a page.
#[derive(Serialize)]
struct FoundEvent {
    event_id: String,
    name: String,
    starts_at: UnixMillis,
    on_sale_time: UnixMillis,
    state: EventState,
    currency: String,
    /// The lowest price of its sections, without fees.
    price_from: Minor,
    venue: VenueView,
    /// From `lat`, `lon`; null unless they were given.
    distance_km: Option<f64>,
}

#[derive(FromRow)]
struct FoundRow {
    event_id: String,
    name: String,
    starts_at: OffsetDateTime,
    on_sale_time: OffsetDateTime,
    sold_out: bool,
    currency: String,
    price_from: i64,
    venue_name: String,
    city: String,
    latitude: f64,
    longitude: f64,
    distance_km: Option<f64>,
}

impl FoundRow {
    fn shown(self, now: UnixMillis) -> FoundEvent {
        let (starts_at, on_sale_time) = (clock::from_sql(self.starts_at), clock::from_sql(self.on_sale_time));
        FoundEvent {
            event_id: self.event_id,
            name: self.name,
            starts_at,
            on_sale_time,
            state: EventState::at(now, on_sale_time, starts_at, self.sold_out),
            currency: self.currency,
            price_from: Minor(self.price_from),
            venue: VenueView {
                name: self.venue_name,
                city: self.city,
                latitude: self.latitude,
                longitude: self.longitude,
            },
            // To a hundred metres.
            distance_km: self.distance_km.map(|km| (km * 10.0).round() / 10.0),
        }
    }
}

/// The page of events that `query` asks for.
///
/// # Errors
/// [`EventsError::InvalidField`], or the database.
pub(super) async fn search(database: &PgPool, query: SearchQuery, now: UnixMillis) -> Result<EventsPage, EventsError> {
    let search = query.check()?;
    let rows: Vec<PgRow> = query_rows(database, &search).await?;
    let mut rows = rows.iter().map(FoundRow::from_row).collect::<Result<Vec<_>, _>>()?;
    // The statement reads one row more than the page has: that row tells whether there is a next
    // page.
    let limit = search.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next = last.and_then(|row| {
        let event_id = EventId::parse(&row.event_id).ok()?;
        Some(
            Cursor {
                starts_at: clock::from_sql(row.starts_at),
                event_id,
            }
            .encode(),
        )
    });
    Ok(EventsPage {
        events: rows.into_iter().map(|row| row.shown(now)).collect(),
        next,
    })
}

async fn query_rows(database: &PgPool, search: &Search) -> Result<Vec<PgRow>, sqlx::Error> {
    let area = search
        .near
        .map(|near| Area::around(near.latitude, near.longitude, near.radius_km));
    let after = search.after.as_ref();
    sqlx::query(include_str!("sql/search.sql"))
        .bind(&search.words)
        .bind(search.near.map(|near| near.latitude))
        .bind(search.near.map(|near| near.longitude))
        .bind(search.near.map(|near| near.radius_km))
        .bind(area.map(|area| area.south))
        .bind(area.map(|area| area.north))
        .bind(area.map(|area| area.west))
        .bind(area.map(|area| area.east))
        .bind(2.0 * EARTH_RADIUS_KM)
        .bind(after.map(|after| clock::to_sql(after.starts_at)))
        .bind(after.map(|after| after.event_id.as_str()))
        .bind(i64::from(search.limit) + 1)
        .fetch_all(database)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(query: SearchQuery) -> bool {
        query.check().is_ok()
    }

    #[test]
    fn every_limit_has_both_its_sides() {
        let words = |length: usize| SearchQuery {
            q: Some("q".repeat(length)),
            ..SearchQuery::default()
        };
        assert!(fits(words(MAX_QUERY_LENGTH)) && !fits(words(MAX_QUERY_LENGTH + 1)));
        let limit = |limit| SearchQuery {
            limit: Some(limit),
            ..SearchQuery::default()
        };
        assert!(!fits(limit(0)) && fits(limit(1)) && fits(limit(MAX_LIMIT)) && !fits(limit(MAX_LIMIT + 1)));
        let at = |lat, lon, radius_km| SearchQuery {
            lat: Some(lat),
            lon: Some(lon),
            radius_km,
            ..SearchQuery::default()
        };
        for (query, expected) in [
            (at(90.0, 180.0, None), true),
            (at(-90.0, -180.0, None), true),
            (at(90.01, 0.0, None), false),
            (at(0.0, -180.01, None), false),
            (at(f64::NAN, 0.0, None), false),
            (at(0.0, 0.0, Some(MAX_RADIUS_KM)), true),
            (at(0.0, 0.0, Some(MAX_RADIUS_KM + 0.1)), false),
            (at(0.0, 0.0, Some(0.0)), false),
            (at(0.0, 0.0, Some(0.1)), true),
        ] {
            let text = format!("{query:?}");
            assert_eq!(fits(query), expected, "{text}");
        }
    }

    #[test]
    fn what_belongs_together_comes_together() {
        assert!(!fits(SearchQuery {
            lat: Some(1.0),
            ..SearchQuery::default()
        }));
        assert!(!fits(SearchQuery {
            radius_km: Some(1.0),
            ..SearchQuery::default()
        }));
        assert!(!fits(SearchQuery {
            after: Some("x".to_owned()),
            ..SearchQuery::default()
        }));
        assert!(fits(SearchQuery::default()));
    }
}
