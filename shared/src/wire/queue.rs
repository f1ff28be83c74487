use serde::{Deserialize, Serialize};

use crate::{
    draw::announcement::Announcement,
    identity::{Bytes32, Draw, EventId, Shard, ShardCount},
    policy::{BeaconPolicy, CaptchaProvider},
    schedule::Rate,
    timestamp::UnixMillis,
};

/// `GET /api/v1/queue/challenge`: an ALTCHA challenge (proof of work) bound to event, subject and expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeAnswer {
    /// Always `SHA-256`.
    pub algorithm: String,
    /// Hex of SHA-256(salt || number in decimal).
    pub challenge: String,
    /// The number to find is at most this.
    pub maxnumber: u64,
    /// Random hex, then `?expires=…&…&`.
    pub salt: String,
    /// Hex of HMAC-SHA-256(key, challenge).
    pub signature: String,
}

/// `POST /api/v1/queue/join`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// Which queue.
    pub event_id: String,
    /// What the page knows of the device; at most 128 bytes.
    pub device_fingerprint: String,
    /// Solved challenge: base64 of ALTCHA's JSON payload.
    pub captcha_token: String,
    /// How the page was used, see [`crate::score::signals::Signals`]; apps that have no page leave it out. Read apart from the
    /// rest, so that what is wrong in it has its own refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<serde_json::Value>,
    /// See [`crate::pass`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan_pass: Option<String>,
}

/// Where a fan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueStatus {
    /// Before the on-sale; everyone who joins now is drawn together.
    PreQueue,
    /// The draw is due or being closed; the place is not known yet.
    Drawing,
    /// The place is known, the turn has not come.
    Waiting,
    /// Shop now.
    YourTurn,
    /// The turn or the shopping window is over, or a newer ticket replaced this one: join again.
    Expired,
    /// Admission is stopped; places are kept.
    Paused,
    /// Nothing is left.
    SoldOut,
}

/// Answer to a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinAnswer {
    /// The ticket: keep it, it is the place.
    pub queue_token: String,
    /// Null until drawn.
    pub position: Option<u64>,
    /// Null until drawn.
    pub estimated_wait_minutes: Option<u64>,
    /// See [`QueueStatus`].
    pub status: QueueStatus,
    /// When the pre-queue ends.
    pub on_sale_time: UnixMillis,
    /// Signed proof of the number held: a compact JWS of [`ReceiptClaims`].
    pub receipt: String,
    /// Ask for the status after this long.
    pub poll_after_ms: u64,
}

/// Answer to a status poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// The ticket, re-signed with the place once it is known: keep the newest.
    pub queue_token: String,
    /// The place in the event's one line, from 1; null until drawn.
    pub position: Option<u64>,
    /// Places before this one that have not been served; null until drawn.
    pub total_ahead: Option<u64>,
    /// Minutes, rounded up; null while it cannot be told.
    pub estimated_wait_minutes: Option<u64>,
    /// Seconds, rounded up; null while it cannot be told.
    pub estimated_wait_seconds: Option<u64>,
    /// See [`QueueStatus`].
    pub status: QueueStatus,
    /// Only with `your_turn`, and only to a request that proves the ticket's subject.
    pub shop_token: Option<String>,
    /// When the shopping window ends.
    pub shop_expires_at: Option<UnixMillis>,
    /// With `your_turn` and no `shop_token`: claim the turn before this instant (send the account's Bearer token).
    pub claim_before: Option<UnixMillis>,
    /// With `drawing`: when the draw closes, or when the beacon's round that it waits for is out.
    pub drawn_at: Option<UnixMillis>,
    /// Ask again after this long.
    pub poll_after_ms: u64,
}

/// `POST /api/v1/queue/leave`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveRequest {
    /// The ticket to give up.
    pub queue_token: String,
}

/// Answer to a leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveAnswer {
    /// True once the ticket is given up, also when it was before.
    pub left: bool,
}

/// What an event's queue does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the on-sale.
    PreQueue,
    /// Draw 0 is being closed.
    Drawing,
    /// Fans are admitted.
    OnSale,
    /// An admin stopped admission.
    Paused,
    /// The origin or the site does not answer, or an admin lets nobody in: admission waits for it, and no time is lost by it.
    Stopped,
    /// Nothing is left.
    SoldOut,
}

/// `GET /api/v1/events/{id}/queue`: the live snapshot for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueAnswer {
    /// The event.
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// See [`Phase`].
    pub phase: Phase,
    /// When the pre-queue ends.
    pub on_sale_time: UnixMillis,
    /// Length of each arrival window after it, in ms: draw k closes k of them after `on_sale_time`.
    pub draw_window_ms: u64,
    /// SHA-256 of the first secret of the chain.
    pub commitment: Bytes32,
    /// Announced before the first join. Null: the draws use no beacon.
    pub beacon: Option<BeaconPolicy>,
    /// How many shards.
    pub shards: ShardCount,
    /// Tickets given (behind by some seconds).
    pub joined: u64,
    /// Draws closed.
    pub draws_closed: u32,
    /// Last place of the last closed draw.
    pub last_place: u64,
    /// Places served by now.
    pub served: u64,
    /// Places per second at this moment.
    pub rate_per_second: Rate,
    /// Whether an admin stopped admission.
    pub paused: bool,
    /// Which captcha a join needs; absent: the proof of work that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captcha: Option<CaptchaAnnouncement>,
    /// The clock this was made by.
    pub as_of: UnixMillis,
    /// The first draw that waits for its beacon's round; left out where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<DrawingAnswer>,
}

impl QueueAnswer {
    /// What receipts bind.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        Announcement {
            event_id: self.event_id.clone(),
            commitment: self.commitment,
            shards: self.shards,
            on_sale_time: self.on_sale_time,
            draw_window_ms: self.draw_window_ms,
            beacon: self.beacon.clone(),
        }
    }
}

/// The first draw that is not closed: its tickets are frozen, and it waits for its beacon's round. If it was frozen late, or the
/// beacon is, that round may be out already: whoever notes the tickets looks at a clock of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawingAnswer {
    /// Which one.
    pub draw: Draw,
    /// Of all its tickets: the record must have the same.
    pub tickets_digest: Bytes32,
    /// The beacon's round that it waits for.
    pub round: u64,
    /// When that is out, as the site says: a witness works it out from what was announced.
    pub drawn_at: UnixMillis,
}

/// A captcha of another provider, for its widget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptchaAnnouncement {
    /// Who judges.
    pub provider: CaptchaProvider,
    /// The public key of its widget.
    pub site_key: String,
}

/// Claims of a join's receipt (`typ` is [`ReceiptClaims::TOKEN_TYPE`]). It pins the fan's number before the draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptClaims {
    /// The event.
    pub event_id: EventId,
    /// The draw this number is in.
    pub draw: u32,
    /// Its tier.
    pub tier: u8,
    /// The shard that numbered it.
    pub shard: Shard,
    /// Number within draw, tier and shard, from 0.
    pub number: u32,
    /// The person within the event, hex.
    pub tag: crate::identity::Tag,
    /// The shard's digest of the draw right after this ticket.
    pub digest: Bytes32,
    /// [`Announcement::digest`] of what was announced when it was given.
    pub announced: Bytes32,
}

impl ReceiptClaims {
    /// `typ` of a receipt.
    pub const TOKEN_TYPE: &'static str = "receipt+jwt";
}
