//! What the parts of a run are made from: the fans' context, the probe and the display.

use std::sync::Arc;

use stanchion_fan_client::{FanClient, Latencies, clock};
use stanchion_invariants::{
    evidence::SharedEvidence,
    gate_attempts::Gate,
    sources::{database::SaleDatabase, redis_sections::RedisSections},
};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use stanchion_verify::PublicData;

use crate::{
    accounts::FanAccount, display::Display, fan::FanContext, invitations::InvitationCodes, options::RunOptions,
    probe::Probe, proof_of_work::ProofSolver, run_error::RunError, sockets, tally::Tally,
};

/// Sockets of the probe: it is three people.
const PROBE_SOCKETS: usize = 16;

/// What the parts of a run are made from.
pub(crate) struct RunSetup<'a> {
    pub(crate) options: &'a RunOptions,
    pub(crate) evidence: Arc<SharedEvidence>,
    pub(crate) event: &'a EventId,
    pub(crate) on_sale_time: UnixMillis,
}

impl RunSetup<'_> {
    pub(crate) fn context(&self, codes: InvitationCodes) -> Result<(Arc<FanContext>, Arc<Latencies>), RunError> {
        let (tally, latencies) = (Arc::<Tally>::default(), Arc::<Latencies>::default());
        let sockets = sockets::most(self.options.sockets);
        let edge = FanClient::new(
            &self.options.addresses.edge_url,
            sockets,
            latencies.clone(),
            tally.requests.clone(),
        )?;
        let context = FanContext {
            edge,
            solver: ProofSolver::new(),
            evidence: self.evidence.clone(),
            tally,
            event: self.event.clone(),
            seed: self.options.seed,
            doors: clock::now(),
            on_sale_time: self.on_sale_time,
            codes,
            pace: self.options.pace,
        };
        Ok((Arc::new(context), latencies))
    }

    /// The probe has counters and evidence of its own, because what it does on purpose is not what fans see.
    pub(crate) async fn probe(
        &self,
        database: &SaleDatabase,
        redis: &RedisSections,
        event: &EventId,
        accounts: &[FanAccount],
    ) -> Result<Probe, RunError> {
        let addresses = &self.options.addresses;
        let client = |url: &str| FanClient::new(url, PROBE_SOCKETS, Arc::default(), Arc::default());
        let (edge, origin) = (client(&addresses.edge_url)?, client(&addresses.origin_url)?);
        let context = FanContext {
            edge: edge.clone(),
            solver: ProofSolver::new(),
            evidence: Arc::default(),
            tally: Arc::default(),
            event: event.clone(),
            seed: self.options.seed,
            doors: clock::now(),
            on_sale_time: clock::now(),
            codes: InvitationCodes::new(),
            pace: self.options.pace,
        };
        let gate = Gate {
            edge,
            origin,
            event: event.clone(),
            other_event: Some(self.event.clone()),
            seats: Arc::new(database.seats(event).await?),
            public: PublicData::new(&addresses.edge_url, event),
            database: database.clone(),
            redis: redis.of(event),
        };
        let people = [0, 1, 2].map(|index: usize| accounts[index].clone());
        Ok(Probe {
            context: Arc::new(context),
            gate,
            accounts: people,
            evidence: self.evidence.clone(),
        })
    }

    pub(crate) fn display(&self, context: &FanContext, latencies: &Arc<Latencies>) -> Display {
        Display {
            event: self.event.to_string(),
            fans: self.options.fans,
            on_sale_time: self.on_sale_time,
            tally: context.tally.clone(),
            latencies: latencies.clone(),
        }
    }
}
