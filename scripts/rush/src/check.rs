//! `check`: judges an event that is there, with what fans saw if somebody wrote it down.

use std::sync::Arc;

use serde_json::json;

use crate::{
    client::Client,
    clock,
    display::show,
    intrusion::{self, Gate},
    judge::{self, Sources},
    observed::{Notebook, Observed},
    options::CheckOptions,
    report::Report,
    run::{RunError, urls, write_json},
    sources::{database::Database, public::Public, redis_sections::RedisSections},
};

/// The whole check; true if everything that was asked for held.
pub(crate) async fn check(options: CheckOptions) -> Result<bool, RunError> {
    let (started_at, event, places) = (clock::now(), options.event_id.clone(), &options.places);
    let observed = options.observed.as_deref().map(read_observed).transpose()?;
    let fans_were_there = observed.is_some();
    let notebook = Notebook::of(observed.unwrap_or_default());
    let database = Database::connect(&places.database_url).await?;
    let sources = Sources {
        event: event.clone(),
        public: Public::new(&places.edge_url, &event),
        seats: Arc::new(database.seats(&event).await?),
        database,
        redis: RedisSections::connect(&places.redis_url, &event).await?,
        gateway_url: places.gateway_url.clone(),
        gateway_key: places.gateway_key.clone(),
    };
    if !fans_were_there {
        try_the_gate(&sources, &options, &notebook).await?;
    }
    let mut invariants = judge::all(&sources, &notebook, fans_were_there).await;
    if !options.invariants.is_empty() {
        invariants.retain(|invariant| options.invariants.contains(&invariant.number));
    }
    let report = Report {
        passed: invariants.iter().all(|invariant| invariant.held),
        event_id: event.to_string(),
        edge_runtime: places.edge_runtime.clone(),
        probe_event_id: None,
        started_at,
        ended_at: clock::now(),
        parameters: json!({"invariants": options.invariants, "with_observed": fans_were_there}),
        fans: None,
        invariants,
        urls: urls(places, &event),
    };
    show(&report.text());
    write_json(options.report.as_deref(), &report)?;
    Ok(report.passed)
}

fn read_observed(path: &std::path::Path) -> Result<Observed, RunError> {
    let read = |error| RunError::Read {
        what: path.display().to_string(),
        error,
    };
    let text = std::fs::read(path).map_err(read)?;
    serde_json::from_slice(&text).map_err(|error| read(error.into()))
}

/// Without a fan there is no valid and no expired token to try; everything else is tried. Where others are shopping at
/// the same moment, the counts behind the gate move by them.
async fn try_the_gate(sources: &Sources, options: &CheckOptions, notebook: &Notebook) -> Result<(), RunError> {
    let client = |url: &str| Client::new(url, 4, Arc::default(), Arc::default());
    let gate = Gate {
        edge: client(&options.places.edge_url)?,
        origin: client(&options.places.origin_url)?,
        event: sources.event.clone(),
        other_event: None,
        seats: sources.seats.clone(),
        public: sources.public.clone(),
        database: sources.database.clone(),
        redis: sources.redis.clone(),
    };
    match intrusion::try_everything(&gate, "not-an-account", None, None).await {
        Ok(observed) => notebook.open().gate = observed,
        Err(trouble) => show(&format!("the gate could not be tried: {trouble}\n")),
    }
    Ok(())
}
