//! Fans: their accounts, and their requests to the queue.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;
use stanchion_shared::{
    account_token::{self, AccountClaims, AccountRecord},
    fan_pass::{self, PassClaims},
    ids::EventId,
    proof_of_work,
    wire::{ChallengeAnswer, JoinAnswer, QueueStatus, StatusAnswer},
};

use crate::{Edge, now, read, refusal, unique};

/// So often a client asks again.
const TRIES: usize = 20;

/// The body of a successful answer. `None`, after a moment: a part did not answer in time, as happens on a busy machine, and a
/// client asks again.
///
/// # Panics
/// The answer is another refusal.
async fn read_unless_silent<T: DeserializeOwned>(response: Response) -> Option<T> {
    if response.status() != StatusCode::SERVICE_UNAVAILABLE {
        return Some(read(response).await);
    }
    let path = response.url().path().to_owned();
    assert_eq!(refusal(response).await.1, "unavailable", "{path}");
    eprintln!("{path}: a part was silent");
    tokio::time::sleep(Duration::from_millis(500)).await;
    None
}

/// A fan with an account.
pub struct Fan {
    /// `sub` of the account.
    pub subject: String,
    /// Account token.
    pub token: String,
}

impl Edge {
    /// A new person.
    #[must_use]
    pub fn fan(&self) -> Fan {
        self.fan_named(&unique("fan"))
    }

    /// A person with this subject.
    #[must_use]
    pub fn fan_named(&self, subject: &str) -> Fan {
        let iat = now().floor_seconds();
        let claims = AccountClaims::new(&self.account_issuer, subject, iat, iat + 3_600);
        Fan {
            subject: subject.to_owned(),
            token: account_token::sign(&self.account_keys, &claims),
        }
    }

    /// A new person of whose account the issuer knows this.
    #[must_use]
    pub fn fan_with_record(&self, record: AccountRecord) -> Fan {
        let (subject, iat) = (unique("fan"), now().floor_seconds());
        let claims = AccountClaims::new(&self.account_issuer, &subject, iat, iat + 3_600).with_record(record);
        let token = account_token::sign(&self.account_keys, &claims);
        Fan { subject, token }
    }

    /// A token with any claims, signed by the account issuer.
    #[must_use]
    pub fn account_token(&self, claims: &AccountClaims) -> String {
        account_token::sign(&self.account_keys, claims)
    }

    /// A fan pass with any claims, signed by the account issuer.
    #[must_use]
    pub fn fan_pass(&self, claims: &PassClaims) -> String {
        fan_pass::sign(&self.account_keys, claims)
    }

    /// A fresh challenge for the fan.
    pub async fn challenge(&self, event: &EventId, fan: &Fan) -> ChallengeAnswer {
        for _ in 0..TRIES {
            if let Some(answer) = read_unless_silent(self.challenge_response(event, fan).await).await {
                return answer;
            }
        }
        panic!("no challenge for {event}");
    }

    /// The answer to [`Edge::challenge`], also if it is a refusal.
    pub async fn challenge_response(&self, event: &EventId, fan: &Fan) -> Response {
        let url = format!("{}/api/v1/queue/challenge?event_id={event}", self.url);
        self.http.get(url).bearer_auth(&fan.token).send().await.unwrap()
    }

    /// A fresh challenge, solved.
    pub async fn solved(&self, event: &EventId, fan: &Fan) -> String {
        proof_of_work::solve(&self.challenge(event, fan).await).expect("solvable")
    }

    /// Joins with this captcha token.
    pub async fn join_with(&self, event: &EventId, fan: &Fan, captcha_token: &str) -> Response {
        let body = json!({ "event_id": event, "device_fingerprint": "test", "captcha_token": captcha_token });
        let request = self
            .http
            .post(format!("{}/api/v1/queue/join", self.url))
            .bearer_auth(&fan.token);
        request.json(&body).send().await.unwrap()
    }

    /// Joins as a browser does: challenge, solve, join.
    pub async fn join(&self, event: &EventId, fan: &Fan) -> JoinAnswer {
        // A solution is good once: who asks again solves another challenge, and has the ticket that was given meanwhile.
        for _ in 0..TRIES {
            let captcha_token = self.solved(event, fan).await;
            if let Some(answer) = read_unless_silent(self.join_with(event, fan, &captcha_token).await).await {
                return answer;
            }
        }
        panic!("nobody joins {event}");
    }

    /// Gives a ticket up.
    pub async fn leave(&self, fan: &Fan, queue_token: &str) -> Response {
        let request = self
            .http
            .post(format!("{}/api/v1/queue/leave", self.url))
            .bearer_auth(&fan.token);
        request
            .json(&json!({ "queue_token": queue_token }))
            .send()
            .await
            .unwrap()
    }

    /// A poll, with or without the fan's account token.
    pub async fn status_response(&self, fan: Option<&Fan>, queue_token: &str) -> Response {
        let mut request = self
            .http
            .get(format!("{}/api/v1/queue/status", self.url))
            .header("queue-token", queue_token);
        if let Some(fan) = fan {
            request = request.bearer_auth(&fan.token);
        }
        request.send().await.unwrap()
    }

    /// A poll by the ticket's holder.
    pub async fn status(&self, fan: &Fan, queue_token: &str) -> StatusAnswer {
        for _ in 0..TRIES {
            if let Some(answer) = read_unless_silent(self.status_response(Some(fan), queue_token).await).await {
                return answer;
            }
        }
        panic!("no status of {}", fan.subject);
    }

    /// Polls until the status is one of `wanted`, at most 120 s.
    pub async fn status_until(&self, fan: &Fan, queue_token: &str, wanted: &[QueueStatus]) -> StatusAnswer {
        let deadline = now().plus(120_000);
        loop {
            let answer = self.status(fan, queue_token).await;
            if wanted.contains(&answer.status) {
                return answer;
            }
            assert!(now() < deadline, "still {:?} instead of {wanted:?}", answer.status);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
