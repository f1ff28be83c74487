//! Stripe's PaymentIntents over HTTP: manual capture, and one idempotency key per order and step.
//!
//! Stripe answers a repeated key with the first answer instead of executing the request again. So a
//! retry after a lost answer learns what happened. A stored 500 is the one answer that says nothing
//! about the payment. After it, the list of recent intents is searched for the order's id. The list
//! is consistent; Stripe's search lags by up to minutes.

mod client;
mod wire;

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method, Url};
use stanchion_shared::timestamp::UnixMillis;

pub use self::client::RetryPolicy;
use self::{
    client::StripeClient,
    wire::{StripeReply, WireIntent, WirePage},
};
use super::provider::{Authorisation, IntentState, PaymentIntent, PaymentOutcome, PaymentProvider, ProviderFuture};

/// Pages of 100 intents that are read to find one: two minutes at 160 payments a second. A search
/// that takes longer is cut by `router::STEP_LIMIT` and tried again.
const MOST_PAGES: usize = 200;
/// How far before an order's begin the list is read, in seconds: the provider's clock may differ
/// from ours.
const CLOCK_SLACK_SECONDS: u64 = 120;

/// The adapter; one per process.
pub struct Stripe {
    client: StripeClient,
}

impl Stripe {
    /// `base` is `https://api.stripe.com/` or a gateway that speaks the same; its path ends with
    /// `/`.
    #[must_use]
    pub fn new(http: Client, base: Url, secret_key: String, retries: RetryPolicy) -> Stripe {
        let client = StripeClient {
            http,
            base,
            secret_key,
            retries,
        };
        Stripe { client }
    }

    /// Reads the present state of an intent.
    async fn read_intent(&self, intent: &str) -> PaymentOutcome<PaymentIntent> {
        let request = self
            .client
            .request(Method::GET, &format!("v1/payment_intents/{intent}"));
        self.client
            .get::<WireIntent>(request)
            .await
            .map(|intent| intent.intent())
    }

    async fn find_in_list(&self, order_id: &str, begun_at: UnixMillis) -> PaymentOutcome<Option<PaymentIntent>> {
        let since = begun_at.floor_seconds().saturating_sub(CLOCK_SLACK_SECONDS).to_string();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("created[gte]", since.clone()), ("limit", "100".to_owned())];
            query.extend(after.take().map(|id| ("starting_after", id)));
            let request = self.client.request(Method::GET, "v1/payment_intents").query(&query);
            let page = match self.client.get::<WirePage>(request).await {
                PaymentOutcome::Done(page) => page,
                other => return other.map(|_| None),
            };
            if let Some(found) = page
                .data
                .iter()
                .find(|intent| intent.metadata.order_id.as_deref() == Some(order_id))
            {
                return PaymentOutcome::Done(Some(found.intent()));
            }
            match page.data.last() {
                Some(last) if page.has_more => after = Some(last.id.clone()),
                _ => return PaymentOutcome::Done(None),
            }
        }
        PaymentOutcome::Unknown("the provider's list is too long to be read in time".to_owned())
    }

    async fn create_intent(&self, wanted: &Authorisation) -> PaymentOutcome<String> {
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
            .client
            .post("v1/payment_intents", &format!("{}:authorise", wanted.order_id), &form)
            .await
        {
            StripeReply::Done(answer) => match answer.intent() {
                PaymentIntent {
                    id,
                    state: IntentState::Authorised,
                } => PaymentOutcome::Done(id),
                // A repeated key gets the first answer again, whatever happened to the intent
                // since.
                PaymentIntent { id, .. } => self.conclude(&wanted.order_id, self.read_intent(&id).await).await,
            },
            StripeReply::Refused { word, .. } => PaymentOutcome::Declined(word),
            StripeReply::NotExecuted(why) => PaymentOutcome::Unavailable(why),
            StripeReply::Lost(why) => PaymentOutcome::Unknown(why),
            StripeReply::Fault(why) => match self.find_in_list(&wanted.order_id, wanted.begun_at).await {
                PaymentOutcome::Done(Some(intent)) => {
                    self.conclude(&wanted.order_id, PaymentOutcome::Done(intent)).await
                }
                // The execution has ended, the key gives nothing but this fault, and there is no
                // intent.
                PaymentOutcome::Done(None) => PaymentOutcome::Spent(why),
                _ => PaymentOutcome::Unknown(why),
            },
        }
    }

    /// The outcome of an authorisation, from the state of its intent.
    async fn conclude(&self, order_id: &str, intent: PaymentOutcome<PaymentIntent>) -> PaymentOutcome<String> {
        let intent = match intent {
            PaymentOutcome::Done(intent) => intent,
            other => return other.map(|intent| intent.id),
        };
        match intent.state {
            IntentState::Authorised => PaymentOutcome::Done(intent.id),
            IntentState::Idle => PaymentOutcome::Declined("card_declined".to_owned()),
            IntentState::Processing => PaymentOutcome::Unknown("still processing".to_owned()),
            IntentState::Captured => PaymentOutcome::Unknown("captured already".to_owned()),
            // An intent is cancelled before it was held for one reason only: the next arm.
            IntentState::Cancelled => PaymentOutcome::Declined("authentication_required".to_owned()),
            // The card's bank asks its holder, and nobody shows the holder that page. The intent
            // must not wait for it.
            IntentState::AwaitsHolder => match self.cancel(order_id, &intent.id).await {
                PaymentOutcome::Done(()) => PaymentOutcome::Declined("authentication_required".to_owned()),
                other => PaymentOutcome::Unknown(format!("awaits the card's holder, not cancelled: {other:?}")),
            },
        }
    }

    /// Moves an intent to the state `wanted`. If the answer is not certain, the intent itself is
    /// read. An intent can be captured or cancelled only once, so after a fault that has spent the
    /// key a new key is safe.
    async fn step(&self, key: &str, intent: &str, verb: &str, wanted: IntentState) -> PaymentOutcome<()> {
        let path = format!("v1/payment_intents/{intent}/{verb}");
        let mut reply = self.client.post(&path, key, &[]).await;
        if matches!(reply, StripeReply::Fault(_)) {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis();
            reply = self.client.post(&path, &format!("{key}:{now}"), &[]).await;
        }
        let answered_intent = match &reply {
            StripeReply::Done(answer) => Some(answer.intent()),
            // payment_intent_unexpected_state carries the intent, which may be in the wanted state
            // already.
            StripeReply::Refused { intent, .. } => intent.clone(),
            _ => None,
        };
        if answered_intent.is_some_and(|intent| intent.state == wanted) {
            return PaymentOutcome::Done(());
        }
        match (self.read_intent(intent).await, reply) {
            (PaymentOutcome::Done(PaymentIntent { state, .. }), _) if state == wanted => PaymentOutcome::Done(()),
            // A refusal alone does not tell the state of the intent. Without it nothing may be
            // undone.
            (PaymentOutcome::Done(_), StripeReply::Refused { word, .. }) => PaymentOutcome::Declined(word),
            (_, StripeReply::Refused { word, .. }) => {
                PaymentOutcome::Unknown(format!("refused ({word}) and cannot be looked at"))
            }
            // The intent has ended in the other state: no repetition can succeed.
            (
                PaymentOutcome::Done(PaymentIntent {
                    state: IntentState::Cancelled | IntentState::Captured,
                    ..
                }),
                _,
            ) => PaymentOutcome::Declined("over".to_owned()),
            (_, StripeReply::NotExecuted(why)) => PaymentOutcome::Unavailable(why),
            (_, StripeReply::Lost(why) | StripeReply::Fault(why)) => PaymentOutcome::Unknown(why),
            (_, StripeReply::Done(_)) => PaymentOutcome::Unknown("not there yet".to_owned()),
        }
    }
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn authorise<'a>(&'a self, wanted: &'a Authorisation) -> ProviderFuture<'a, String> {
        Box::pin(self.create_intent(wanted))
    }

    fn capture<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            self.step(&format!("{order_id}:capture"), intent, "capture", IntentState::Captured)
                .await
        })
    }

    fn cancel<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            self.step(&format!("{order_id}:cancel"), intent, "cancel", IntentState::Cancelled)
                .await
        })
    }

    fn refund<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let (key, form) = (format!("{order_id}:refund"), [("payment_intent", intent)]);
            // A refund is no PaymentIntent, but it has an id and a status too, and nothing else is
            // read here.
            match self.client.post("v1/refunds", &key, &form).await {
                StripeReply::Done(_) => PaymentOutcome::Done(()),
                StripeReply::Refused { word, .. } if word == "charge_already_refunded" => PaymentOutcome::Done(()),
                StripeReply::Refused { word, .. } => PaymentOutcome::Declined(word),
                StripeReply::NotExecuted(why) => PaymentOutcome::Unavailable(why),
                StripeReply::Fault(why) | StripeReply::Lost(why) => PaymentOutcome::Unknown(why),
            }
        })
    }

    fn find<'a>(&'a self, order_id: &'a str, begun_at: UnixMillis) -> ProviderFuture<'a, Option<PaymentIntent>> {
        Box::pin(self.find_in_list(order_id, begun_at))
    }
}
