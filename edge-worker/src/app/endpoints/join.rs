//! `POST /api/v1/queue/join`: a person who proves to be one gets a queue ticket, in the tier that
//! their score or fan pass gives. Joining again gives the same ticket.

use http::StatusCode;
use stanchion_shared::{
    ids::{EventId, Tag, Tier},
    policy::gate::GateMode,
    proof_of_work::ChallengeFor,
    score::{BotVerdict, sharing::AccountKind},
    wire::JoinRequest,
};

use crate::{
    app::{
        auth::{caller::Caller, fan_pass},
        bots::{
            captcha,
            score::{self, JoinAttempt, ScoredJoin},
        },
        cache::event_cache,
        http::{cookie, json::read_json, refusal::Refusal, response::json},
        rate_limit,
        ticket::{
            issue,
            walk_in::{self, WalkedIn},
        },
    },
    platform::{HttpRequest, HttpResponse, Join, Platform},
};

/// Longest device fingerprint, in bytes.
const MAX_FINGERPRINT_LENGTH: usize = 128;

pub(crate) async fn post<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let arrived_at = platform.now();
    let caller = Caller::of(platform, request).await?;
    caller.check_known()?;
    let body: JoinRequest = read_json(request)?;
    if body.device_fingerprint.len() > MAX_FINGERPRINT_LENGTH {
        let message = format!("device_fingerprint may have {MAX_FINGERPRINT_LENGTH} bytes.");
        return Err(Refusal::new(422, "fingerprint_too_long", message));
    }
    let event = EventId::parse(&body.event_id).map_err(|_| Refusal::unknown_event())?;
    let snapshot = event_cache::current(platform, &event).await?;
    let policy = &snapshot.settings.policy;
    let person = caller.required_person(request, policy.identity)?;
    if policy.gate.mode == GateMode::Reject {
        return Err(Refusal::gate_closed());
    }
    let signals = score::signals(&body)?;
    let is_verified_fan = fan_pass::is_verified_fan(platform, body.fan_pass.as_deref(), &person, &event)?;
    let key = event_cache::event_key(platform, &event).await?;
    let tag = Tag::of(&key, &person.iss, &person.sub);
    let address = platform.client_address(request);
    rate_limit::join(&event, tag, address, policy.limits, platform.now())?;
    let bound_to = ChallengeFor { event_id: &event, tag };
    let proof = captcha::judge(platform, &policy.captcha, bound_to, &body.captcha_token).await?;
    let attempt = JoinAttempt {
        request,
        device_fingerprint: &body.device_fingerprint,
        snapshot: &snapshot,
        key: &key,
        tag,
        account: person.account.map(|record| AccountKind::of(record, arrived_at)),
        arrived_at,
    };
    let ScoredJoin {
        score,
        new_uses,
        reviewed_networks,
        ..
    } = score::score(platform, attempt, signals, Some(proof)).await;
    let verdict = if is_verified_fan {
        BotVerdict::Join(Tier::Verified)
    } else {
        score.verdict()
    };

    // While there is room there is nothing to queue for.
    if let BotVerdict::Join(tier) = verdict
        && let Some(session) = walk_in::walk_in(platform, &snapshot, &person, tag, (tier, None)).await
    {
        score::note_uses(platform, &snapshot, new_uses.of_walk_in()).await;
        return Ok(came_in(platform, request, &session));
    }
    let join = Join {
        score: Some(score),
        reviewed_networks,
        // The shard accepts each proof once.
        proof: Some(proof.single_use()),
        ..issue::unproved_join(&snapshot, tag, verdict, arrived_at)
    };
    let issued = issue::issue(platform, &snapshot, join).await?;
    // A person who joins again from another network does not count as one more account there.
    if issued.is_new {
        score::note_uses(platform, &snapshot, new_uses).await;
    }
    let mut response = json(StatusCode::OK, &issued.answer);
    if cookie::asked_by_own_page(request) {
        issued.set_cookie(platform, &event, &mut response);
    }
    Ok(response)
}

/// The answer to a join that needed no ticket.
fn came_in<P: Platform>(platform: &P, request: &HttpRequest, session: &WalkedIn) -> HttpResponse {
    let mut response = json(StatusCode::OK, &session.answer());
    if cookie::asked_by_own_page(request) {
        session.set_cookie(platform, response.headers_mut());
    }
    response
}
