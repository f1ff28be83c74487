//! Gives a person a queue ticket, or finds the one they hold. A ticket whose turn or shopping
//! session is over is replaced by a new one in the current draw.

use stanchion_shared::{
    draw::membership::Windows,
    ids::{EventId, Shard, Tag, TicketNumber},
    policy::gate::GateMode,
    queue_status::Standing,
    queue_ticket::QueueTicket,
    score::BotVerdict,
    snapshot::Snapshot,
    timestamp::UnixMillis,
    wire::{JoinAnswer, QueueStatus, ReceiptClaims},
};

use super::{
    claim::is_revoked,
    resolve::{ResolvedTicket, resolve},
};
use crate::{
    app::{
        bots::score,
        cache::{asking, event_cache},
        http::{
            cookie::{self, Cookie},
            refusal::Refusal,
        },
    },
    platform::{EndSession, HeldTicket, HttpResponse, Join, JoinOutcome, Platform, QueueStore, Replaces},
};

/// A queue ticket and its receipt, as a join answers with them.
pub(crate) struct IssuedTicket {
    pub(crate) answer: JoinAnswer,
    /// Whether this join gave the ticket its number, and no earlier one.
    pub(crate) is_new: bool,
}

impl IssuedTicket {
    /// Lets a browser keep the ticket in the event's cookie.
    pub(crate) fn set_cookie<P: Platform>(&self, platform: &P, event: &EventId, response: &mut HttpResponse) {
        let (cookie, ticket) = (Cookie::Ticket(event), &self.answer.queue_token);
        cookie::set(platform, response.headers_mut(), cookie, ticket, cookie::TICKET_SECONDS);
    }
}

/// Gives a person a queue ticket, or finds the one they hold.
///
/// # Errors
/// 503 `gate_closed`, 409 `captcha_used`, 409 `sold_out`, 410 `queue_ended`, 403 `refused_as_bot`.
pub(crate) async fn issue<P: Platform>(platform: &P, snapshot: &Snapshot, join: Join) -> Result<IssuedTicket, Refusal> {
    if snapshot.settings.policy.gate.mode == GateMode::Reject {
        return Err(Refusal::gate_closed());
    }
    let event = &snapshot.event_id;
    let shard = join.tag.shard(snapshot.shards());
    // The second step of the same join has neither: the first has spent and counted them.
    let again = Join {
        score: None,
        proof: None,
        ..join.clone()
    };
    let first = join_shard(platform, event, shard, join).await?;
    let (last, resolved) = replace_if_over(platform, event, shard, again, first).await?;
    Ok(IssuedTicket {
        answer: join_answer(platform, &resolved, &last.held),
        is_new: last.is_new,
    })
}

/// A join with neither score nor proof: a browser that runs no script has neither, and the join
/// endpoint adds them.
pub(crate) fn unproved_join(snapshot: &Snapshot, tag: Tag, verdict: BotVerdict, arrived_at: UnixMillis) -> Join {
    Join {
        tag,
        verdict,
        score: None,
        reviewed_networks: Vec::new(),
        proof: None,
        windows: open_windows(snapshot),
        replaces: None,
        arrived_at,
    }
}

/// The event's windows; `None` once nothing is left to queue for. Whoever holds a ticket finds it
/// even then.
fn open_windows(snapshot: &Snapshot) -> Option<Windows> {
    (!snapshot.sold_out).then(|| snapshot.windows())
}

/// What a person holds after one step of a join.
struct StepResult {
    held: HeldTicket,
    /// Whether this step gave it.
    is_new: bool,
}

/// Asks the person's shard for a number.
async fn join_shard<P: Platform>(
    platform: &P,
    event: &EventId,
    shard: Shard,
    join: Join,
) -> Result<StepResult, Refusal> {
    let store = platform.store();
    match asking::shard(platform, event, shard, store.join(event, shard, join)).await? {
        JoinOutcome::Numbered(held) => Ok(StepResult { held, is_new: true }),
        JoinOutcome::Holds(held) => Ok(StepResult { held, is_new: false }),
        JoinOutcome::ProofUsed => Err(Refusal::new(
            409,
            "captcha_used",
            "This challenge was used before: ask for a new one.",
        )),
        JoinOutcome::Refused { until, .. } => Err(score::refused_as_bot(until, platform.now())),
        JoinOutcome::Closed => Err(Refusal::new(
            409,
            "sold_out",
            "Everything is sold: there is nothing to queue for.",
        )),
        JoinOutcome::QueueEnded => Err(Refusal::new(410, "queue_ended", "This event takes no more joins.")),
    }
}

/// Replaces a ticket whose turn or session is over by a new one in the current draw, for which `again`
/// asks. A ticket that is alive is kept.
async fn replace_if_over<P: Platform>(
    platform: &P,
    event: &EventId,
    shard: Shard,
    again: Join,
    first: StepResult,
) -> Result<(StepResult, ResolvedTicket), Refusal> {
    let (held, tag) = (&first.held, again.tag);
    let resolved = resolve_held(platform, ticket(event, shard, tag, held)).await?;
    // What was decided by an old snapshot would be wrong.
    let may_replace = !resolved.is_old && is_over(held, &resolved);
    let Some(windows) = open_windows(&resolved.snapshot).filter(|_| may_replace) else {
        return Ok((first, resolved));
    };
    // A gate may have let an idle session go on while the shard was silent: its token must be dead
    // before there is another one.
    if let Some(window) = held.claimed.as_ref().filter(|window| window.is_idle(platform.now())) {
        let session = window.session.clone();
        let (store, end) = (platform.store(), EndSession { tag, session });
        asking::shard(platform, event, shard, store.end_session(event, shard, end)).await?;
    }
    let replaces = Replaces {
        serial: held.serial,
        claimed: held.claimed.is_some(),
    };
    let join = Join {
        windows: Some(windows),
        replaces: Some(replaces),
        arrived_at: platform.now(),
        ..again
    };
    let second = join_shard(platform, event, shard, join).await?;
    let resolved = resolve_held(platform, ticket(event, shard, tag, &second.held)).await?;
    Ok((second, resolved))
}

/// Resolves a ticket by a snapshot that is taken after the shard answered, which may have taken
/// long.
async fn resolve_held<P: Platform>(platform: &P, ticket: QueueTicket) -> Result<ResolvedTicket, Refusal> {
    let snapshot = event_cache::last_known(platform, &ticket.event_id).await?;
    resolve(platform, ticket, snapshot).await
}

fn is_over(held: &HeldTicket, resolved: &ResolvedTicket) -> bool {
    match &held.claimed {
        Some(window) if is_revoked(&resolved.snapshot.settings.policy, window) => true,
        Some(window) if window.ended_at.is_some() || window.is_idle(resolved.now) => true,
        // A session may have grown by stops since the shard last wrote it. Its length is that of
        // its turn, whatever the settings say now.
        Some(window) => {
            let session_ms = match resolved.standing {
                Standing::Turn { turn_at, .. } | Standing::TurnEnded { turn_at } => {
                    resolved.snapshot.schedule.session_ms(turn_at)
                }
                _ => 0,
            };
            let schedule = &resolved.snapshot.schedule;
            let grown = schedule.end_of(window.claimed_at, session_ms, resolved.now);
            resolved.now >= window.ends_at.max(grown)
        }
        // A turn that found no slot is kept.
        None if held.waits_for_slot => false,
        None => matches!(resolved.standing, Standing::TurnEnded { .. } | Standing::Expired),
    }
}

fn ticket(event: &EventId, shard: Shard, tag: Tag, held: &HeldTicket) -> QueueTicket {
    QueueTicket {
        event_id: event.clone(),
        epoch: held.epoch,
        draw: held.draw,
        numbered: TicketNumber {
            tier: held.tier,
            shard,
            number: held.number,
        },
        tag,
        serial: held.serial,
        place: None,
    }
}

fn join_answer<P: Platform>(platform: &P, resolved: &ResolvedTicket, held: &HeldTicket) -> JoinAnswer {
    let config = platform.config();
    let receipt = ReceiptClaims {
        event_id: resolved.ticket.event_id.clone(),
        draw: held.draw.0,
        tier: held.tier.into(),
        shard: resolved.ticket.numbered.shard,
        number: held.number,
        tag: resolved.ticket.tag,
        digest: held.digest.0,
        announced: resolved.snapshot.announcement().digest(),
    };
    let status = resolved.status().unwrap_or(QueueStatus::YourTurn);
    let (_, wait_seconds) = resolved.wait();
    let wait_seconds = wait_seconds.filter(|_| !status.is_final());
    JoinAnswer {
        queue_token: config.ticket_keys.sign(&resolved.ticket),
        position: resolved.ticket.place.map(|drawn| drawn.place.0),
        second_line: resolved.is_in_second_line(),
        estimated_wait_minutes: wait_seconds.map(|seconds| seconds.div_ceil(60)),
        status,
        on_sale_time: resolved.snapshot.settings.on_sale_time,
        receipt: config.signing_keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &receipt),
        poll_after_ms: resolved.poll_after_ms(status),
    }
}
