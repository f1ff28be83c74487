//! `GET /api/v1/queue/challenge?event_id=`: a proof of work for this account and this event.

use http::StatusCode;
use stanchion_shared::{
    human::{self, ChallengeFor},
    identity::EventId,
};

use super::{
    answer::{Refusal, json, query},
    caller, known,
};
use crate::platform::{HttpRequest, HttpResponse, Platform};

pub(super) async fn challenge<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let account = caller::required_account(platform, request)?;
    let event = query(request, "event_id").ok_or_else(|| Refusal::new(400, "event_id_missing", "Name an event_id."))?;
    let event = EventId::parse(event).map_err(|_| Refusal::unknown_event())?;
    let snapshot = known::snapshot(platform, &event).await?;
    let tag = caller::tag(platform, &event, &account).await?;

    let mut random = [0; 20];
    platform.random(&mut random);
    let (salt, number) = random.split_first_chunk().expect("20 bytes are 12 and 8");
    let max_number = snapshot.config.challenge_max_number;
    let number = u64::from_le_bytes(number.try_into().expect("8 bytes")) % (max_number + 1);
    let bound_to = ChallengeFor { event_id: &event, tag };
    let key = &platform.config().challenge_key;
    let challenge = human::challenge(key, bound_to, platform.now(), *salt, number, max_number);
    Ok(json(StatusCode::OK, &challenge))
}
