//! All intents and refunds of this run, in the order they were made, and the indexes that find them.

use std::collections::HashMap;

use axum::http::StatusCode;

use crate::command::{CancellationReason, NewIntent, NewRefund};
use crate::error::GatewayError;
use crate::ids::IdSerial;
use crate::intent::{IntentError, Millis, PaymentIntent};
use crate::listing::{Listing, PageRequest};
use crate::money::Amount;
use crate::refund::Refund;
use crate::search::{Clause, IntentSearch, SearchResult};
use crate::view::{IntentView, PaymentMethodView, RefundView};

/// Owned by the gateway, behind its mutex. Nothing is ever removed.
#[derive(Debug, Default)]
pub struct Ledger {
    intents: Vec<PaymentIntent>,
    refunds: Vec<Refund>,
    intent_at: HashMap<IdSerial, usize>,
    refund_at: HashMap<IdSerial, usize>,
    /// Intents by a pair of their metadata, oldest first, so that a search does not read all of them.
    labelled: HashMap<(String, String), Vec<usize>>,
}

impl Ledger {
    /// Creates and confirms an intent.
    ///
    /// # Errors
    /// 402 if the bank declined; the intent exists all the same.
    pub fn create(&mut self, serial: IdSerial, new: NewIntent, now: Millis) -> Result<IntentView, GatewayError> {
        let place = self.intents.len();
        let intent = PaymentIntent::confirmed(serial.clone(), new, now);
        for (key, value) in intent.metadata.pairs() {
            self.labelled
                .entry((key.clone(), value.clone()))
                .or_default()
                .push(place);
        }
        let view = IntentView::of(&intent);
        let declined = intent.declined();
        let method = PaymentMethodView::of(&serial, intent.card);
        let before = self.intent_at.insert(serial, place);
        assert!(before.is_none(), "serials are handed out once");
        self.intents.push(intent);
        match declined {
            Some(decline) => Err(GatewayError::declined(
                decline,
                view.latest_charge.clone(),
                &method,
                &view,
            )),
            None => Ok(view),
        }
    }

    /// See [`PaymentIntent::capture`].
    ///
    /// # Errors
    /// As there, or there is no such intent.
    pub fn capture(&mut self, id: &str, amount: Option<Amount>) -> Result<IntentView, GatewayError> {
        let intent = self.named_in_path(id)?;
        intent.capture(amount).map_err(|error| with_intent(error, intent))?;
        Ok(IntentView::of(intent))
    }

    /// See [`PaymentIntent::cancel`].
    ///
    /// # Errors
    /// As there, or there is no such intent.
    pub fn cancel(
        &mut self,
        id: &str,
        reason: Option<CancellationReason>,
        now: Millis,
    ) -> Result<IntentView, GatewayError> {
        let intent = self.named_in_path(id)?;
        intent.cancel(reason, now).map_err(|error| with_intent(error, intent))?;
        Ok(IntentView::of(intent))
    }

    /// See [`PaymentIntent::refund`].
    ///
    /// # Errors
    /// As there, or there is no such intent.
    pub fn refund(&mut self, serial: IdSerial, new: NewRefund, now: Millis) -> Result<RefundView, GatewayError> {
        let place = self
            .place(&new.intent)
            .ok_or_else(|| no_such_intent_param(&new.intent))?;
        let intent = &mut self.intents[place];
        let amount = intent.refund(new.amount)?;
        let refund = Refund {
            serial: serial.clone(),
            intent: intent.serial.clone(),
            amount,
            currency: intent.currency,
            reason: new.reason,
            metadata: new.metadata,
            created: now,
        };
        let view = RefundView::of(&refund);
        self.refund_at.insert(serial, self.refunds.len());
        self.refunds.push(refund);
        Ok(view)
    }

    /// One intent.
    ///
    /// # Errors
    /// 404 if there is no such intent.
    pub fn retrieve(&self, id: &str) -> Result<IntentView, GatewayError> {
        let place = self.place_in_path(id)?;
        Ok(IntentView::of(&self.intents[place]))
    }

    /// A page of all intents.
    ///
    /// # Errors
    /// There is no intent the page could start after.
    pub fn list_intents(&self, page: &PageRequest) -> Result<Listing<IntentView>, GatewayError> {
        let end = self.end(page.starting_after.as_deref())?;
        let matches = self.intents[..end]
            .iter()
            .rev()
            .filter(|intent| page.created.includes(intent.created.seconds()));
        Ok(page.cut("/v1/payment_intents", matches.map(IntentView::of)))
    }

    /// A page of all refunds, or of one intent's.
    ///
    /// # Errors
    /// There is no such intent, or no refund the page could start after.
    pub fn list_refunds(&self, intent: Option<&str>, page: &PageRequest) -> Result<Listing<RefundView>, GatewayError> {
        let of = match intent {
            None => None,
            Some(id) => {
                let place = self.place(id).ok_or_else(|| no_such_intent_param(id))?;
                Some(&self.intents[place].serial)
            }
        };
        let end = match page.starting_after.as_deref() {
            None => self.refunds.len(),
            Some(id) => *IdSerial::of(id, "re")
                .and_then(|serial| self.refund_at.get(&serial))
                .ok_or_else(|| GatewayError::no_such("refund", id, "starting_after"))?,
        };
        let matches = self.refunds[..end]
            .iter()
            .rev()
            .filter(|refund| of.is_none_or(|serial| *serial == refund.intent))
            .filter(|refund| page.created.includes(refund.created.seconds()));
        Ok(page.cut("/v1/refunds", matches.map(RefundView::of)))
    }

    /// The intents that match a search, except those created after `visible_until`: Stripe's search lags behind.
    ///
    /// # Errors
    /// There is no such page.
    pub fn search(&self, search: &IntentSearch, visible_until: Millis) -> Result<SearchResult, GatewayError> {
        let end = self
            .end(search.after.as_deref())
            .map_err(|failure| failure.about("page"))?;
        let label = search.clauses.iter().find_map(|clause| match clause {
            Clause::Metadata { key, value } => Some((key.clone(), value.clone())),
            Clause::Status(_) => None,
        });
        let places: Vec<usize> = match label {
            Some(label) => self.labelled.get(&label).cloned().unwrap_or_default(),
            None => (0..end).collect(),
        };
        let matches = places
            .into_iter()
            .rev()
            .filter(|place| *place < end)
            .map(|place| &self.intents[place])
            .filter(|intent| intent.created <= visible_until)
            .filter(|intent| search.clauses.iter().all(|clause| clause.holds(intent)));
        Ok(search.cut(matches.map(IntentView::of)))
    }

    /// All intents, oldest first.
    #[must_use]
    pub fn intents(&self) -> &[PaymentIntent] {
        &self.intents
    }

    /// All refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.intent_at.get(&IdSerial::of(id, "pi")?).copied()
    }

    fn place_in_path(&self, id: &str) -> Result<usize, GatewayError> {
        let missing = || GatewayError::no_such("payment_intent", id, "intent").with_status(StatusCode::NOT_FOUND);
        self.place(id).ok_or_else(missing)
    }

    fn named_in_path(&mut self, id: &str) -> Result<&mut PaymentIntent, GatewayError> {
        let place = self.place_in_path(id)?;
        Ok(&mut self.intents[place])
    }

    /// Where a page of intents that is to be older than `id` ends.
    fn end(&self, id: Option<&str>) -> Result<usize, GatewayError> {
        match id {
            None => Ok(self.intents.len()),
            Some(id) => self
                .place(id)
                .ok_or_else(|| GatewayError::no_such("payment_intent", id, "starting_after")),
        }
    }
}

fn no_such_intent_param(id: &str) -> GatewayError {
    GatewayError::no_such("payment_intent", id, "payment_intent")
}

/// A caller whose request does not fit the intent's status gets the intent with the error, as with Stripe.
fn with_intent(error: IntentError, intent: &PaymentIntent) -> GatewayError {
    match error {
        IntentError::UnexpectedState(message) => {
            GatewayError::unexpected_state(message).with_intent(&IntentView::of(intent))
        }
        IntentError::Request(error) => error,
    }
}
