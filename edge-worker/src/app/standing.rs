//! From a ticket to what its holder is told, claims aside: shared by join and status.

use std::rc::Rc;

use stanchion_shared::{
    draw::place::place,
    identity::Place,
    standing::{Snapshot, Standing},
    ticket::Ticket,
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
/// 410 if the record of the ticket's draw does not count it (a store that was restored from an older copy).
pub(super) async fn stand<P: Platform>(platform: &P, mut ticket: Ticket) -> Result<Stood, Refusal> {
    let mut snapshot = known::snapshot(platform, &ticket.event_id).await?;
    if ticket.place.is_none() && snapshot.is_closed(ticket.draw) {
        ticket.place = Some(drawn_place(platform, &ticket).await?);
        // The record may have taken longer than a snapshot may be old.
        snapshot = known::snapshot(platform, &ticket.event_id).await?;
    }
    let now = platform.now();
    let standing = snapshot.standing(ticket.draw, ticket.place, now);
    Ok(Stood {
        ticket,
        snapshot,
        standing,
        now,
    })
}

async fn drawn_place<P: Platform>(platform: &P, ticket: &Ticket) -> Result<Place, Refusal> {
    let record = known::record(platform, &ticket.event_id, ticket.draw).await?;
    record
        .and_then(|signed| place(&signed.record, ticket.numbered))
        .ok_or_else(|| {
            Refusal::new(
                410,
                "ticket_lost",
                "This ticket is in no draw: the queue lost it. Join again.",
            )
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
