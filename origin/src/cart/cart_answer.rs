//! The cart as a fan sees it, with exact sums.

use stanchion_shared::{
    money::Minor,
    timestamp::UnixMillis,
    wire::{CartAnswer, CartSeat},
};

use super::store::CartEntry;
use crate::{error::InternalError, inventory::EventPlan};

/// One seat of a cart, and the end of its lock if it is held.
pub(super) type Line = (CartEntry, Option<UnixMillis>);

/// The sums count the held seats: a checkout would charge them.
pub(super) fn cart_answer(cart_id: &str, plan: &EventPlan, lines: Vec<Line>) -> Result<CartAnswer, InternalError> {
    let (mut subtotal, mut fees) = (Minor(0), Minor(0));
    let mut seats = Vec::with_capacity(lines.len());
    for (entry, held_until) in &lines {
        let section = plan
            .section_of(&entry.seat_id)
            .ok_or_else(|| InternalError::new("a cart holds an unknown seat"))?;
        if held_until.is_some() {
            let too_much = || InternalError::new("a cart's sum is beyond all amounts");
            subtotal = subtotal.checked_add(section.price).ok_or_else(too_much)?;
            fees = fees.checked_add(section.fee).ok_or_else(too_much)?;
        }
        let (seat_id, locked) = (entry.seat_id.clone(), held_until.is_some());
        seats.push(CartSeat {
            seat_id,
            locked,
            price: section.price,
        });
    }
    Ok(CartAnswer {
        cart_id: cart_id.to_owned(),
        seats,
        currency: plan.currency.clone(),
        subtotal,
        fees,
        total: subtotal
            .checked_add(fees)
            .ok_or_else(|| InternalError::new("a cart's sum is beyond all amounts"))?,
        lock_expires_at: lines.iter().filter_map(|(_, held_until)| *held_until).min(),
    })
}
