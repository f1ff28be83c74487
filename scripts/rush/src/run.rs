//! `run`: creates the events, lets the fans loose, watches, and reports.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::json;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use crate::{
    accounts::{self, AccountsError},
    admin::{Admin, AdminError},
    arena,
    client::Trouble,
    clock, crowd,
    display::show,
    judge::{self, Sources},
    options::{KeptEvent, Places, RunOptions, millis},
    report::{FansReport, Report},
    sockets,
    sources::{SourceError, database::Database, ledger, public::Public, redis_sections::RedisSections},
    stage::{self, Stage},
    verified,
    watch::{self, Seats},
};

/// People the probe needs.
const PROBE_PEOPLE: usize = 3;
/// How long an event may take until the edge knows it.
const KNOWN_WITHIN: Duration = Duration::from_secs(20);
/// How long after that an instance of the edge that was asked for it before may say that it does not.
const KNOWN_EVERYWHERE_AFTER: Duration = Duration::from_millis(1_200);
/// Each half of the probe takes less, also where a part restarts in the middle.
const PROBE_PATIENCE: Duration = Duration::from_secs(240);

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
    #[error("{0}")]
    Setting(String),
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
    let mut stage = Stage {
        options: &options,
        notebook: Arc::default(),
        event: &event,
        on_sale_time: started_at,
    };
    show(&format!("measuring at {probe_event} …\n"));
    stage::create_probe(&admin, &options, &probe_event).await?;
    wait_until_known(&Public::new(&options.places.edge_url, &probe_event)).await?;
    let probe = stage.probe(&database, &redis, &probe_event, &accounts).await?;
    let ended = within(PROBE_PATIENCE, probe.measure()).await;

    show(&format!(
        "creating {event} with {} seats …\n",
        arena::arena().capacity()
    ));
    stage.on_sale_time = stage::create_arena(&admin, &options, &event).await?;
    let on_sale_time = stage.on_sale_time;
    let public = Public::new(&options.places.edge_url, &event);
    wait_until_known(&public).await?;
    let announced = public.queue().await?.announcement();
    if announced.beacon != options.beacon {
        return Err(RunError::Setting(
            "the edge announces another beacon than it was told".to_owned(),
        ));
    }
    stage.notebook.open().announced = Some(announced);
    let seats: Seats = Arc::new(database.seats(&event).await?);
    let codes = verified::invite(&admin, &options, &event, &accounts).await?;
    let (world, latencies) = stage.world(codes)?;
    let watching = [
        tokio::spawn(watch::inventory(redis.clone(), seats.clone(), stage.notebook.clone())),
        tokio::spawn(watch::sessions(redis.clone(), stage.notebook.clone())),
        tokio::spawn(watch::curve(public.clone(), stage.notebook.clone())),
        tokio::spawn(stage.display(&world, &latencies).run()),
    ];
    let deadline = on_sale_time.plus(millis(crowd::deadline_after(&options)));
    crowd::run(&world, options.fans, accounts, options.sign_ups, deadline).await;
    let fans_done_at = clock::now();
    watching.into_iter().for_each(|task| task.abort());
    let tried = match ended {
        Ok(ended) => within(PROBE_PATIENCE, probe.try_the_gate(ended)).await,
        Err(trouble) => Err(trouble),
    };
    // The invariants the probe was for have no evidence then; this says why.
    if let Err(Trouble(what)) = tried {
        world.tally.failed(format!("probe: {what}"));
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
        edge_runtime: options.places.edge_runtime.clone(),
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

async fn within<T>(patience: Duration, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let done = tokio::time::timeout(patience, work).await;
    done.unwrap_or_else(|_| Err(Trouble("not done in time".to_owned())))
}

async fn wait_until_known(public: &Public) -> Result<(), RunError> {
    let known = async {
        while public.queue().await.is_err() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        tokio::time::sleep(KNOWN_EVERYWHERE_AFTER).await;
    };
    let too_late = |_| RunError::NotKnown("the edge does not know the event that was launched".to_owned());
    tokio::time::timeout(KNOWN_WITHIN, known).await.map_err(too_late)
}

fn parameters(options: &RunOptions) -> serde_json::Value {
    json!({
        "fans": options.fans,
        "seed": options.seed,
        "sign_ups": options.sign_ups,
        "verified_percent": options.verified,
        "rate": options.rate,
        "most_shoppers": stage::most_shoppers(options),
        "on_sale_in_ms": millis(options.on_sale_in),
        "shards": options.shards,
        "draw_window_ms": millis(options.draw_window),
        "beacon": options.beacon,
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
