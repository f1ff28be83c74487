//! `stanchion-invariants`: judges an event that is there, with what fans saw if a load test wrote it down.

use std::{path::PathBuf, sync::Arc};

use clap::Parser;
use serde_json::json;
use stanchion_command_line::{
    files::{FileError, read_json, write_json},
    show,
};
use stanchion_fan_client::{FanClient, clock};
use stanchion_shared::ids::EventId;
use stanchion_verify::PublicData;

use crate::{
    addresses::StackAddresses,
    evidence::{FanEvidence, SharedEvidence},
    gate_attempts::{self, Gate},
    judge::{self, Sources},
    report::InvariantReport,
    sources::{SourceError, database::SaleDatabase, redis_sections::RedisSections},
};

/// Checks an event that is there, without fans of its own. Ends with 0 only if everything held.
#[derive(Parser, Clone)]
#[command(name = "stanchion-invariants", version)]
pub struct CheckOptions {
    /// Where everything is.
    #[command(flatten)]
    pub addresses: StackAddresses,

    /// The event.
    #[arg(long, env = "STANCHION_EVENT_ID", value_parser = event_id)]
    pub event_id: EventId,

    /// What fans saw, as `stanchion-load-test --observed` wrote it. Without it, what only fans can see counts as not shown.
    #[arg(long, env = "STANCHION_OBSERVED")]
    pub observed: Option<PathBuf>,

    /// Checks these invariants only, for instance 1,2,4,6.
    #[arg(long, env = "STANCHION_INVARIANTS", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=9))]
    pub invariants: Vec<u8>,

    /// Writes the closing report here, as JSON.
    #[arg(long, env = "STANCHION_REPORT")]
    pub report: Option<PathBuf>,
}

/// An event's id, as a command line has it.
///
/// # Errors
/// A sentence that says which characters an id has.
pub fn event_id(text: &str) -> Result<EventId, String> {
    EventId::parse(text).map_err(|error| error.to_string())
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A source of facts.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The HTTP client.
    #[error("the HTTP client cannot be made: {0}")]
    Http(#[from] reqwest::Error),
    /// A file that the command line names.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The whole check; true if every invariant that was asked for held.
///
/// # Errors
/// There is no report, because a source or a file cannot be used.
pub async fn run(options: CheckOptions) -> Result<bool, CheckError> {
    let (started_at, event, addresses) = (clock::now(), options.event_id.clone(), &options.addresses);
    let observed: Option<FanEvidence> = options.observed.as_deref().map(read_json::<FanEvidence>).transpose()?;
    let fans_were_there = observed.is_some();
    let evidence = SharedEvidence::new(observed.unwrap_or_default());
    let database = SaleDatabase::connect(&addresses.database_url).await?;
    let sources = Sources {
        event: event.clone(),
        public: PublicData::new(&addresses.edge_url, &event),
        seats: Arc::new(database.seats(&event).await?),
        database,
        redis: RedisSections::connect(&addresses.redis_url, &event).await?,
        gateway_url: addresses.gateway_url.clone(),
        gateway_key: addresses.gateway_key.clone(),
    };
    if !fans_were_there {
        try_the_gate(&sources, &options, &evidence).await?;
    }
    let mut invariants = judge::all(&sources, &evidence, fans_were_there).await;
    if !options.invariants.is_empty() {
        invariants.retain(|invariant| options.invariants.contains(&invariant.number));
    }
    let report = InvariantReport {
        passed: invariants.iter().all(|invariant| invariant.held),
        event_id: event.to_string(),
        edge_runtime: addresses.edge_runtime.clone(),
        probe_event_id: None,
        started_at,
        ended_at: clock::now(),
        parameters: json!({"invariants": options.invariants, "with_observed": fans_were_there}),
        fans: None,
        invariants,
        urls: addresses.of_event(&event),
    };
    show(&report.text("", 0));
    write_json(options.report.as_deref(), &report)?;
    Ok(report.passed)
}

/// Without a fan there is no valid and no expired token to try; everything else is tried. Where others are shopping at
/// the same moment, the counts behind the gate move by them.
async fn try_the_gate(sources: &Sources, options: &CheckOptions, evidence: &SharedEvidence) -> Result<(), CheckError> {
    let client = |url: &str| FanClient::new(url, 4, Arc::default(), Arc::default());
    let gate = Gate {
        edge: client(&options.addresses.edge_url)?,
        origin: client(&options.addresses.origin_url)?,
        event: sources.event.clone(),
        other_event: None,
        seats: sources.seats.clone(),
        public: sources.public.clone(),
        database: sources.database.clone(),
        redis: sources.redis.clone(),
    };
    match gate_attempts::try_everything(&gate, "not-an-account", None, None).await {
        Ok(observed) => evidence.lock().gate = observed,
        Err(error) => show(&format!("the gate could not be tried: {error}\n")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CheckOptions::command().debug_assert();
    }
}
