//! Gathers the facts of an event, each by its own means, and judges every invariant.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use stanchion_command_line::show;
use stanchion_fan_client::clock;
use stanchion_shared::{ids::EventId, jose::VerifyingKeys, timestamp::UnixMillis, wire::QueueAnswer};
use stanchion_verify::{ClosedDraw, PublicData, PublicDataError};

use crate::{
    curve::Curve,
    evidence::{FanEvidence, SharedEvidence},
    invariants::{
        Findings, Invariant, charges_match_tickets, counts_add_up, expired_locks_are_free, gate_refuses,
        one_place_per_person, one_sale_per_seat, places_follow_from_records, turns_on_time, verified_fans_first,
        without_facts,
    },
    monitor::{SeatsBySection, read_whole_inventory},
    sources::{
        SourceError,
        database::{OrderRow, SaleDatabase, SeatTicketRow},
        ledger,
        redis_sections::RedisSections,
    },
};

/// How long orders may take to end (invariant 2).
const ORDERS_END_WITHIN: Duration = Duration::from_secs(60);
/// How often draws are read at the most while more of them close.
const DRAWS_READ_AT_MOST: u32 = 10;

/// Where the facts are.
pub struct Sources {
    /// The event that is judged.
    pub event: EventId,
    /// What the edge publishes.
    pub public: PublicData,
    /// PostgreSQL.
    pub database: SaleDatabase,
    /// Redis.
    pub redis: RedisSections,
    /// All seats of the event.
    pub seats: SeatsBySection,
    /// Address of the payment gateway.
    pub gateway_url: String,
    /// Its secret key.
    pub gateway_key: String,
}

/// Judges all invariants, in order; the ninth only where there were verified fans. `fans_were_there` is false for a check
/// without evidence of fans.
pub async fn all(sources: &Sources, evidence: &SharedEvidence, fans_were_there: bool) -> Vec<Invariant> {
    let orders_ended_after_s = wait_for_orders(sources).await;
    let sold = read_whole_inventory(&sources.redis, &sources.seats, evidence).await;
    let sales = sales(sources).await;
    let queue = queue(sources).await;
    match sources.redis.sessions_seen().await {
        Ok(sessions) => evidence.lock().sessions_at_origin.extend(sessions),
        Err(error) => show(&format!("the origin's sessions could not be read: {error}\n")),
    }

    let observed = evidence.lock();
    let mut invariants = Vec::with_capacity(8);
    match &sales {
        Ok(sales) => invariants.extend([
            one_sale_per_seat::judge(&one_sale_per_seat::SaleFacts {
                tickets: &sales.tickets,
                told: &observed.orders,
                sold_in_redis: sold.as_ref().ok(),
            }),
            charges_match_tickets::judge(&charges_match_tickets::ChargeFacts {
                event_id: sources.event.as_str(),
                orders: &sales.orders,
                tickets: &sales.tickets,
                intents: &sales.intents,
                told: &observed.orders,
                orders_ended_after_s,
            }),
        ]),
        Err(error) => invariants.extend([1, 2].map(|number| without_facts(number, error))),
    }
    let sessions_given = match &queue {
        Ok(queue) => judge_queue(sources, queue, &observed, fans_were_there, &mut invariants),
        Err(error) => {
            invariants.extend([3, 4, 5].map(|number| without_facts(number, error)));
            HashSet::new()
        }
    };
    invariants.push(counts_add_up::judge(&counts_add_up::SectionCountFacts {
        answers: fans_were_there.then_some(&observed.seats_answers),
        reads: &observed.inventory_reads,
    }));
    invariants.push(expired_locks_are_free::judge(&observed.handovers));
    invariants.push(gate_refuses::judge(&gate_refuses::GateFacts {
        gate: &observed.gate,
        sessions_at_origin: &observed.sessions_at_origin,
        sessions_given: fans_were_there.then_some(&sessions_given),
    }));
    // The evidence names the verified fans. Without any, nothing was promised.
    if !observed.verified.is_empty() {
        invariants.push(match &queue {
            Ok(queue) => verified_fans_first::judge(&verified_fans_first::TierFacts {
                keys: &queue.keys,
                line: &places_follow_from_records::line(&mut Findings::default(), &queue.draws),
                tickets: &observed.tickets,
                verified: &observed.verified,
            }),
            Err(error) => without_facts(9, error),
        });
    }
    invariants
}

/// Waits until no order is under way, 60 s at the most, and returns how long that took, in seconds. Orders that are left
/// are judged as faults.
async fn wait_for_orders(sources: &Sources) -> f64 {
    let started = Instant::now();
    while started.elapsed() < ORDERS_END_WITHIN {
        if let Ok(0) = sources.database.open_orders(&sources.event).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    started.elapsed().as_secs_f64()
}

struct SalesFacts {
    tickets: Vec<SeatTicketRow>,
    orders: Vec<OrderRow>,
    intents: Vec<ledger::LedgerIntent>,
}

async fn sales(sources: &Sources) -> Result<SalesFacts, SourceError> {
    Ok(SalesFacts {
        tickets: sources.database.seat_tickets(&sources.event).await?,
        orders: sources.database.orders().await?,
        intents: ledger::read(&sources.gateway_url, &sources.gateway_key).await?,
    })
}

struct QueueFacts {
    keys: VerifyingKeys,
    snapshot: QueueAnswer,
    draws: Vec<ClosedDraw>,
    curve: Curve,
    fetched_at: UnixMillis,
}

async fn queue(sources: &Sources) -> Result<QueueFacts, PublicDataError> {
    let public = &sources.public;
    let (keys, _) = public.keys().await?;
    // The schedule first: every fan who was admitted was admitted before now.
    let fetched_at = clock::now();
    let curve = Curve::new(public.schedule().await?);
    let (snapshot, draws) = closed_draws(public).await?;
    Ok(QueueFacts {
        keys,
        snapshot,
        draws,
        curve,
        fetched_at,
    })
}

/// All closed draws and the snapshot that belongs to them: a draw that closes while they are read makes them be read
/// again.
async fn closed_draws(public: &PublicData) -> Result<(QueueAnswer, Vec<ClosedDraw>), PublicDataError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let before = public.queue().await?;
        let draws = public.draws().await?;
        let after = public.queue().await?;
        // The list may be of another instance of the edge, which is a second behind.
        let are_all = draws.len() == after.draws_closed as usize;
        if (after.draws_closed == before.draws_closed && are_all) || tries == DRAWS_READ_AT_MOST {
            return Ok((after, draws));
        }
    }
}

/// Invariants 3, 4 and 5; returns the sessions that fans were given.
fn judge_queue(
    sources: &Sources,
    queue: &QueueFacts,
    observed: &FanEvidence,
    fans_were_there: bool,
    invariants: &mut Vec<Invariant>,
) -> HashSet<String> {
    let (tokens, forged) = turns_on_time::read(&queue.keys, &observed.shop_tokens);
    invariants.push(turns_on_time::judge(&turns_on_time::TurnFacts {
        event: &sources.event,
        tokens: &tokens,
        forged,
        curve: &queue.curve,
        told: &observed.curve,
        now: queue.fetched_at,
    }));
    invariants.push(places_follow_from_records::judge(
        &places_follow_from_records::RecordFacts {
            keys: &queue.keys,
            announced: &queue.snapshot.announcement(),
            noted: observed.announced.as_ref(),
            last_place: queue.snapshot.last_place,
            in_second_line: queue.snapshot.in_second_line,
            draws_closed: queue.snapshot.draws_closed,
            draws: &queue.draws,
            tickets: fans_were_there.then_some(&observed.tickets),
        },
    ));
    // Faults of the line itself belong to invariant 4, which has judged them.
    let line = places_follow_from_records::line(&mut Findings::default(), &queue.draws);
    invariants.push(one_place_per_person::judge(&one_place_per_person::PersonFacts {
        keys: &queue.keys,
        line: &line,
        tokens: &tokens,
        tickets: &observed.tickets,
        two_tabs: &observed.two_tabs,
        old_tickets: &observed.old_tickets,
        left_sessions: &observed.left_sessions,
    }));
    tokens.into_iter().map(|token| token.claims.jti).collect()
}

/// Seats of all sections.
pub fn capacity(seats: &SeatsBySection) -> u64 {
    seats.values().map(|seats| seats.len() as u64).sum()
}
