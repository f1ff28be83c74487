//! The directory: one Durable Object that knows which events there are. It is told by signed puts
//! alone and read through relays, so it is asked a few times a second however many ids strangers
//! invent.

use stanchion_shared::ids::EventId;
use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use super::{
    database::{Database, integer},
    messages::{AddEvent, Added, Read, ToDirectory},
    objects,
};
use crate::platform::{EVENTS_PER_READ, MOST_EVENTS, StoreError};

/// Positions count from 0, without gaps.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)";

/// See the module.
#[durable_object(fetch)]
pub struct Directory {
    database: Database,
}

impl DurableObject for Directory {
    fn new(state: State, _: Env) -> Self {
        Directory {
            database: Database::new(&state),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        match objects::read(&mut request).await {
            Ok(ToDirectory::AddEvent(AddEvent(event))) => objects::answer::<AddEvent>(self.add(&event).map_err(broken)),
            Ok(ToDirectory::Read(Read::Events(position))) => objects::json(self.events(position).map_err(broken)),
            Ok(ToDirectory::Read(_)) => objects::fault(&StoreError("a coordinator is another object".to_owned())),
            Err(error) => objects::fault(&error),
        }
    }
}

fn broken(error: Error) -> StoreError {
    StoreError(format!("the directory's storage: {error}"))
}

impl Directory {
    fn add(&self, event: &EventId) -> Result<Added> {
        self.database.transaction(|| {
            self.database.run(SCHEMA, vec![])?;
            let known = self
                .database
                .row("SELECT 1 FROM events WHERE id = ?", vec![event.as_str().into()])?;
            if known.is_some() {
                return Ok(true);
            }
            let count = self.database.row("SELECT COUNT(*) FROM events", vec![])?;
            let count = count.map_or(Ok(0), |row| row.integer(0))?;
            if count >= u64::from(MOST_EVENTS) {
                return Ok(false);
            }
            let values = vec![integer(count), event.as_str().into()];
            self.database
                .run("INSERT INTO events (position, id) VALUES (?, ?)", values)?;
            Ok(true)
        })
    }

    fn events(&self, position: u32) -> Result<Vec<EventId>> {
        self.database.run(SCHEMA, vec![])?;
        let values = vec![integer(position), integer(EVENTS_PER_READ as u64)];
        let rows = self.database.rows(
            "SELECT id FROM events WHERE position >= ? ORDER BY position LIMIT ?",
            values,
        )?;
        let parse = |text: &str| EventId::parse(text).map_err(|error| Error::RustError(error.to_string()));
        rows.iter().map(|row| parse(row.text(0)?)).collect()
    }
}
