//! The release of one event for one second: observe, decide, tell the edge. The rule for the rate
//! is [`stanchion_shared::meter::decide`].

use stanchion_shared::{
    ids::EventId,
    meter::{LineReading, MeterHistory, MeterReading, Stock, decide},
    wire::{EdgeStats, PutAccepted},
};

use super::{Meter, MeterError, sessions::SessionCounts};
use crate::{cart, clock, edge::EdgeError, events::OnSale, inventory::SeatCounts};

/// How often a message is sent again with a new version after the edge has seen a later one.
pub const MAX_VERSION_ATTEMPTS: u32 = 3;

/// What is observed of an event, apart from its settings.
struct Observation {
    stats: EdgeStats,
    seats: SeatCounts,
    sessions: SessionCounts,
}

impl Meter {
    /// Observes, decides and puts the release. An edge that does not know the event is told of the
    /// event first.
    ///
    /// # Errors
    /// [`MeterError`]; the next second starts afresh.
    pub async fn tick(&self, event: &EventId, history: &mut Option<MeterHistory>) -> Result<(), MeterError> {
        let stats = self.edge_stats(event).await?;
        let history = match history {
            Some(history) => history,
            None => {
                let row = OnSale::read(&self.database, event)
                    .await?
                    .ok_or(MeterError::EventGone)?;
                history.insert(MeterHistory::new(row.rate()))
            }
        };
        let now = clock::now();
        let (served, called) = (stats.served, stats.called);
        history.saw(now, LineReading { served, called });
        let ended = self.sessions.end(event, &stats.ended.newest).await?;
        let sessions = self.sessions.count(event, history.long_called(now)).await?;
        let seats = self.inventory.counts(&self.database, event).await;
        let seats = seats.inspect_err(|error| self.inventory.start_rebuild_if_unloaded(&self.database, error))?;
        let observation = Observation { stats, seats, sessions };
        let mut at_least = 0;
        for _ in 0..MAX_VERSION_ATTEMPTS {
            match self.put_release(event, history, &observation, at_least).await {
                Err(MeterError::Edge(EdgeError::StaleVersion)) => {
                    // The edge remembers more than PostgreSQL, for instance after a restore: catch
                    // up with it.
                    at_least = self.edge.stats(event).await?.version + 1;
                }
                result => {
                    // The lease does not wait for it.
                    self.empty_carts(event, ended).await;
                    return result;
                }
            }
        }
        Err(EdgeError::StaleVersion.into())
    }

    /// Gives back the seats of sessions that have ended. A cart that cannot be emptied now is emptied
    /// the next second, or its locks end by themselves.
    async fn empty_carts(&self, event: &EventId, mut sessions: Vec<String>) {
        for at in (0..sessions.len()).rev() {
            if let Err(error) = cart::empty_of_ended(&self.inventory, event, &sessions[at]).await {
                tracing::warn!(%event, %error, "the cart of an ended session is not empty yet");
                sessions.swap_remove(at);
            }
        }
        if !sessions.is_empty()
            && let Err(error) = self.sessions.carts_emptied(event, &sessions).await
        {
            tracing::warn!(%event, %error, "carts of ended sessions are emptied once more");
        }
    }

    /// What the edge has served. An edge that does not know the event is told of the event first.
    async fn edge_stats(&self, event: &EventId) -> Result<EdgeStats, MeterError> {
        match self.edge.stats(event).await {
            Err(EdgeError::UnknownEvent) => {
                tracing::warn!(%event, "the edge does not know the event: it is told again");
                self.put_event(event).await?;
                Ok(self.edge.stats(event).await?)
            }
            stats => Ok(stats?),
        }
    }

    async fn put_release(
        &self,
        event: &EventId,
        history: &mut MeterHistory,
        observation: &Observation,
        at_least: u64,
    ) -> Result<(), MeterError> {
        // Settings and version are read together: a pause that commits later has a larger version
        // and wins at the edge.
        let row = OnSale::next_version(&self.database, event, at_least)
            .await?
            .ok_or(MeterError::EventGone)?;
        let waiting = observation.stats.last_place.saturating_sub(observation.stats.served);
        let observed = MeterReading {
            shopping: observation.sessions.shopping,
            on_their_way: history.on_their_way(clock::now(), observation.sessions.seen_after, waiting),
            stock: Stock::Seats {
                available: observation.seats.available(),
                locked: observation.seats.locked,
            },
            paused: row.paused,
            rate: row.rate(),
        };
        let decision = decide(&row.limits(), &observed);
        let release = row.put_release(decision.rate, decision.sold_out);
        self.edge.put_release(event, &release).await?;
        history.put_rate(clock::now(), decision.rate);
        tracing::debug!(%event, ?observed, ?decision, "metered");
        OnSale::record_release(&self.database, event, decision.rate, decision.sold_out).await?;
        Ok(())
    }

    /// Puts the event and its present settings to the edge.
    ///
    /// # Errors
    /// [`MeterError`].
    pub async fn put_event(&self, event: &EventId) -> Result<PutAccepted, MeterError> {
        let mut at_least = 0;
        for _ in 0..MAX_VERSION_ATTEMPTS {
            let row = OnSale::next_version(&self.database, event, at_least)
                .await?
                .ok_or(MeterError::EventGone)?;
            match self.edge.put_event(event, &row.put_event()).await {
                Err(EdgeError::StaleVersion) => at_least = self.edge.stats(event).await?.version + 1,
                result => return Ok(result?),
            }
        }
        Err(EdgeError::StaleVersion.into())
    }
}
