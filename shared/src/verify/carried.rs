//! A ticket whose shard was silent at the close of its draw: which draw has it, under which number,
//! and what the log of its own draw was.

use super::{Published, StepFault, VerificationStep, numbered, steps::Log};
use crate::{
    draw::record::DrawRecord,
    ids::{Tag, TicketNumber, Tier},
    wire::ReceiptClaims,
};

/// Where the ticket of a receipt is.
pub(super) struct FoundTicket<'a> {
    /// The draw of the receipt.
    pub(super) own: &'a DrawRecord,
    /// The draw that has the ticket, the last of the records; mostly the same one.
    pub(super) drawn: &'a DrawRecord,
    /// The number of the receipt.
    pub(super) numbered: TicketNumber,
    /// The number in `drawn`.
    pub(super) in_drawn: TicketNumber,
}

/// Finds the draw that has the ticket among the records, which were checked before.
pub(super) fn find<'a>(
    receipt: &ReceiptClaims,
    own: &'a DrawRecord,
    published: &'a Published,
) -> Result<FoundTicket<'a>, StepFault> {
    let fault = |step, what: String| Err(StepFault::new(step, what));
    let Some(numbered) = numbered(receipt) else {
        return fault(
            VerificationStep::Ticket,
            "The receipt's tier does not exist.".to_owned(),
        );
    };
    if !own.leaves_over(numbered) {
        return Ok(FoundTicket {
            own,
            drawn: own,
            numbered,
            in_drawn: numbered,
        });
    }
    let last = published.records.last().map_or(own, |signed| &signed.record);
    match last.number_of_carried(own, numbered) {
        Some(in_drawn) => Ok(FoundTicket {
            own,
            drawn: last,
            numbered,
            in_drawn,
        }),
        None => fault(
            VerificationStep::Carried,
            format!(
                "List {} was silent when draw {} was closed, and this ticket came after its last report. No published record \
                 carries the ticket so far.",
                receipt.shard.0, receipt.draw
            ),
        ),
    }
}

impl FoundTicket<'_> {
    /// Whether another draw than the receipt's has the ticket.
    pub(super) fn is_carried(&self) -> bool {
        self.own.draw != self.drawn.draw
    }

    /// What was found, as a sentence.
    pub(super) fn sentence(&self) -> String {
        format!(
            "List {} was silent when draw {} was closed, and was entered as it had last reported, before this ticket. Draw {} \
             carries the ticket, as number {}.",
            self.numbered.shard.0, self.own.draw.0, self.drawn.draw.0, self.in_drawn.number
        )
    }

    /// The whole log of the receipt's draw in its shard: what was entered, and behind it what the
    /// other draw carries. `None` if they do not fit the records.
    pub(super) fn own_log(&self, earlier: &[(Tier, Tag)], logs: &[Log]) -> Option<Vec<(Tier, Tag)>> {
        let shard = self.numbered.shard;
        let counts = Tier::ALL.map(|tier| earlier.iter().filter(|entry| entry.0 == tier).count() as u32);
        if counts != self.own.counts_of(shard) {
            return None;
        }
        let (from, count) = self.drawn.carried_from(self.own.draw, shard)?.in_log();
        let (_, log) = logs.iter().find(|(one, _)| *one == shard)?;
        let carried = log.get(from..from.checked_add(count)?)?;
        Some([earlier, carried].concat())
    }
}
