//! `GET /api/v1/queue/challenge?event_id=`: a proof of work for this account and this event.

use std::rc::Rc;

use http::StatusCode;
use stanchion_shared::{
    human::{self, ChallengeFor},
    identity::EventId,
    policy::CaptchaProvider,
};

use super::{
    answer::{Refusal, json, query},
    caller, known, pace, visitor,
};
use crate::platform::{HttpRequest, HttpResponse, Platform};

pub(super) async fn challenge<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let account = caller::account(platform, request).await?;
    let event = match query(request, "event_id") {
        Some(event) => EventId::parse(event).map_err(|_| Refusal::unknown_event())?,
        None if account.is_none() => return Err(caller::sign_in()),
        None => return Err(Refusal::new(400, "event_id_missing", "Name an event_id.")),
    };
    let snapshot = known::snapshot(platform, &event).await?;
    let policy = &snapshot.config.policy;
    if policy.captcha.provider != CaptchaProvider::Altcha {
        return Err(Refusal::new(
            409,
            "captcha_of_provider",
            "This event's captcha is another provider's: its name and site key are at /api/v1/events/{id}/queue.",
        ));
    }
    let (person, new_visitor) = match caller::person(platform, request, policy.identity).await? {
        Some(person) => (person, None),
        None if policy.identity.anonymous => {
            let (visitor, token) = visitor::new(platform);
            (Rc::new(visitor), Some(token))
        }
        None => return Err(caller::sign_in()),
    };
    let tag = caller::tag(platform, &event, &person).await?;
    pace::join(
        &event,
        tag,
        platform.client_address(request),
        policy.limits,
        platform.now(),
    )?;

    let mut random = [0; 20];
    platform.random(&mut random);
    let (salt, number) = random.split_first_chunk().expect("20 bytes are 12 and 8");
    let config = &snapshot.config;
    let max_number = (policy.captcha).max_number(config.challenge_max_number, snapshot.joins_per_second);
    let number = u64::from_le_bytes(number.try_into().expect("8 bytes")) % (max_number + 1);
    let bound_to = ChallengeFor { event_id: &event, tag };
    let key = &platform.config().challenge_key;
    let challenge = human::challenge(key, bound_to, platform.now(), *salt, number, max_number);
    let mut response = json(StatusCode::OK, &challenge);
    if let Some(token) = new_visitor {
        visitor::remember(platform, &mut response, &token);
    }
    Ok(response)
}
