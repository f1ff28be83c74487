//! Gathers the facts of an event, each by its own means, and judges every invariant.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use stanchion_shared::{identity::EventId, jose::VerifyingKeys, timestamp::UnixMillis, wire::QueueAnswer};

use crate::{
    clock,
    curve::Curve,
    display::show,
    invariants::{
        Invariant, Verdict, charges_match_tickets, counts_add_up, expired_locks_are_free, gate_refuses,
        one_place_per_person, one_sale_per_seat, places_follow_from_records, turns_on_time, verified_fans_first,
        without_facts,
    },
    observed::{Notebook, Observed},
    sources::{
        SourceError,
        database::{Database, OrderRow, TicketRow},
        ledger,
        public::{ClosedDraw, Public},
        redis_sections::RedisSections,
    },
    watch::{self, Seats},
};

/// How long orders may take to settle (invariant 2).
const SETTLE_WITHIN: Duration = Duration::from_secs(60);
/// How often draws are read at the most while more of them close.
const DRAWS_READ_AT_MOST: u32 = 10;

/// Where the facts are.
pub(crate) struct Sources {
    pub(crate) event: EventId,
    pub(crate) public: Public,
    pub(crate) database: Database,
    pub(crate) redis: RedisSections,
    pub(crate) seats: Seats,
    pub(crate) gateway_url: String,
    pub(crate) gateway_key: String,
}

/// All in order; the ninth only where there were verified fans. `fans_were_there` is false for a check without anything observed.
pub(crate) async fn all(sources: &Sources, notebook: &Notebook, fans_were_there: bool) -> Vec<Invariant> {
    let settled_after_s = settle(sources).await;
    let sold = watch::whole_inventory(&sources.redis, &sources.seats, notebook).await;
    let sales = sales(sources).await;
    let queue = queue(sources).await;
    match sources.redis.sessions_seen().await {
        Ok(sessions) => notebook.open().sessions_at_origin.extend(sessions),
        Err(error) => show(&format!("the origin's sessions could not be read: {error}\n")),
    }

    let observed = notebook.open();
    let mut invariants = Vec::with_capacity(8);
    match &sales {
        Ok(sales) => invariants.extend([
            one_sale_per_seat::judge(&one_sale_per_seat::Facts {
                tickets: &sales.tickets,
                told: &observed.orders,
                sold_in_redis: sold.as_ref().ok(),
            }),
            charges_match_tickets::judge(&charges_match_tickets::Facts {
                event_id: sources.event.as_str(),
                orders: &sales.orders,
                tickets: &sales.tickets,
                intents: &sales.intents,
                told: &observed.orders,
                settled_after_s,
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
    invariants.push(counts_add_up::judge(&counts_add_up::Facts {
        answers: fans_were_there.then_some(&observed.seats_answers),
        reads: &observed.inventory_reads,
    }));
    invariants.push(expired_locks_are_free::judge(&observed.handovers));
    invariants.push(gate_refuses::judge(&gate_refuses::Facts {
        gate: &observed.gate,
        sessions_at_origin: &observed.sessions_at_origin,
        sessions_given: fans_were_there.then_some(&sessions_given),
    }));
    // `observed` says who was told to be a verified fan; where nobody was, nothing was promised.
    if !observed.verified.is_empty() {
        invariants.push(match &queue {
            Ok(queue) => verified_fans_first::judge(&verified_fans_first::Facts {
                keys: &queue.keys,
                line: &places_follow_from_records::line(&mut Verdict::default(), &queue.draws),
                tickets: &observed.tickets,
                verified: &observed.verified,
            }),
            Err(error) => without_facts(9, error),
        });
    }
    invariants
}

/// Waits until no order is under way, 60 s at the most; how long it took. Orders that are left are judged as faults.
async fn settle(sources: &Sources) -> f64 {
    let started = Instant::now();
    while started.elapsed() < SETTLE_WITHIN {
        if let Ok(0) = sources.database.unsettled(&sources.event).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    started.elapsed().as_secs_f64()
}

struct Sales {
    tickets: Vec<TicketRow>,
    orders: Vec<OrderRow>,
    intents: Vec<ledger::Intent>,
}

async fn sales(sources: &Sources) -> Result<Sales, SourceError> {
    Ok(Sales {
        tickets: sources.database.tickets(&sources.event).await?,
        orders: sources.database.orders().await?,
        intents: ledger::read(&sources.gateway_url, &sources.gateway_key).await?,
    })
}

struct Queue {
    keys: VerifyingKeys,
    snapshot: QueueAnswer,
    draws: Vec<ClosedDraw>,
    curve: Curve,
    fetched_at: UnixMillis,
}

async fn queue(sources: &Sources) -> Result<Queue, SourceError> {
    let public = &sources.public;
    let (keys, _) = public.keys().await?;
    // The schedule first: whoever was admitted was admitted before now.
    let fetched_at = clock::now();
    let curve = Curve::new(public.schedule().await?);
    let (snapshot, draws) = closed_draws(public).await?;
    Ok(Queue {
        keys,
        snapshot,
        draws,
        curve,
        fetched_at,
    })
}

/// All closed draws and the snapshot that belongs to them: a draw that closes while they are read makes them be read
/// again.
async fn closed_draws(public: &Public) -> Result<(QueueAnswer, Vec<ClosedDraw>), SourceError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let before = public.queue().await?;
        let draws = public.draws(&before).await?;
        let after = public.queue().await?;
        if after.draws_closed == before.draws_closed || tries == DRAWS_READ_AT_MOST {
            return Ok((after, draws));
        }
    }
}

/// Invariants 3, 4 and 5; returns the sessions that fans were given.
fn judge_queue(
    sources: &Sources,
    queue: &Queue,
    observed: &Observed,
    fans_were_there: bool,
    invariants: &mut Vec<Invariant>,
) -> HashSet<String> {
    let (tokens, forged) = turns_on_time::read(&queue.keys, &observed.shop_tokens);
    invariants.push(turns_on_time::judge(&turns_on_time::Facts {
        event: &sources.event,
        tokens: &tokens,
        forged,
        curve: &queue.curve,
        told: &observed.curve,
        now: queue.fetched_at,
    }));
    invariants.push(places_follow_from_records::judge(&places_follow_from_records::Facts {
        keys: &queue.keys,
        announced: &queue.snapshot.announcement(),
        noted: observed.announced.as_ref(),
        last_place: queue.snapshot.last_place,
        draws_closed: queue.snapshot.draws_closed,
        draws: &queue.draws,
        tickets: fans_were_there.then_some(&observed.tickets),
    }));
    // Faults of the line itself belong to invariant 4, which has judged them.
    let line = places_follow_from_records::line(&mut Verdict::default(), &queue.draws);
    invariants.push(one_place_per_person::judge(&one_place_per_person::Facts {
        keys: &queue.keys,
        line: &line,
        tokens: &tokens,
        tickets: &observed.tickets,
        two_tabs: &observed.two_tabs,
        old_tickets: &observed.old_tickets,
    }));
    tokens.into_iter().map(|token| token.claims.jti).collect()
}

/// Seats of all sections.
pub(crate) fn capacity(seats: &Seats) -> u64 {
    seats.values().map(|seats| seats.len() as u64).sum()
}
