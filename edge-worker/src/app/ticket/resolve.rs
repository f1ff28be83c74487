//! Resolves a queue ticket: where it stands now, worked out from ticket, snapshot and draw record.
//! The shard is not asked, so claims are not known here.

use stanchion_shared::{
    draw::{place::place, record::Line},
    ids::{Draw, Place},
    queue_status::Standing,
    queue_ticket::{DrawnPlace, QueueTicket},
    timestamp::UnixMillis,
    wire::{QueueStatus, StatusAnswer},
};

use crate::{
    app::{
        cache::event_cache::{self, KnownEvent},
        http::refusal::Refusal,
    },
    platform::{Platform, QueueStore},
};

/// A ticket is carried to a later draw at most so often for one poll: a shard would have to be silent
/// at as many closes.
const MOST_CARRIED: u8 = 8;

/// A queue ticket, its event, and where the ticket stands.
pub(crate) struct ResolvedTicket {
    pub(crate) ticket: QueueTicket,
    pub(crate) snapshot: KnownEvent,
    pub(crate) standing: Standing,
    /// Its place in the line, once it is known: a place of the second line may move in it.
    pub(crate) place_in_line: Option<Place>,
    /// The ticket's shard was silent when its draw was closed, and no draw has the ticket so far:
    /// when it is drawn is not known.
    pub(crate) waits_for_shard: bool,
    /// The instant for which it stands there: now, unless the event is not known as of now.
    pub(crate) now: UnixMillis,
    /// The clock when the ticket was resolved. It is later than `now` while the queue cannot be
    /// read.
    pub(crate) asked_at: UnixMillis,
    /// Whether it is not known as of now.
    pub(crate) is_old: bool,
}

/// Resolves a queue ticket. `snapshot` is of its event. The store is asked for nothing but the
/// draw's record, and for that once per instance. Only where that draw missed the ticket's shard, the
/// shard is asked which draw has the ticket, once it is back. A place that cannot be read is not known
/// yet.
///
/// # Errors
/// 410 `ticket_lost`: the store that gave the ticket was restored from an older copy.
pub(crate) async fn resolve<P: Platform>(
    platform: &P,
    mut ticket: QueueTicket,
    mut snapshot: KnownEvent,
) -> Result<ResolvedTicket, Refusal> {
    // A draw that was closed, lost and closed anew has other places.
    let still_true = |drawn: &DrawnPlace| snapshot.epochs.trust_place(drawn.epoch, ticket.draw);
    ticket.place = ticket.place.filter(still_true);
    if ticket.place.is_none() && is_lost(&snapshot, &ticket) {
        // The ticket may be of an epoch that began after this snapshot.
        snapshot = event_cache::known_since(platform, &ticket.event_id, platform.now()).await?;
        if is_lost(&snapshot, &ticket) {
            return Err(ticket_lost());
        }
    }
    let (mut is_unread, mut drawn) = (false, DrawnTicket::Open);
    if ticket.place.is_none() && snapshot.is_closed(ticket.draw) {
        match Box::pin(find_place(platform, &mut ticket, &snapshot)).await {
            Ok(found) => drawn = found,
            Err(refusal) if refusal.is_fault() => is_unread = true,
            Err(refusal) => return Err(refusal),
        }
        // Fetching the record may have taken long.
        snapshot = event_cache::last_known(platform, &ticket.event_id).await?;
    }
    let clock = platform.now();
    let now = snapshot.answers_for(clock);
    let place = ticket.place.and_then(|drawn| snapshot.place_in_line(drawn));
    let (standing, waits_for_shard) = match drawn {
        _ if ticket.place.is_some() && place.is_none() => (Standing::Expired, false),
        // The next draw is the first that may have it.
        DrawnTicket::WaitsForShard => (
            snapshot.standing(next_draw(&snapshot, ticket.draw, now), None, ticket.tag, now),
            true,
        ),
        DrawnTicket::Open | DrawnTicket::Drawn => (snapshot.standing(ticket.draw, place, ticket.tag, now), false),
    };
    Ok(ResolvedTicket {
        ticket,
        standing,
        place_in_line: place,
        waits_for_shard,
        now,
        asked_at: clock,
        is_old: is_unread || !snapshot.is_current(clock),
        snapshot,
    })
}

fn next_draw(snapshot: &KnownEvent, after: Draw, now: UnixMillis) -> Draw {
    let windows = snapshot.windows();
    windows.draw_after(Some(after), now).unwrap_or(after)
}

/// Whether a ticket in an open draw is lost. Once its draw is closed, the draw's record decides.
fn is_lost(snapshot: &KnownEvent, ticket: &QueueTicket) -> bool {
    !snapshot.is_closed(ticket.draw) && snapshot.epochs.lost(ticket.epoch, ticket.draw, ticket.numbered)
}

fn ticket_lost() -> Refusal {
    Refusal::new(
        410,
        "ticket_lost",
        "This ticket is in no draw: the queue lost it. Join again.",
    )
}

/// What is known of a ticket whose draw is closed.
enum DrawnTicket {
    /// A later draw carries it, which is not closed.
    Open,
    /// It has its place.
    Drawn,
    /// Its draw missed its shard, and no draw has it so far.
    WaitsForShard,
}

/// Finds the place of a ticket whose draw is closed. A ticket that its draw left over becomes one of
/// the draw that carries it, as the shard says.
async fn find_place<P: Platform>(
    platform: &P,
    ticket: &mut QueueTicket,
    snapshot: &KnownEvent,
) -> Result<DrawnTicket, Refusal> {
    for _ in 0..MOST_CARRIED {
        let record = event_cache::record(platform, snapshot, ticket.draw).await?;
        let record = &record.ok_or_else(ticket_lost)?.record;
        if record.counts_ticket(ticket.epoch, ticket.numbered) {
            ticket.place = Some(DrawnPlace {
                place: place(record, ticket.numbered).ok_or_else(ticket_lost)?,
                line: record.line_of(ticket.numbered.tier),
                epoch: snapshot.epochs.coordinator,
            });
            return Ok(DrawnTicket::Drawn);
        }
        if !record.leaves_over(ticket.numbered) {
            return Err(ticket_lost());
        }
        if snapshot.misses(ticket.numbered.shard) {
            return Ok(DrawnTicket::WaitsForShard);
        }
        let shard = ticket.numbered.shard;
        let asked = platform.store().held_ticket(&ticket.event_id, shard, ticket.tag).await;
        let held = match asked {
            Ok(Some(held)) if held.serial == ticket.serial => held,
            Ok(_) => return Err(ticket_lost()),
            Err(error) => {
                platform.warn(&format!("a shard does not say which draw carries a ticket: {error}"));
                return Ok(DrawnTicket::WaitsForShard);
            }
        };
        if held.draw <= ticket.draw {
            return Ok(DrawnTicket::WaitsForShard);
        }
        ticket.epoch = held.epoch;
        ticket.draw = held.draw;
        ticket.numbered.number = held.number;
        if !snapshot.is_closed(ticket.draw) {
            return Ok(DrawnTicket::Open);
        }
    }
    Ok(DrawnTicket::WaitsForShard)
}

impl ResolvedTicket {
    /// The ticket's status; `None` if the turn has come or is over, since then only the shard knows
    /// of a claim. Where turns need slots one may be kept for ever.
    pub(crate) fn status(&self) -> Option<QueueStatus> {
        match self.standing {
            Standing::Turn { .. } | Standing::TurnEnded { .. } => None,
            Standing::Expired if self.snapshot.turns_need_slots() => None,
            Standing::Expired => Some(QueueStatus::Expired),
            _ if self.snapshot.sold_out => Some(QueueStatus::SoldOut),
            Standing::PreQueue => Some(QueueStatus::PreQueue),
            Standing::Drawing { .. } => Some(QueueStatus::Drawing),
            Standing::Waiting { .. } if self.snapshot.paused || self.snapshot.schedule.stopped(self.now) => {
                Some(QueueStatus::Paused)
            }
            Standing::Waiting { .. } => Some(QueueStatus::Waiting),
        }
    }

    /// Whether its place is one of the second line.
    pub(crate) fn is_in_second_line(&self) -> bool {
        self.ticket.place.is_some_and(|drawn| drawn.line == Line::Second)
    }

    /// How many places are ahead, and the wait in seconds, as far as they are known.
    pub(crate) fn wait(&self) -> (Option<u64>, Option<u64>) {
        match self.standing {
            Standing::Waiting {
                ahead, wait_seconds, ..
            } => (Some(ahead), wait_seconds),
            Standing::Turn { .. } => (Some(0), Some(0)),
            _ => (None, None),
        }
    }

    /// When the holder of a ticket with this status should poll again, in ms from now; `None` once
    /// nothing changes any more.
    pub(crate) fn poll_after_ms(&self, status: QueueStatus) -> Option<u64> {
        let after_ms = || match self.is_old {
            true => self.snapshot.idle_poll_after_ms(self.ticket.tag, self.asked_at),
            false => self.snapshot.poll_after_ms(self.standing, self.ticket.tag, self.now),
        };
        (!status.is_final()).then(after_ms)
    }

    /// The answer to a poll, without a shopping session. `queue_token` is the ticket as its holder
    /// keeps it from now on.
    pub(crate) fn status_answer(&self, queue_token: String, status: QueueStatus) -> StatusAnswer {
        let (total_ahead, wait_seconds) = self.wait();
        let wait_seconds = wait_seconds.filter(|_| !status.is_final());
        StatusAnswer {
            queue_token,
            position: self.ticket.place.map(|drawn| drawn.place.0),
            second_line: self.is_in_second_line(),
            total_ahead,
            estimated_wait_minutes: wait_seconds.map(|seconds| seconds.div_ceil(60)),
            estimated_wait_seconds: wait_seconds,
            status,
            shop_token: None,
            shop_expires_at: None,
            claim_before: None,
            drawn_at: match self.standing {
                Standing::Drawing { drawn_at } if !self.waits_for_shard => Some(drawn_at),
                _ => None,
            },
            poll_after_ms: self.poll_after_ms(status),
            as_of: self.is_old.then_some(self.now),
        }
    }
}
