//! What a run plays on: both events at the origin, and the fans' and the probe's worlds.

use std::sync::Arc;

use stanchion_shared::{
    identity::EventId,
    timestamp::UnixMillis,
    wire::{CHALLENGE_MAX_NUMBER, DRAW_WINDOW_MS},
};

use crate::{
    accounts::Account,
    admin::{Admin, NewEvent},
    arena,
    client::Client,
    clock,
    display::Display,
    fan::World,
    intrusion::Gate,
    latency::Latencies,
    observed::Notebook,
    options::{RunOptions, millis},
    probe::{self, Probe},
    puzzle::Solver,
    run::RunError,
    sockets,
    sources::{database::Database, public::Public, redis_sections::RedisSections},
    tally::Tally,
    verified::Codes,
};

/// Fans shopping at once for each fan admitted per second, unless the options say otherwise.
const SHOPPERS_PER_RATE: u32 = 20;
/// Most tickets of one person.
const PER_PERSON: u32 = 8;
/// Sockets of the probe: it is three people.
const PROBE_SOCKETS: usize = 16;

/// Most fans shopping at once, as asked for.
pub(crate) fn most_shoppers(options: &RunOptions) -> u32 {
    options
        .most_shoppers
        .unwrap_or(options.rate.saturating_mul(SHOPPERS_PER_RATE))
}

/// Creates and launches the large event; when its on-sale is.
pub(crate) async fn create_arena(admin: &Admin, options: &RunOptions, event: &EventId) -> Result<UnixMillis, RunError> {
    let on_sale_time = clock::now().plus(millis(options.on_sale_in));
    let arena = NewEvent {
        event_id: event,
        name: "The Comeback Tour",
        on_sale_time,
        most_per_second: options.rate,
        most_shoppers: most_shoppers(options),
        per_person: PER_PERSON,
        lock_ms: millis(options.lock),
        turn_ms: millis(options.turn),
        shopping_ms: millis(options.shopping),
        draw_window_ms: millis(options.draw_window),
        shards: options.shards,
        challenge_max_number: options.challenge_max_number,
        beacon: options.beacon.as_ref(),
    };
    admin.create(&arena, &arena::arena()).await?;
    admin.launch(event).await?;
    Ok(on_sale_time)
}

/// Creates and launches the small event.
pub(crate) async fn create_probe(admin: &Admin, options: &RunOptions, event: &EventId) -> Result<(), RunError> {
    let probe = NewEvent {
        event_id: event,
        name: "Open Rehearsal",
        on_sale_time: clock::now().plus(probe::ON_SALE_IN_MS),
        most_per_second: 10,
        most_shoppers: 100,
        per_person: PER_PERSON,
        lock_ms: probe::LOCK_MS,
        turn_ms: millis(options.turn),
        shopping_ms: probe::SHOPPING_MS,
        draw_window_ms: DRAW_WINDOW_MS.least,
        shards: 1,
        challenge_max_number: CHALLENGE_MAX_NUMBER.least,
        beacon: None,
    };
    admin.create(&probe, &arena::probe_room()).await?;
    admin.launch(event).await?;
    Ok(())
}

/// What the parts of a run are made from.
pub(crate) struct Stage<'a> {
    pub(crate) options: &'a RunOptions,
    pub(crate) notebook: Arc<Notebook>,
    pub(crate) event: &'a EventId,
    pub(crate) on_sale_time: UnixMillis,
}

impl Stage<'_> {
    pub(crate) fn world(&self, codes: Codes) -> Result<(Arc<World>, Arc<Latencies>), RunError> {
        let (tally, latencies) = (Arc::<Tally>::default(), Arc::<Latencies>::default());
        let sockets = sockets::most(self.options.sockets);
        let edge = Client::new(&self.options.places.edge_url, sockets, latencies.clone(), tally.clone())?;
        let world = World {
            edge,
            solver: Solver::new(),
            notebook: self.notebook.clone(),
            tally,
            event: self.event.clone(),
            seed: self.options.seed,
            doors: clock::now(),
            on_sale_time: self.on_sale_time,
            codes,
            pace: self.options.pace,
        };
        Ok((Arc::new(world), latencies))
    }

    /// The probe has counters and a notebook of its own: what it does on purpose is not what fans see.
    pub(crate) async fn probe(
        &self,
        database: &Database,
        redis: &RedisSections,
        event: &EventId,
        accounts: &[Account],
    ) -> Result<Probe, RunError> {
        let places = &self.options.places;
        let client = |url: &str| Client::new(url, PROBE_SOCKETS, Arc::default(), Arc::default());
        let (edge, origin) = (client(&places.edge_url)?, client(&places.origin_url)?);
        let world = World {
            edge: edge.clone(),
            solver: Solver::new(),
            notebook: Arc::default(),
            tally: Arc::default(),
            event: event.clone(),
            seed: self.options.seed,
            doors: clock::now(),
            on_sale_time: clock::now(),
            codes: Codes::new(),
            pace: self.options.pace,
        };
        let gate = Gate {
            edge,
            origin,
            event: event.clone(),
            other_event: Some(self.event.clone()),
            seats: Arc::new(database.seats(event).await?),
            public: Public::new(&places.edge_url, event),
            database: database.clone(),
            redis: redis.of(event),
        };
        let people = [0, 1, 2].map(|index: usize| accounts[index].clone());
        Ok(Probe {
            world: Arc::new(world),
            gate,
            accounts: people,
            notebook: self.notebook.clone(),
        })
    }

    pub(crate) fn display(&self, world: &World, latencies: &Arc<Latencies>) -> Display {
        Display {
            event: self.event.to_string(),
            fans: self.options.fans,
            on_sale_time: self.on_sale_time,
            tally: world.tally.clone(),
            latencies: latencies.clone(),
        }
    }
}
