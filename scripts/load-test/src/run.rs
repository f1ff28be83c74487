//! The whole run: it creates the events, lets the fans loose, watches, checks the invariants and reports.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use stanchion_command_line::{files::write_json, show, values::millis};
use stanchion_fan_client::{FanError, clock};
use stanchion_invariants::{
    judge::{self, Sources},
    monitor::{self, SeatsBySection},
    report::InvariantReport,
    sources::{database::SaleDatabase, ledger, redis_sections::RedisSections},
};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use stanchion_verify::PublicData;

use crate::{
    accounts,
    admin::AdminApi,
    crowd,
    events::{self, most_shoppers},
    invitations,
    options::{KeptEvent, RunOptions},
    report::FansReport,
    run_error::RunError,
    setup::RunSetup,
    sockets, venues,
};

/// People the probe needs.
const PROBE_PEOPLE: usize = 3;
/// How long an event may take until the edge knows it.
const KNOWN_WITHIN: Duration = Duration::from_secs(20);
/// How long after that an instance of the edge that was asked for it before may say that it does not.
const KNOWN_EVERYWHERE_AFTER: Duration = Duration::from_millis(1_200);
/// Each half of the probe takes less, also where a part restarts in the middle.
const PROBE_PATIENCE: Duration = Duration::from_secs(240);

/// The whole run; true if everything held and went well.
pub(crate) async fn run(options: RunOptions) -> Result<bool, RunError> {
    let started_at = clock::now();
    let wanted = usize::try_from(options.fans).unwrap_or(usize::MAX).max(PROBE_PEOPLE);
    let accounts = accounts::read(&options.accounts, wanted)?;
    let admin = AdminApi::new(&options.addresses.origin_url, &options.addresses.admin_token)?;
    let database = SaleDatabase::connect(&options.addresses.database_url).await?;
    // Asked now, so that a wrong address is found before the fans come and not after they have gone.
    ledger::read(&options.addresses.gateway_url, &options.addresses.gateway_key).await?;

    let event = options.event_id.clone().unwrap_or_else(|| named_by_time(started_at));
    let probe_event =
        EventId::parse(&format!("{event}-probe")).map_err(|error| RunError::NotKnown(error.to_string()))?;
    let redis = RedisSections::connect(&options.addresses.redis_url, &event).await?;
    let mut setup = RunSetup {
        options: &options,
        evidence: Arc::default(),
        event: &event,
        on_sale_time: started_at,
    };
    show(&format!("measuring at {probe_event} …\n"));
    events::create_probe(&admin, &options, &probe_event).await?;
    wait_until_known(&PublicData::new(&options.addresses.edge_url, &probe_event)).await?;
    let probe = setup.probe(&database, &redis, &probe_event, &accounts).await?;
    let ended = within(PROBE_PATIENCE, probe.measure()).await;

    show(&format!(
        "creating {event} with {} seats …\n",
        venues::arena().capacity()
    ));
    setup.on_sale_time = events::create_arena(&admin, &options, &event).await?;
    let on_sale_time = setup.on_sale_time;
    let public = PublicData::new(&options.addresses.edge_url, &event);
    wait_until_known(&public).await?;
    let announced = public.queue().await?.announcement();
    if announced.beacon != options.beacon {
        return Err(RunError::Setting(
            "the edge announces another beacon than it was told".to_owned(),
        ));
    }
    setup.evidence.lock().announced = Some(announced);
    let seats: SeatsBySection = Arc::new(database.seats(&event).await?);
    let codes = invitations::invite(&admin, &options, &event, &accounts).await?;
    let (context, latencies) = setup.context(codes)?;
    let watching = [
        tokio::spawn(monitor::watch_inventory(
            redis.clone(),
            seats.clone(),
            setup.evidence.clone(),
        )),
        tokio::spawn(monitor::watch_sessions(redis.clone(), setup.evidence.clone())),
        tokio::spawn(monitor::watch_curve(public.clone(), setup.evidence.clone())),
        tokio::spawn(setup.display(&context, &latencies).run()),
    ];
    let deadline = on_sale_time.plus(millis(crowd::deadline_after(&options)));
    crowd::run(&context, options.fans, accounts, options.sign_ups, deadline).await;
    let fans_done_at = clock::now();
    watching.into_iter().for_each(|task| task.abort());
    let tried = match ended {
        Ok(ended) => within(PROBE_PATIENCE, probe.try_the_gate(ended)).await,
        Err(trouble) => Err(trouble),
    };
    // The invariants that the probe is for have no evidence then. This error says why.
    if let Err(FanError(what)) = tried {
        context.tally.failed(format!("probe: {what}"));
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
        gateway_url: options.addresses.gateway_url.clone(),
        gateway_key: options.addresses.gateway_key.clone(),
    };
    let invariants = judge::all(&sources, &setup.evidence, true).await;
    let took = fans_done_at.since(on_sale_time) as f64 / 1_000.0;
    let fans = FansReport::of(
        &context.tally,
        latencies.percentiles(),
        options.fans,
        judge::capacity(&seats),
        took,
    );
    let report = InvariantReport {
        passed: fans.went_well() && invariants.iter().all(|invariant| invariant.held),
        event_id: event.to_string(),
        edge_runtime: options.addresses.edge_runtime.clone(),
        probe_event_id: Some(probe_event.to_string()),
        started_at,
        ended_at: clock::now(),
        parameters: parameters(&options),
        fans: Some(serde_json::to_value(&fans).expect("counts serialise")),
        invariants,
        urls: options.addresses.of_event(&event),
    };
    show(&report.text(&fans.text(), fans.errors_seen()));
    write_json(options.report.as_deref(), &report)?;
    write_json(options.observed.as_deref(), &*setup.evidence.lock())?;
    Ok(report.passed)
}

fn named_by_time(now: UnixMillis) -> EventId {
    EventId::parse(&format!("arena-{}", now.0 / 1_000)).expect("digits are allowed")
}

async fn within<T>(patience: Duration, work: impl Future<Output = Result<T, FanError>>) -> Result<T, FanError> {
    let done = tokio::time::timeout(patience, work).await;
    done.unwrap_or_else(|_| Err(FanError("not done in time".to_owned())))
}

async fn wait_until_known(public: &PublicData) -> Result<(), RunError> {
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
        "most_shoppers": most_shoppers(options),
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
