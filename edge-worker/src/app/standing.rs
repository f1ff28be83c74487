//! From a ticket to what its holder is told, claims aside: shared by join and status.

use std::rc::Rc;

use stanchion_shared::{
    draw::place::place,
    standing::{Snapshot, Standing},
    ticket::{DrawnPlace, Ticket},
    timestamp::UnixMillis,
    wire::QueueStatus,
};

use super::{answer::Refusal, known};
use crate::platform::Platform;

/// A ticket, what is known of its event, and where it stands now.
pub(super) struct Stood {
    pub(super) ticket: Ticket,
    pub(super) snapshot: Rc<Snapshot>,
    pub(super) standing: Standing,
    pub(super) now: UnixMillis,
}

/// Works out where a ticket stands. Storage is not touched, apart from the draw's record once per instance.
///
/// # Errors
/// 410 if the ticket is lost: its store was restored from an older copy.
pub(super) async fn stand<P: Platform>(platform: &P, mut ticket: Ticket) -> Result<Stood, Refusal> {
    let mut snapshot = known::snapshot(platform, &ticket.event_id).await?;
    // A draw that was closed, lost and closed anew has other places.
    let still_true = |drawn: &DrawnPlace| snapshot.lives.trust_place(drawn.epoch, ticket.draw);
    ticket.place = ticket.place.filter(still_true);
    if ticket.place.is_none() && is_lost(&snapshot, &ticket) {
        // The ticket may be of a life that began after this snapshot.
        snapshot = known::newest_snapshot(platform, &ticket.event_id).await?;
        if is_lost(&snapshot, &ticket) {
            return Err(ticket_lost());
        }
    }
    if ticket.place.is_none() && snapshot.is_closed(ticket.draw) {
        ticket.place = Some(drawn_place(platform, &ticket, &snapshot).await?);
        // The record may have taken longer than a snapshot may be old.
        snapshot = known::snapshot(platform, &ticket.event_id).await?;
    }
    let now = platform.now();
    let standing = snapshot.standing(ticket.draw, ticket.place.map(|drawn| drawn.place), now);
    Ok(Stood {
        ticket,
        snapshot,
        standing,
        now,
    })
}

/// Of a draw that is not closed; once it is, its record decides.
fn is_lost(snapshot: &Snapshot, ticket: &Ticket) -> bool {
    !snapshot.is_closed(ticket.draw) && snapshot.lives.lost(ticket.epoch, ticket.draw, ticket.numbered)
}

fn ticket_lost() -> Refusal {
    Refusal::new(
        410,
        "ticket_lost",
        "This ticket is in no draw: the queue lost it. Join again.",
    )
}

async fn drawn_place<P: Platform>(platform: &P, ticket: &Ticket, snapshot: &Snapshot) -> Result<DrawnPlace, Refusal> {
    let record = known::record(platform, snapshot, ticket.draw).await?;
    let counted = record.filter(|signed| signed.record.gave(ticket.epoch, ticket.numbered));
    let place = counted.and_then(|signed| place(&signed.record, ticket.numbered));
    place.ok_or_else(ticket_lost).map(|place| DrawnPlace {
        place,
        epoch: snapshot.lives.coordinator,
    })
}

impl Stood {
    /// What a fan whose turn has not come is told; `None` if the shard has to be asked.
    pub(super) fn status(&self) -> Option<QueueStatus> {
        match self.standing {
            Standing::Turn { .. } | Standing::OnlyIfClaimed { .. } => None,
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

    /// (places ahead, seconds to wait), as far as they can be told.
    pub(super) fn wait(&self) -> (Option<u64>, Option<u64>) {
        match self.standing {
            Standing::Waiting { ahead, wait_seconds } => (Some(ahead), wait_seconds),
            Standing::Turn { .. } => (Some(0), Some(0)),
            _ => (None, None),
        }
    }

    pub(super) fn poll_after_ms(&self) -> u64 {
        self.snapshot.poll_after_ms(self.standing, self.ticket.tag, self.now)
    }
}
