//! Stripe's PaymentIntents over HTTP: manual capture, one idempotency key per order and step.
//!
//! Why a key per order and step: Stripe answers a repeated key with the first answer instead of doing it again, so a retry
//! after a lost answer learns what happened. A stored 500 is the one answer that teaches nothing; then the list of recent
//! intents is read for the one with our order id (the list is consistent; Stripe's search is not, it lags up to minutes).

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method, RequestBuilder, Url};
use stanchion_shared::timestamp::UnixMillis;

use super::{
    provider::{Answer, Authorisation, Intent, IntentState, Outcome, PaymentProvider},
    stripe_wire::{Reply, WireIntent, WirePage, read_failure},
};
use crate::outbound::read_body;

/// How patient the adapter is. All calls of one step together stay within `attempts * (timeout + pauses)`, and whatever is
/// longer is cut off by [`super::router::STEP_LIMIT`].
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often one step is tried with the same key.
    pub attempts: u32,
    /// Pause before the second attempt; doubles with each.
    pub pause: Duration,
    /// No further attempt begins later than this after the first.
    pub total: Duration,
}

impl Default for Patience {
    /// 6 seconds for an attempt, 3 attempts, none later than 8 seconds after the first: 14 seconds at most.
    fn default() -> Patience {
        Patience {
            timeout: Duration::from_secs(6),
            attempts: 3,
            pause: Duration::from_millis(200),
            total: Duration::from_secs(8),
        }
    }
}

/// Largest answer that is read, in bytes: a page of 100 intents.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// Pages of 100 intents that are read to find one: two minutes at 160 payments a second. What takes longer is cut by
/// `router::STEP_LIMIT`, and tried again.
const MOST_PAGES: usize = 200;
/// How far before an order's begin the list is read, in seconds: the provider's clock is not ours.
const CLOCK_SLACK_SECONDS: u64 = 120;

/// The adapter; one per process.
pub struct Stripe {
    http: Client,
    base: Url,
    secret_key: String,
    patience: Patience,
}

impl Stripe {
    /// `base` is `https://api.stripe.com/` or a gateway that speaks the same; its path ends with `/`.
    #[must_use]
    pub fn new(http: Client, base: Url, secret_key: String, patience: Patience) -> Stripe {
        Stripe {
            http,
            base,
            secret_key,
            patience,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self
            .base
            .join(path)
            .expect("our own paths and Stripe's ids are relative URLs");
        self.http
            .request(method, url)
            .bearer_auth(&self.secret_key)
            .timeout(self.patience.timeout)
    }

    /// Posts until an answer is certain or patience ends. Once one attempt may have worked, only an answer of the
    /// provider itself says what became of it.
    async fn post(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Reply {
        let started = Instant::now();
        let mut pause = self.patience.pause;
        let mut lost = None;
        for attempt in 1.. {
            let reply = self.post_once(path, key, form).await;
            let reply = match (reply, lost.take()) {
                (reply @ (Reply::Done(_) | Reply::Refused { .. }), _) => return reply,
                (Reply::NotExecuted(_), Some(why)) => Reply::Lost(why),
                (reply, _) => reply,
            };
            if attempt >= self.patience.attempts || started.elapsed() + pause >= self.patience.total {
                return reply;
            }
            tracing::warn!(
                path,
                attempt,
                ?reply,
                "payment provider: trying again with the same key"
            );
            if let Reply::Lost(why) = reply {
                lost = Some(why);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }

    async fn post_once(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Reply {
        let request = self
            .request(Method::POST, path)
            .header("Idempotency-Key", key)
            .form(form);
        let response = match request.send().await {
            Ok(response) => response,
            // No connection, no request.
            Err(error) if error.is_connect() => return Reply::NotExecuted("it cannot be reached".to_owned()),
            Err(error) if error.is_timeout() => return Reply::Lost("no answer in time".to_owned()),
            Err(_) => return Reply::Lost("the connection broke".to_owned()),
        };
        let status = response.status();
        match read_body(response, MAX_BODY_BYTES).await {
            None => Reply::Lost("the answer broke off".to_owned()),
            Some(body) if status.is_success() => match serde_json::from_slice(&body) {
                Ok(intent) => Reply::Done(intent),
                Err(_) => Reply::Lost("an answer that is no PaymentIntent".to_owned()),
            },
            Some(body) => read_failure(status, &body),
        }
    }

    /// GETs and reads JSON. A read changes nothing: any failure of it just leaves us where we were.
    async fn get<T: serde::de::DeserializeOwned>(&self, request: RequestBuilder) -> Outcome<T> {
        match request.send().await {
            Ok(response) if response.status().is_success() => {
                let body = read_body(response, MAX_BODY_BYTES).await;
                match body.and_then(|body| serde_json::from_slice(&body).ok()) {
                    Some(value) => Outcome::Done(value),
                    None => Outcome::Unknown("the answer could not be read".to_owned()),
                }
            }
            Ok(response) => Outcome::Unknown(format!("the provider answered {}", response.status())),
            Err(_) => Outcome::Unknown("the provider did not answer".to_owned()),
        }
    }

    /// Where an intent stands now.
    async fn look_at(&self, intent: &str) -> Outcome<Intent> {
        let request = self.request(Method::GET, &format!("v1/payment_intents/{intent}"));
        self.get::<WireIntent>(request).await.map(|intent| intent.intent())
    }

    async fn find_in_list(&self, order_id: &str, begun_at: UnixMillis) -> Outcome<Option<Intent>> {
        let since = begun_at.floor_seconds().saturating_sub(CLOCK_SLACK_SECONDS).to_string();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("created[gte]", since.clone()), ("limit", "100".to_owned())];
            query.extend(after.take().map(|id| ("starting_after", id)));
            let request = self.request(Method::GET, "v1/payment_intents").query(&query);
            let page = match self.get::<WirePage>(request).await {
                Outcome::Done(page) => page,
                other => return other.map(|_| None),
            };
            if let Some(found) = page
                .data
                .iter()
                .find(|intent| intent.metadata.order_id.as_deref() == Some(order_id))
            {
                return Outcome::Done(Some(found.intent()));
            }
            match page.data.last() {
                Some(last) if page.has_more => after = Some(last.id.clone()),
                _ => return Outcome::Done(None),
            }
        }
        Outcome::Unknown("the provider's list is too long to be read in time".to_owned())
    }

    async fn authorise_now(&self, wanted: &Authorisation) -> Outcome<String> {
        let (amount, currency) = (wanted.amount.0.to_string(), wanted.currency.to_lowercase());
        let form = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("payment_method", &wanted.token),
            ("payment_method_types[]", "card"),
            ("capture_method", "manual"),
            ("confirm", "true"),
            ("metadata[order_id]", &wanted.order_id),
        ];
        match self
            .post("v1/payment_intents", &format!("{}:authorise", wanted.order_id), &form)
            .await
        {
            Reply::Done(answer) => match answer.intent() {
                Intent {
                    id,
                    state: IntentState::Authorised,
                } => Outcome::Done(id),
                // A repeated key repeats the first answer, whatever became of the intent since.
                Intent { id, .. } => self.conclude(&wanted.order_id, self.look_at(&id).await).await,
            },
            Reply::Refused { word, .. } => Outcome::Declined(word),
            Reply::NotExecuted(why) => Outcome::Unavailable(why),
            Reply::Lost(why) => Outcome::Unknown(why),
            Reply::Fault(why) => match self.find_in_list(&wanted.order_id, wanted.begun_at).await {
                Outcome::Done(Some(intent)) => self.conclude(&wanted.order_id, Outcome::Done(intent)).await,
                // Its execution is over, the key gives nothing but this fault, and there is no intent.
                Outcome::Done(None) => Outcome::Spent(why),
                _ => Outcome::Unknown(why),
            },
        }
    }

    /// What an authorisation came to, by where its intent stands.
    async fn conclude(&self, order_id: &str, intent: Outcome<Intent>) -> Outcome<String> {
        let intent = match intent {
            Outcome::Done(intent) => intent,
            other => return other.map(|intent| intent.id),
        };
        match intent.state {
            IntentState::Authorised => Outcome::Done(intent.id),
            IntentState::Idle => Outcome::Declined("card_declined".to_owned()),
            IntentState::Processing => Outcome::Unknown("still processing".to_owned()),
            IntentState::Captured => Outcome::Unknown("captured already".to_owned()),
            // It is cancelled before it was ever held for one reason only: the next one.
            IntentState::Cancelled => Outcome::Declined("authentication_required".to_owned()),
            // The card's bank wants to see its holder, who is not at its page now. The intent must not wait for that.
            IntentState::AwaitsHolder => match self.cancel(order_id, &intent.id).await {
                Outcome::Done(()) => Outcome::Declined("authentication_required".to_owned()),
                other => Outcome::Unknown(format!("awaits the card's holder, not cancelled: {other:?}")),
            },
        }
    }

    /// A step on an intent that ends in `wanted`. Where the answer is not certain the intent itself is looked at; it can
    /// be captured or cancelled only once, so a key that a fault has spent may be followed by a new one.
    async fn step(&self, key: &str, intent: &str, verb: &str, wanted: IntentState) -> Outcome<()> {
        let path = format!("v1/payment_intents/{intent}/{verb}");
        let mut reply = self.post(&path, key, &[]).await;
        if matches!(reply, Reply::Fault(_)) {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis();
            reply = self.post(&path, &format!("{key}:{now}"), &[]).await;
        }
        let stated = match &reply {
            Reply::Done(answer) => Some(answer.intent()),
            // payment_intent_unexpected_state carries the intent: perhaps it is where we want it.
            Reply::Refused { intent, .. } => intent.clone(),
            _ => None,
        };
        if stated.is_some_and(|intent| intent.state == wanted) {
            return Outcome::Done(());
        }
        match (self.look_at(intent).await, reply) {
            (Outcome::Done(Intent { state, .. }), _) if state == wanted => Outcome::Done(()),
            // A refusal alone does not tell where the intent stands: without a look at it nothing may be undone.
            (Outcome::Done(_), Reply::Refused { word, .. }) => Outcome::Declined(word),
            (_, Reply::Refused { word, .. }) => Outcome::Unknown(format!("refused ({word}) and cannot be looked at")),
            // Over in the other way: no repetition will ever succeed.
            (
                Outcome::Done(Intent {
                    state: IntentState::Cancelled | IntentState::Captured,
                    ..
                }),
                _,
            ) => Outcome::Declined("over".to_owned()),
            (_, Reply::NotExecuted(why)) => Outcome::Unavailable(why),
            (_, Reply::Lost(why) | Reply::Fault(why)) => Outcome::Unknown(why),
            (_, Reply::Done(_)) => Outcome::Unknown("not there yet".to_owned()),
        }
    }
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn authorise<'a>(&'a self, wanted: &'a Authorisation) -> Answer<'a, String> {
        Box::pin(self.authorise_now(wanted))
    }

    fn capture<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.step(&format!("{order_id}:capture"), intent, "capture", IntentState::Captured)
                .await
        })
    }

    fn cancel<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.step(&format!("{order_id}:cancel"), intent, "cancel", IntentState::Cancelled)
                .await
        })
    }

    fn refund<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let (key, form) = (format!("{order_id}:refund"), [("payment_intent", intent)]);
            // A refund is no PaymentIntent, but it has an id and a status as well, which is all that is read here.
            match self.post("v1/refunds", &key, &form).await {
                Reply::Done(_) => Outcome::Done(()),
                Reply::Refused { word, .. } if word == "charge_already_refunded" => Outcome::Done(()),
                Reply::Refused { word, .. } => Outcome::Declined(word),
                Reply::NotExecuted(why) => Outcome::Unavailable(why),
                Reply::Fault(why) | Reply::Lost(why) => Outcome::Unknown(why),
            }
        })
    }

    fn find<'a>(&'a self, order_id: &'a str, begun_at: UnixMillis) -> Answer<'a, Option<Intent>> {
        Box::pin(self.find_in_list(order_id, begun_at))
    }
}
