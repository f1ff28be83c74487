//! `run`: creates the events, lets the fans loose, watches, and reports.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::json;
use stanchion_shared::{
    identity::EventId,
    timestamp::UnixMillis,
    wire::{CHALLENGE_MAX_NUMBER, DRAW_WINDOW_MS},
};

use crate::{
    accounts::{self, Account, AccountsError},
    admin::{Admin, AdminError, NewEvent},
    arena,
    client::{Client, Trouble},
    clock, crowd,
    display::{Display, show},
    fan::World,
    intrusion::Gate,
    judge::{self, Sources},
    latency::Latencies,
    observed::Notebook,
    options::{KeptEvent, Places, RunOptions, millis},
    probe::{self, Probe},
    puzzle::Solver,
    report::{FansReport, Report},
    sockets,
    sources::{SourceError, database::Database, ledger, public::Public, redis_sections::RedisSections},
    tally::Tally,
    watch::{self, Seats},
};

/// Fans shopping at once for each fan admitted per second, unless the options say otherwise.
const SHOPPERS_PER_RATE: u32 = 20;
/// Most tickets of one person.
const PER_PERSON: u32 = 8;
/// People the probe needs.
const PROBE_PEOPLE: usize = 3;
/// How long an event may take until the edge knows it.
const KNOWN_WITHIN: Duration = Duration::from_secs(20);
/// The probe takes less; it starts with the fans.
const PROBE_PATIENCE: Duration = Duration::from_secs(180);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the HTTP client cannot be made: {0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    NotKnown(String),
    #[error("{what} cannot be written: {error}")]
    Write { what: String, error: std::io::Error },
    #[error("{what} cannot be read: {error}")]
    Read { what: String, error: std::io::Error },
}

/// The whole run; true if everything held and went well.
pub(crate) async fn run(options: RunOptions) -> Result<bool, RunError> {
    let started_at = clock::now();
    let wanted = usize::try_from(options.fans).unwrap_or(usize::MAX).max(PROBE_PEOPLE);
    let accounts = accounts::read(&options.accounts, wanted)?;
    let admin = Admin::new(&options.places.origin_url, &options.places.admin_token)?;
    let database = Database::connect(&options.places.database_url).await?;
    // Asked now, so that a wrong address is found before the fans come and not after they have gone.
    ledger::read(&options.places.gateway_url, &options.places.gateway_key).await?;

    let event = options.event_id.clone().unwrap_or_else(|| named_by_time(started_at));
    let probe_event =
        EventId::parse(&format!("{event}-probe")).map_err(|error| RunError::NotKnown(error.to_string()))?;
    let redis = RedisSections::connect(&options.places.redis_url, &event).await?;
    show(&format!(
        "creating {event} with {} seats …\n",
        arena::arena().capacity()
    ));
    let on_sale_time = create(&admin, &options, &event, &probe_event).await?;
    let (public, probe_public) = (
        Public::new(&options.places.edge_url, &event),
        Public::new(&options.places.edge_url, &probe_event),
    );
    wait_until_known(&public).await?;
    wait_until_known(&probe_public).await?;

    let seats: Seats = Arc::new(database.seats(&event).await?);
    let stage = Stage {
        options: &options,
        notebook: Arc::default(),
        event: &event,
        on_sale_time,
    };
    let (world, latencies) = stage.world()?;
    let probe = stage
        .probe(&database, &redis, &probe_event, probe_public, &accounts)
        .await?;
    let probing = tokio::spawn(async move { tokio::time::timeout(PROBE_PATIENCE, probe.run()).await });
    let watching = [
        tokio::spawn(watch::inventory(redis.clone(), seats.clone(), stage.notebook.clone())),
        tokio::spawn(watch::curve(public.clone(), stage.notebook.clone())),
        tokio::spawn(stage.display(&world, &latencies).run()),
    ];
    let deadline = on_sale_time.plus(millis(crowd::deadline_after(&options)));
    crowd::run(&world, options.fans, accounts, options.sign_ups, deadline).await;
    let fans_done_at = clock::now();
    watching.into_iter().for_each(|task| task.abort());
    match probing.await {
        Ok(Ok(Ok(()))) => {}
        // The invariants it was for have no evidence then; this says why.
        Ok(Ok(Err(Trouble(what)))) => world.tally.failed(format!("probe: {what}")),
        _ => world.tally.failed("probe: not done in time".to_owned()),
    }
    show("\nthe fans are done; checking …\n");
    for (which, event) in [(KeptEvent::Arena, &event), (KeptEvent::Probe, &probe_event)] {
        if !options.keep_event.contains(&which) {
            admin.pause(event).await?;
        }
    }

    let sources = Sources {
        event: event.clone(),
        public,
        database,
        redis,
        seats: seats.clone(),
        gateway_url: options.places.gateway_url.clone(),
        gateway_key: options.places.gateway_key.clone(),
    };
    let invariants = judge::all(&sources, &stage.notebook, true).await;
    let took = fans_done_at.since(on_sale_time) as f64 / 1_000.0;
    let fans = FansReport::of(
        &world.tally,
        latencies.percentiles(),
        options.fans,
        judge::capacity(&seats),
        took,
    );
    let report = Report {
        passed: fans.went_well() && invariants.iter().all(|invariant| invariant.held),
        event_id: event.to_string(),
        probe_event_id: Some(probe_event.to_string()),
        started_at,
        ended_at: clock::now(),
        parameters: parameters(&options),
        fans: Some(fans),
        invariants,
        urls: urls(&options.places, &event),
    };
    show(&report.text());
    write_json(options.report.as_deref(), &report)?;
    write_json(options.observed.as_deref(), &*stage.notebook.open())?;
    Ok(report.passed)
}

fn named_by_time(now: UnixMillis) -> EventId {
    EventId::parse(&format!("arena-{}", now.0 / 1_000)).expect("digits are allowed")
}

/// Creates and launches both events; when the arena's on-sale is.
async fn create(
    admin: &Admin,
    options: &RunOptions,
    event: &EventId,
    probe_event: &EventId,
) -> Result<UnixMillis, RunError> {
    let on_sale_time = clock::now().plus(millis(options.on_sale_in));
    let arena = NewEvent {
        event_id: event,
        name: "The Comeback Tour",
        on_sale_time,
        most_per_second: options.rate,
        most_shoppers: options
            .most_shoppers
            .unwrap_or(options.rate.saturating_mul(SHOPPERS_PER_RATE)),
        per_person: PER_PERSON,
        lock_ms: millis(options.lock),
        turn_ms: millis(options.turn),
        shopping_ms: millis(options.shopping),
        draw_window_ms: millis(options.draw_window),
        shards: options.shards,
        challenge_max_number: options.challenge_max_number,
    };
    admin.create(&arena, &arena::arena()).await?;
    admin.launch(event).await?;
    let probe = NewEvent {
        event_id: probe_event,
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
    };
    admin.create(&probe, &arena::probe_room()).await?;
    admin.launch(probe_event).await?;
    Ok(on_sale_time)
}

async fn wait_until_known(public: &Public) -> Result<(), RunError> {
    let known = async {
        while public.queue().await.is_err() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let too_late = |_| RunError::NotKnown("the edge does not know the event that was launched".to_owned());
    tokio::time::timeout(KNOWN_WITHIN, known).await.map_err(too_late)
}

/// What the parts of a run are made from.
struct Stage<'a> {
    options: &'a RunOptions,
    notebook: Arc<Notebook>,
    event: &'a EventId,
    on_sale_time: UnixMillis,
}

impl Stage<'_> {
    fn world(&self) -> Result<(Arc<World>, Arc<Latencies>), RunError> {
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
            pace: self.options.pace,
        };
        Ok((Arc::new(world), latencies))
    }

    /// The probe has counters and a notebook of its own: what it does on purpose is not what fans see.
    async fn probe(
        &self,
        database: &Database,
        redis: &RedisSections,
        event: &EventId,
        public: Public,
        accounts: &[Account],
    ) -> Result<Probe, RunError> {
        let places = &self.options.places;
        let client = |url: &str| Client::new(url, 16, Arc::default(), Arc::default());
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
            pace: self.options.pace,
        };
        let gate = Gate {
            edge,
            origin,
            event: event.clone(),
            other_event: Some(self.event.clone()),
            seats: Arc::new(database.seats(event).await?),
            public,
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

    fn display(&self, world: &World, latencies: &Arc<Latencies>) -> Display {
        Display {
            event: self.event.to_string(),
            fans: self.options.fans,
            on_sale_time: self.on_sale_time,
            tally: world.tally.clone(),
            latencies: latencies.clone(),
        }
    }
}

fn parameters(options: &RunOptions) -> serde_json::Value {
    json!({
        "fans": options.fans,
        "seed": options.seed,
        "sign_ups": options.sign_ups,
        "rate": options.rate,
        "most_shoppers": options.most_shoppers.unwrap_or(options.rate.saturating_mul(SHOPPERS_PER_RATE)),
        "on_sale_in_ms": millis(options.on_sale_in),
        "shards": options.shards,
        "draw_window_ms": millis(options.draw_window),
        "turn_ms": millis(options.turn),
        "shopping_ms": millis(options.shopping),
        "lock_ms": millis(options.lock),
        "challenge_max_number": options.challenge_max_number,
        "pace_percent": options.pace,
        "sockets": sockets::most(options.sockets),
        "deadline_ms": millis(crowd::deadline_after(options)),
    })
}

/// Where to look, afterwards.
pub(crate) fn urls(places: &Places, event: &EventId) -> BTreeMap<&'static str, String> {
    let Places {
        edge_url: edge,
        origin_url: origin,
        gateway_url: gateway,
        ..
    } = places;
    BTreeMap::from([
        ("page", format!("{edge}/e/{event}")),
        ("queue", format!("{edge}/api/v1/events/{event}/queue")),
        ("schedule", format!("{edge}/api/v1/events/{event}/schedule")),
        ("first_draw", format!("{edge}/api/v1/events/{event}/draws/0")),
        ("keys", format!("{edge}/.well-known/jwks.json")),
        ("admin_stats", format!("{origin}/api/v1/admin/events/{event}/stats")),
        ("ledger", format!("{gateway}/_control/ledger")),
    ])
}

/// Writes a file if one is wanted.
pub(crate) fn write_json(path: Option<&Path>, value: &impl Serialize) -> Result<(), RunError> {
    let Some(path) = path else { return Ok(()) };
    let json = serde_json::to_vec_pretty(value).expect("our own types serialise");
    std::fs::write(path, json).map_err(|error| RunError::Write {
        what: path.display().to_string(),
        error,
    })
}
