//! `POST /api/v1/queue/join`: a number in a draw for a person who proved to be one, in the tier that score or pass give. Joining again gives the same ticket.

use http::StatusCode;
use stanchion_shared::{
    draw::{membership::Windows, place::Numbered},
    human::ChallengeFor,
    identity::{EventId, Shard, Tag, Tier},
    policy::gate::Mode,
    score::Verdict,
    standing::{Snapshot, Standing},
    ticket::Ticket,
    wire::{JoinAnswer, JoinRequest, QueueStatus, ReceiptClaims},
};

use super::{
    answer::{Refusal, json, read_json},
    caller, captcha, cookie,
    gate::session,
    known, pace, pass,
    score::{self, Joining, Scored},
    standing::{Stood, stand},
    status::is_revoked,
};
use crate::platform::{Held, HttpRequest, HttpResponse, Join, JoinOutcome, Platform, Replaces};

/// Longest device fingerprint in bytes.
pub(super) const MAX_FINGERPRINT_LENGTH: usize = 128;

pub(super) async fn join<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let arrived_at = platform.now();
    caller::said_who(platform, request).await?;
    let asked: JoinRequest = read_json(request)?;
    if asked.device_fingerprint.len() > MAX_FINGERPRINT_LENGTH {
        let message = format!("device_fingerprint may have {MAX_FINGERPRINT_LENGTH} bytes.");
        return Err(Refusal::new(422, "fingerprint_too_long", message));
    }
    let event = EventId::parse(&asked.event_id).map_err(|_| Refusal::unknown_event())?;
    let snapshot = known::snapshot(platform, &event).await?;
    let person = caller::required_person(platform, request, snapshot.config.policy.identity).await?;
    if snapshot.config.policy.gate.mode == Mode::Reject {
        return Err(session::closed());
    }
    let signals = score::signals(&asked)?;
    let verified = pass::is_verified_fan(platform, asked.fan_pass.as_deref(), &person, &event)?;
    let key = known::event_key(platform, &event).await?;
    let tag = Tag::of(&key, &person.iss, &person.sub);
    let address = platform.client_address(request);
    pace::join(&event, tag, address, snapshot.config.policy.limits, platform.now())?;
    let bound_to = ChallengeFor { event_id: &event, tag };
    let policy = &snapshot.config.policy.captcha;
    let proved = captcha::judge(platform, policy, bound_to, &asked.captcha_token).await?;
    let joining = Joining {
        request,
        asked: &asked,
        snapshot: &snapshot,
        key: &key,
        tag,
        arrived_at,
    };
    let Scored { score, used } = score::score(platform, joining, signals, proved).await;
    let verdict = match verified {
        true => Verdict::Join(Tier::Verified),
        false => score.verdict(),
    };

    let first = Join {
        score: Some(score),
        proof: Some(proved.proof()),
        ..first_try(&snapshot, tag, verdict)
    };
    let entered = enter(platform, &snapshot, first).await?;
    // Who joins again from another network is no other account there.
    if entered.is_numbered {
        score::note(platform, &snapshot, used).await;
    }
    let entered = entered.answer;
    let mut response = json(StatusCode::OK, &entered);
    if cookie::asked_by_own_page(request) {
        let name = cookie::ticket_of(&event);
        cookie::set(
            platform,
            &mut response,
            &name,
            &entered.queue_token,
            cookie::TICKET_SECONDS,
        );
    }
    Ok(response)
}

/// What became of a person who entered.
struct Entered {
    answer: JoinAnswer,
    /// A number was given now, not before.
    is_numbered: bool,
}

/// Gives a person a place, or finds the one they have.
///
/// # Errors
/// The gate is closed, the proof was used, nothing is left to queue for.
async fn enter<P: Platform>(platform: &P, snapshot: &Snapshot, join: Join) -> Result<Entered, Refusal> {
    if snapshot.config.policy.gate.mode == Mode::Reject {
        return Err(session::closed());
    }
    let (event, tag) = (&snapshot.event_id, join.tag);
    let shard = tag.shard(snapshot.shards());
    let verdict = join.verdict;
    let first = hold(platform, event, shard, join).await?;
    let (last, stood) = replace_if_over(platform, event, shard, (tag, verdict), first).await?;
    Ok(Entered {
        answer: answer(platform, &stood, &last.held),
        is_numbered: last.is_new,
    })
}

/// For a browser that runs no script, where the event lets it join: without a proof, in the last tier.
///
/// # Errors
/// As any join.
pub(super) async fn without_script<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    tag: Tag,
) -> Result<JoinAnswer, Refusal> {
    let first = first_try(snapshot, tag, Verdict::Join(Tier::Suspect));
    Ok(enter(platform, snapshot, first).await?.answer)
}

/// Without a score and a proof, which a join by the page has besides.
fn first_try(snapshot: &Snapshot, tag: Tag, verdict: Verdict) -> Join {
    Join {
        tag,
        verdict,
        score: None,
        proof: None,
        windows: open_windows(snapshot),
        replaces: None,
    }
}

/// Once nothing is left there is nothing to queue for. Whoever holds a ticket finds it even then.
fn open_windows(snapshot: &Snapshot) -> Option<Windows> {
    (!snapshot.sold_out).then(|| snapshot.windows())
}

/// What a person holds after one step of a join.
struct Holding {
    held: Held,
    /// The step gave it.
    is_new: bool,
}

async fn hold<P: Platform>(platform: &P, event: &EventId, shard: Shard, join: Join) -> Result<Holding, Refusal> {
    match platform.join(event, shard, join).await? {
        JoinOutcome::Numbered(held) => Ok(Holding { held, is_new: true }),
        JoinOutcome::Holds(held) => Ok(Holding { held, is_new: false }),
        JoinOutcome::ProofUsed => Err(Refusal::new(
            409,
            "captcha_used",
            "This challenge was used before: ask for a new one.",
        )),
        JoinOutcome::Refused { until, score } => Err(score::refused(&score, until, platform.now())),
        JoinOutcome::Closed => Err(Refusal::new(
            409,
            "sold_out",
            "Everything is sold: there is nothing to queue for.",
        )),
        JoinOutcome::QueueEnded => Err(Refusal::new(410, "queue_ended", "This event takes no more joins.")),
    }
}

/// A ticket whose turn or window is over is replaced by a new one in the current draw; a living one is kept.
async fn replace_if_over<P: Platform>(
    platform: &P,
    event: &EventId,
    shard: Shard,
    (tag, verdict): (Tag, Verdict),
    first: Holding,
) -> Result<(Holding, Stood), Refusal> {
    let held = &first.held;
    let stood = stand(platform, ticket(event, shard, tag, held)).await?;
    let Some(windows) = open_windows(&stood.snapshot).filter(|_| is_over(held, &stood)) else {
        return Ok((first, stood));
    };
    let replaces = Replaces {
        serial: held.serial,
        claimed: held.claimed.is_some(),
    };
    let join = Join {
        tag,
        verdict,
        score: None,
        proof: None,
        windows: Some(windows),
        replaces: Some(replaces),
    };
    let second = hold(platform, event, shard, join).await?;
    let stood = stand(platform, ticket(event, shard, tag, &second.held)).await?;
    Ok((second, stood))
}

fn is_over(held: &Held, stood: &Stood) -> bool {
    match &held.claimed {
        Some(window) if is_revoked(&stood.snapshot.config.policy, window) => true,
        // A window may have grown by stops since the shard last wrote it.
        Some(window) => {
            let schedule = &stood.snapshot.schedule;
            let shopping_ms = stood.snapshot.config.longest_session_ms();
            stood.now
                >= window
                    .ends_at
                    .max(schedule.end_of(window.claimed_at, shopping_ms, stood.now))
        }
        None => matches!(stood.standing, Standing::OnlyIfClaimed { .. } | Standing::Expired),
    }
}

fn ticket(event: &EventId, shard: Shard, tag: Tag, held: &Held) -> Ticket {
    Ticket {
        event_id: event.clone(),
        epoch: held.epoch,
        draw: held.draw,
        numbered: Numbered {
            tier: held.tier,
            shard,
            number: held.number,
        },
        tag,
        serial: held.serial,
        place: None,
    }
}

fn answer<P: Platform>(platform: &P, stood: &Stood, held: &Held) -> JoinAnswer {
    let config = platform.config();
    let receipt = ReceiptClaims {
        event_id: stood.ticket.event_id.clone(),
        draw: held.draw.0,
        tier: held.tier.into(),
        shard: stood.ticket.numbered.shard,
        number: held.number,
        tag: stood.ticket.tag,
        digest: held.digest.0,
        announced: stood.snapshot.announcement().digest(),
    };
    let (_, wait_seconds) = stood.wait();
    JoinAnswer {
        queue_token: config.ticket_keys.sign(&stood.ticket),
        position: stood.ticket.place.map(|drawn| drawn.place.0),
        estimated_wait_minutes: wait_seconds.map(|seconds| seconds.div_ceil(60)),
        status: stood.status().unwrap_or(QueueStatus::YourTurn),
        on_sale_time: stood.snapshot.config.on_sale_time,
        receipt: config.signing_keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &receipt),
        poll_after_ms: stood.poll_after_ms(),
    }
}
