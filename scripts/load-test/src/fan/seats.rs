//! Seats and carts as a fan sees them: which seats to click on, and whether what is shown adds up.

use stanchion_shared::{
    money::Minor,
    wire::{CartAnswer, SeatStatus, SeatView, SeatsAnswer},
};

use stanchion_dice::Dice;

/// What is wrong with a seats answer, if anything: counters against capacity and against the seats in it.
pub(super) fn seats_fault(answer: &SeatsAnswer, capacity: u32) -> Option<String> {
    let count = |status| answer.seats.iter().filter(|seat| seat.status == status).count();
    let counted = [SeatStatus::Available, SeatStatus::Locked, SeatStatus::Sold].map(count);
    let told = [answer.available, answer.locked, answer.sold];
    let told_sum: u64 = told.iter().map(|&number| u64::from(number)).sum();
    let fits = told_sum == u64::from(capacity)
        && counted
            .iter()
            .zip(told)
            .all(|(&counted, told)| counted as u64 == u64::from(told));
    (!fits).then(|| {
        let section = &answer.section;
        format!("section {section} of {capacity}: told {told:?}, counted {counted:?} (available, locked, sold)")
    })
}

/// What is wrong with a cart, if anything: its sums, and whether it says when its locks end.
pub(super) fn cart_fault(cart: &CartAnswer) -> Option<String> {
    let mut held = cart.seats.iter().filter(|seat| seat.locked);
    let sum = held.try_fold(Minor(0), |sum, seat| sum.checked_add(seat.price));
    if sum != Some(cart.subtotal) || cart.subtotal.checked_add(cart.fees) != Some(cart.total) {
        return Some("the sums do not add up".to_owned());
    }
    let anything_held = cart.seats.iter().any(|seat| seat.locked);
    (anything_held != cart.lock_expires_at.is_some()).then(|| "the end of the locks is missing or too much".to_owned())
}

/// A seat that is shown as taken: people click on these.
pub(super) fn taken_seat(seats: &[SeatView]) -> Option<Vec<String>> {
    let taken = seats.iter().find(|seat| seat.status != SeatStatus::Available)?;
    Some(vec![taken.seat_id.clone()])
}

/// Seats side by side where there are some, otherwise any; fewer than wanted if there are no more. `None`: none.
pub(super) fn pick(seats: &[SeatView], wanted: usize, dice: &mut Dice) -> Option<Vec<String>> {
    let is_free = |seat: &&SeatView| seat.status == SeatStatus::Available;
    let side_by_side = |window: &&[SeatView]| window.iter().all(|seat| is_free(&seat) && seat.row == window[0].row);
    let groups: Vec<&[SeatView]> = seats.windows(wanted).filter(side_by_side).collect();
    if !groups.is_empty() {
        let group = groups[dice.below(groups.len() as u64) as usize];
        return Some(group.iter().map(|seat| seat.seat_id.clone()).collect());
    }
    let any: Vec<String> = seats
        .iter()
        .filter(is_free)
        .take(wanted)
        .map(|seat| seat.seat_id.clone())
        .collect();
    (!any.is_empty()).then_some(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{ids::EventId, timestamp::UnixMillis, wire::CartSeat};

    fn seat(row: &str, number: u32, status: SeatStatus) -> SeatView {
        SeatView {
            seat_id: format!("1-{row}-{number}"),
            row: row.to_owned(),
            number,
            price: Minor(100),
            status,
        }
    }

    fn answer() -> SeatsAnswer {
        SeatsAnswer {
            event_id: EventId::parse("e").unwrap(),
            section: "1".to_owned(),
            seats: vec![
                seat("A", 1, SeatStatus::Available),
                seat("A", 2, SeatStatus::Sold),
                seat("B", 1, SeatStatus::Available),
                seat("B", 2, SeatStatus::Available),
                seat("B", 3, SeatStatus::Locked),
            ],
            available: 3,
            locked: 1,
            sold: 1,
            as_of: UnixMillis(0),
        }
    }

    #[test]
    fn counters_that_do_not_add_up_are_noticed() {
        assert_eq!(seats_fault(&answer(), 5), None);
        assert!(seats_fault(&answer(), 6).is_some());
        let moved = SeatsAnswer {
            available: 2,
            locked: 2,
            ..answer()
        };
        assert!(seats_fault(&moved, 5).is_some());
        let mut missing = answer();
        missing.seats.pop();
        assert!(seats_fault(&missing, 5).is_some());
    }

    #[test]
    fn neighbours_are_preferred_and_taken_seats_never_picked() {
        let seats = answer().seats;
        let mut dice = Dice::of(1, 1);
        assert_eq!(
            pick(&seats, 2, &mut dice),
            Some(vec!["1-B-1".to_owned(), "1-B-2".to_owned()])
        );
        assert_eq!(pick(&seats, 4, &mut dice).map(|seats| seats.len()), Some(3));
        assert_eq!(pick(&seats[1..2], 1, &mut dice), None);
        assert_eq!(taken_seat(&seats), Some(vec!["1-A-2".to_owned()]));
    }

    #[test]
    fn a_cart_that_contradicts_itself_is_noticed() {
        let cart = CartAnswer {
            cart_id: "c".to_owned(),
            seats: vec![
                CartSeat {
                    seat_id: "a".to_owned(),
                    locked: true,
                    price: Minor(500),
                },
                CartSeat {
                    seat_id: "b".to_owned(),
                    locked: false,
                    price: Minor(700),
                },
            ],
            currency: "EUR".to_owned(),
            subtotal: Minor(500),
            fees: Minor(60),
            total: Minor(560),
            lock_expires_at: Some(UnixMillis(1)),
        };
        assert_eq!(cart_fault(&cart), None);
        assert!(
            cart_fault(&CartAnswer {
                subtotal: Minor(1_200),
                ..cart.clone()
            })
            .is_some()
        );
        assert!(
            cart_fault(&CartAnswer {
                total: Minor(561),
                ..cart.clone()
            })
            .is_some()
        );
        assert!(
            cart_fault(&CartAnswer {
                lock_expires_at: None,
                ..cart
            })
            .is_some()
        );
    }
}
