//! Between fans and the edge: challenge, join, status, leave, the public state of the queue, and
//! receipts.

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::{
    draw::announcement::Announcement,
    ids::{Bytes32, Draw, EventId, Shard, ShardCount},
    policy::{BeaconPolicy, CaptchaProvider},
    schedule::{Rate, ScheduleChunk},
    snapshot::Phase,
    timestamp::UnixMillis,
};

fn is_false(value: &bool) -> bool {
    !value
}

/// `GET /api/v1/queue/challenge`: an ALTCHA challenge (proof of work) bound to event, subject and
/// expiry.
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
    /// The event whose queue to join.
    pub event_id: String,
    /// The device fingerprint that the page computes; at most 128 bytes.
    pub device_fingerprint: String,
    /// The solved challenge: base64 of ALTCHA's JSON payload.
    pub captcha_token: String,
    /// How the page was used, see [`crate::score::signals::Signals`]. Apps without a page leave it
    /// out. It is parsed apart from the rest, so that a fault in it has its own error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signals: Option<serde_json::Value>,
    /// See [`crate::fan_pass`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan_pass: Option<String>,
}

/// The status of a fan in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueStatus {
    /// Before the on-sale. Everyone who joins now is drawn together.
    PreQueue,
    /// The draw is due or being closed. The place is not known yet.
    Drawing,
    /// The place is known, and the turn has not come.
    Waiting,
    /// The turn has come: shop now.
    YourTurn,
    /// The turn or the shopping session is over, or a newer ticket replaced this one. The fan may
    /// join again.
    Expired,
    /// Admission is paused. Places are kept.
    Paused,
    /// Nothing is left.
    SoldOut,
}

impl QueueStatus {
    /// Whether the status stays as it is until the fan does something: there is nothing to ask for.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, QueueStatus::Expired | QueueStatus::SoldOut)
    }
}

/// The response to a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinAnswer {
    /// The queue ticket. The client must keep it, because it is the only proof of the place.
    pub queue_token: String,
    /// Null until drawn.
    pub position: Option<u64>,
    /// See [`StatusAnswer::second_line`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub second_line: bool,
    /// Null until drawn.
    pub estimated_wait_minutes: Option<u64>,
    /// See [`QueueStatus`].
    pub status: QueueStatus,
    /// When the pre-queue ends.
    pub on_sale_time: UnixMillis,
    /// The receipt, a signed proof of the ticket number: a compact JWS of [`ReceiptClaims`].
    pub receipt: String,
    /// Ask for the status after this long, in ms. Null if there is nothing to wait for any more.
    pub poll_after_ms: Option<u64>,
}

/// The response to a join while there is room, in an event whose gate is
/// `when_busy`: the person is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkInAnswer {
    /// Always null: there is no ticket, because there is nothing to wait for.
    pub queue_token: Option<String>,
    /// Always `your_turn`.
    pub status: QueueStatus,
    /// The shop token.
    pub shop_token: String,
    /// When the shopping session ends.
    pub shop_expires_at: UnixMillis,
}

/// The response to a status poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// The queue ticket, signed anew with the place once it is known. The client must keep the
    /// newest one.
    pub queue_token: String,
    /// The place, from 1; null until drawn.
    pub position: Option<u64>,
    /// The place is one of the second line, that of suspects. Absent in JSON if it is not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub second_line: bool,
    /// Places before this one that are not served yet, for a suspect all of the first line among
    /// them; null until drawn.
    pub total_ahead: Option<u64>,
    /// The wait estimate in minutes, rounded up; null while it is unknown.
    pub estimated_wait_minutes: Option<u64>,
    /// The wait estimate in seconds, rounded up; null while it is unknown.
    pub estimated_wait_seconds: Option<u64>,
    /// See [`QueueStatus`].
    pub status: QueueStatus,
    /// The shop token. Only with `your_turn`, and only if the request proves the person of the
    /// ticket.
    pub shop_token: Option<String>,
    /// When the shopping session ends.
    pub shop_expires_at: Option<UnixMillis>,
    /// With `your_turn` and without `shop_token`: the turn must be claimed before this instant,
    /// with the Bearer token of the account.
    pub claim_before: Option<UnixMillis>,
    /// With `drawing`: when the draw closes, or when the round of the beacon it waits for is out.
    pub drawn_at: Option<UnixMillis>,
    /// Ask again after this long, in ms ([`crate::polling`]). Null with `expired` and `sold_out`:
    /// nothing changes by itself any more.
    pub poll_after_ms: Option<u64>,
    /// Only while the queue cannot be read: the instant for which the rest of the answer was true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<UnixMillis>,
}

/// `POST /api/v1/queue/leave`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveRequest {
    /// The ticket to give up. A person who came in without a turn has none, and sends the shop token
    /// in its header or cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_token: Option<String>,
}

/// The response to a leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveAnswer {
    /// True once the ticket is given up, also if it was before.
    pub left: bool,
}

/// `GET /api/v1/events/{id}/queue`: the live state of the queue, for everybody.
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
    /// Length of each arrival window after it, in ms. Draw k closes k windows after `on_sale_time`.
    pub draw_window_ms: u64,
    /// The commitment: SHA-256 of the first secret.
    pub commitment: Bytes32,
    /// The beacon, announced before the first join; null if the draws use none.
    pub beacon: Option<BeaconPolicy>,
    /// The number of shards.
    pub shards: ShardCount,
    /// Queue tickets issued; some seconds behind.
    pub joined: u64,
    /// Number of draws that are closed.
    pub draws_closed: u32,
    /// The last place of the line: of the last closed draw, or of the suspects who have moved up
    /// behind it. It falls when their places are taken back.
    pub last_place: u64,
    /// Suspects of closed draws who have no place in the line. Absent in JSON if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_second_line: u64,
    /// Places served by now.
    pub served: u64,
    /// Places per second at this moment.
    pub rate_per_second: Rate,
    /// Whether an admin paused admission.
    pub paused: bool,
    /// The captcha that a join needs; absent for the built-in proof of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captcha: Option<CaptchaAnnouncement>,
    /// The instant for which this is true: now, but for seconds or, while the queue cannot be read,
    /// minutes.
    pub as_of: UnixMillis,
    /// The first draw that waits for the round of its beacon; left out if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<DrawingAnswer>,
}

impl QueueAnswer {
    /// The announcement. Receipts contain its digest.
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

/// The first draw that is not closed. Its tickets are frozen, and it waits for the round of its
/// beacon. If the draw was frozen late, or the beacon is late, that round may be out already. A fan
/// who notes the digest must therefore look at a clock of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawingAnswer {
    /// The draw.
    pub draw: Draw,
    /// The digest of all its tickets. The record must have the same.
    pub tickets_digest: Bytes32,
    /// The round of the beacon that it waits for.
    pub round: u64,
    /// When that round is out, as the site says. A witness computes it from what was announced.
    pub drawn_at: UnixMillis,
}

/// Windows of one page of [`DrawsAnswer`].
pub const WINDOWS_PER_PAGE: u32 = 4_096;

/// `GET /api/v1/events/{id}/draws?page=`: which windows were drawn. Page n has the windows from n
/// times [`WINDOWS_PER_PAGE`] on. In a window that is closed and not listed nobody joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawsAnswer {
    /// The event.
    pub event_id: EventId,
    /// The page, from 0.
    pub page: u32,
    /// Up to this window of the page everything is closed; null if no window of it is.
    pub closed_through: Option<Draw>,
    /// The windows that have a record, ascending.
    pub draws: Vec<Draw>,
    /// The next page; null while this one can still grow.
    pub next_page: Option<u32>,
}

/// `GET /api/v1/events/{id}/schedule` and `…/schedule/{n}`: a chunk of the schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleAnswer {
    /// The event.
    pub event_id: EventId,
    /// The chunk.
    #[serde(flatten)]
    pub chunk: ScheduleChunk,
    /// `lease_until` in ms since 1970.
    pub lease_until_ms: Option<u64>,
}

/// A captcha of another provider, for its widget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptchaAnnouncement {
    /// The provider.
    pub provider: CaptchaProvider,
    /// The public key of its widget.
    pub site_key: String,
}

/// Claims of the receipt of a join. It pins the ticket number before the draw. `typ` is
/// [`ReceiptClaims::TOKEN_TYPE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptClaims {
    /// The event.
    pub event_id: EventId,
    /// The draw of the ticket.
    pub draw: u32,
    /// Its tier.
    pub tier: u8,
    /// The shard that numbered it.
    pub shard: Shard,
    /// The number within draw, tier and shard, from 0.
    pub number: u32,
    /// The tag of the person, hex.
    pub tag: crate::ids::Tag,
    /// The digest of the shard for the draw, right after this ticket.
    pub digest: Bytes32,
    /// [`Announcement::digest`] of what was announced when the receipt was issued.
    pub announced: Bytes32,
}

impl ReceiptClaims {
    /// `typ` of a receipt.
    pub const TOKEN_TYPE: &'static str = "receipt+jwt";
}
