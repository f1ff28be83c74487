//! Requests to Stripe: repeated with the same idempotency key until the answer is certain or the
//! retries are used up.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder, Url};
use serde::de::DeserializeOwned;

use super::{
    super::PaymentOutcome,
    wire::{StripeReply, read_failure},
};
use crate::response_body::read_body;

/// How often and how long one step is tried. All attempts of a step together take at most
/// `attempts * (timeout + pauses)`. [`STEP_LIMIT`](crate::payments::router::STEP_LIMIT) cuts off
/// what takes longer.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often one step is tried with the same idempotency key.
    pub attempts: u32,
    /// Pause before the second attempt; doubles with each further one.
    pub pause: Duration,
    /// Latest begin of another attempt, counted from the first.
    pub total: Duration,
}

impl Default for RetryPolicy {
    /// 3 attempts of at most 6 seconds, none later than 8 seconds after the first: 14 seconds at
    /// most.
    fn default() -> RetryPolicy {
        RetryPolicy {
            timeout: Duration::from_secs(6),
            attempts: 3,
            pause: Duration::from_millis(200),
            total: Duration::from_secs(8),
        }
    }
}

/// Largest answer that is read, in bytes: a page of 100 intents.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Sends requests to Stripe's API.
pub(super) struct StripeClient {
    pub(super) http: Client,
    /// Ends with `/`.
    pub(super) base: Url,
    pub(super) secret_key: String,
    pub(super) retries: RetryPolicy,
}

impl StripeClient {
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self
            .base
            .join(path)
            .expect("our own paths and Stripe's ids are relative URLs");
        self.http
            .request(method, url)
            .bearer_auth(&self.secret_key)
            .timeout(self.retries.timeout)
    }

    /// Posts until an answer is certain or the retries are used up. Once one attempt may have had
    /// its effect, only an answer of the provider itself says what became of it.
    pub(super) async fn post(&self, path: &str, key: &str, form: &[(&str, &str)]) -> StripeReply {
        let started = Instant::now();
        let mut pause = self.retries.pause;
        let mut lost = None;
        for attempt in 1.. {
            let reply = self.post_once(path, key, form).await;
            let reply = match (reply, lost.take()) {
                (reply @ (StripeReply::Done(_) | StripeReply::Refused { .. }), _) => return reply,
                (StripeReply::NotExecuted(_), Some(why)) => StripeReply::Lost(why),
                (reply, _) => reply,
            };
            if attempt >= self.retries.attempts || started.elapsed() + pause >= self.retries.total {
                return reply;
            }
            tracing::warn!(
                path,
                attempt,
                ?reply,
                "payment provider: trying again with the same key"
            );
            if let StripeReply::Lost(why) = reply {
                lost = Some(why);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }

    async fn post_once(&self, path: &str, key: &str, form: &[(&str, &str)]) -> StripeReply {
        let request = self
            .request(Method::POST, path)
            .header("Idempotency-Key", key)
            .form(form);
        let response = match request.send().await {
            Ok(response) => response,
            // Without a connection there was no request.
            Err(error) if error.is_connect() => return StripeReply::NotExecuted("it cannot be reached".to_owned()),
            Err(error) if error.is_timeout() => return StripeReply::Lost("no answer in time".to_owned()),
            Err(_) => return StripeReply::Lost("the connection broke".to_owned()),
        };
        let status = response.status();
        match read_body(response, MAX_BODY_BYTES).await {
            None => StripeReply::Lost("the answer broke off".to_owned()),
            Some(body) if status.is_success() => match serde_json::from_slice(&body) {
                Ok(intent) => StripeReply::Done(intent),
                Err(_) => StripeReply::Lost("an answer that is no PaymentIntent".to_owned()),
            },
            Some(body) => read_failure(status, &body),
        }
    }

    /// Sends a GET and reads its JSON. A read changes nothing, so a failure leaves everything as it
    /// was.
    pub(super) async fn get<T: DeserializeOwned>(&self, request: RequestBuilder) -> PaymentOutcome<T> {
        match request.send().await {
            Ok(response) if response.status().is_success() => {
                let body = read_body(response, MAX_BODY_BYTES).await;
                match body.and_then(|body| serde_json::from_slice(&body).ok()) {
                    Some(value) => PaymentOutcome::Done(value),
                    None => PaymentOutcome::Unknown("the answer could not be read".to_owned()),
                }
            }
            Ok(response) => PaymentOutcome::Unknown(format!("the provider answered {}", response.status())),
            Err(_) => PaymentOutcome::Unknown("the provider did not answer".to_owned()),
        }
    }
}
