//! `GET /api/v1/queue/challenge?event_id=`: a proof-of-work challenge for this person in this
//! event. A browser that is not known becomes a visitor here, where the event lets visitors join.

use std::rc::Rc;

use http::StatusCode;
use stanchion_shared::{
    ids::EventId,
    policy::CaptchaProvider,
    proof_of_work::{self, ChallengeFor},
};

use crate::{
    app::{
        auth::{
            caller::{self, Caller},
            visitor,
        },
        cache::event_cache,
        http::{form::query, refusal::Refusal, response::json},
        rate_limit,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

pub(crate) async fn get<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let caller = Caller::of(platform, request).await?;
    let event = match query(request, "event_id") {
        Some(event) => EventId::parse(event).map_err(|_| Refusal::unknown_event())?,
        None if matches!(caller, Caller::Account(_)) => {
            return Err(Refusal::new(400, "event_id_missing", "Name an event_id."));
        }
        None => return Err(caller::sign_in()),
    };
    let snapshot = event_cache::last_known(platform, &event).await?;
    let policy = &snapshot.settings.policy;
    if policy.captcha.provider != CaptchaProvider::Altcha {
        return Err(Refusal::new(
            409,
            "captcha_of_provider",
            "This event's captcha is another provider's: its name and site key are at /api/v1/events/{id}/queue.",
        ));
    }
    let (person, new_visitor) = match caller.person(request, policy.identity)? {
        Some(person) => (person, None),
        None if policy.identity.anonymous => {
            let (visitor, token) = visitor::new(platform);
            (Rc::new(visitor), Some(token))
        }
        None => return Err(caller::sign_in()),
    };
    let tag = caller::tag(platform, &event, &person).await?;
    let address = platform.client_address(request);
    rate_limit::join(&event, tag, address, policy.limits, platform.now())?;

    let mut random = [0; 20];
    platform.random(&mut random);
    let (salt, number) = random.split_first_chunk().expect("20 bytes are 12 and 8");
    let settings = &snapshot.settings;
    let max_number = (policy.captcha).max_number(settings.challenge_max_number, snapshot.joins_per_second);
    let number = u64::from_le_bytes(number.try_into().expect("8 bytes")) % (max_number + 1);
    let bound_to = ChallengeFor { event_id: &event, tag };
    let key = &platform.config().challenge_key;
    let challenge = proof_of_work::challenge(key, bound_to, platform.now(), *salt, number, max_number);
    let mut response = json(StatusCode::OK, &challenge);
    if let Some(token) = new_visitor {
        visitor::remember(platform, response.headers_mut(), &token);
    }
    Ok(response)
}
