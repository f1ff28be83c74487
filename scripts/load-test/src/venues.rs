//! The venues of a run: an arena of some 18,000 seats with sections, rows and prices as arenas have them, and a room of
//! ten seats for measurements.

use stanchion_shared::money::Minor;

/// Where an event takes place.
pub(crate) struct Venue {
    pub(crate) name: &'static str,
    pub(crate) city: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) sections: Vec<VenueSection>,
}

/// A block of seats with one price.
pub(crate) struct VenueSection {
    /// As in seat ids.
    pub(crate) code: String,
    /// As on the sign above its entrance.
    pub(crate) name: String,
    /// Per seat.
    pub(crate) price: Minor,
    /// Per seat, on top of the price.
    pub(crate) fee: Minor,
    pub(crate) rows: Vec<VenueRow>,
}

/// Seats side by side, numbered from 1.
pub(crate) struct VenueRow {
    pub(crate) label: String,
    pub(crate) seats: u32,
}

/// Row labels leave out I and O: ushers read them as 1 and 0.
const ROW_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Share of the price that is the fee, in percent.
const FEE_PERCENT: i64 = 12;

impl VenueSection {
    /// Seats of all rows.
    pub(crate) fn capacity(&self) -> u32 {
        self.rows.iter().map(|row| row.seats).sum()
    }
}

impl Venue {
    /// Seats of all sections.
    pub(crate) fn capacity(&self) -> u32 {
        self.sections.iter().map(VenueSection::capacity).sum()
    }
}

/// 60 sections: floor A to F, lower bowl 101 to 124, upper bowl 201 to 230.
pub(crate) fn arena() -> Venue {
    let floor = ('A'..='F').map(|letter| VenueSection {
        code: letter.to_string(),
        name: format!("Floor {letter}"),
        price: Minor(if letter <= 'C' { 18_500 } else { 14_950 }),
        fee: fee(if letter <= 'C' { 18_500 } else { 14_950 }),
        rows: rows(20, |_| 18),
    });
    // A stand widens towards the back: every third row has a seat more.
    let lower = (101..=124).map(|number| {
        let price = price_around(number - 101, 24, 12_900, 8_900);
        bowl(
            number,
            format!("Lower bowl {number}"),
            price,
            rows(20, |row| 13 + row / 3),
        )
    });
    let upper = (201..=230).map(|number| {
        let price = price_around(number - 201, 30, 6_900, 3_950);
        bowl(
            number,
            format!("Upper bowl {number}"),
            price,
            rows(18, |row| 12 + row / 3),
        )
    });
    Venue {
        name: "Riverside Arena",
        city: "Leipzig",
        latitude: 51.344_9,
        longitude: 12.358_6,
        sections: floor.chain(lower).chain(upper).collect(),
    }
}

/// Ten seats in one row.
pub(crate) fn probe_room() -> Venue {
    Venue {
        name: "Rehearsal Room",
        city: "Leipzig",
        latitude: 51.345_1,
        longitude: 12.359_0,
        sections: vec![bowl(1, "Room".to_owned(), 1_000, rows(1, |_| 10))],
    }
}

fn bowl(number: u32, name: String, price: i64, rows: Vec<VenueRow>) -> VenueSection {
    VenueSection {
        code: number.to_string(),
        name,
        price: Minor(price),
        fee: fee(price),
        rows,
    }
}

fn rows(count: u32, seats: impl Fn(u32) -> u32) -> Vec<VenueRow> {
    (0..count)
        .map(|row| VenueRow {
            label: char::from(ROW_LETTERS[row as usize]).to_string(),
            seats: seats(row),
        })
        .collect()
}

/// Sections stand around the field, the first opposite the stage's left corner: the long sides see best and cost most.
fn price_around(position: u32, of: u32, best: i64, cheapest: i64) -> i64 {
    let half = i64::from(of / 2);
    let on_its_side = i64::from(position) % half;
    let from_the_middle = (2 * on_its_side - half + 1).abs();
    // Whole fifties of cents, as prices are.
    (best - (best - cheapest) * from_the_middle / half) / 50 * 50
}

/// Rounded to the cent.
fn fee(price: i64) -> Minor {
    Minor((price * FEE_PERCENT + 50) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_arena_is_of_real_size() {
        let arena = arena();
        assert_eq!(arena.sections.len(), 60);
        assert!((17_500..=18_500).contains(&arena.capacity()), "{}", arena.capacity());
        let codes: HashSet<_> = arena.sections.iter().map(|section| &section.code).collect();
        assert_eq!(codes.len(), 60);
    }

    #[test]
    fn prices_fall_from_the_middle_to_the_ends() {
        for section in arena().sections {
            let (price, fee) = (section.price.0, section.fee.0);
            assert!((3_900..=18_500).contains(&price), "{}: {price}", section.code);
            assert_eq!(fee, (price * 12 + 50) / 100);
        }
        assert!(price_around(5, 24, 12_900, 8_900) > price_around(0, 24, 12_900, 8_900));
    }

    #[test]
    fn no_row_is_called_like_a_digit() {
        let labels: Vec<String> = arena()
            .sections
            .into_iter()
            .flat_map(|s| s.rows)
            .map(|row| row.label)
            .collect();
        assert!(!labels.iter().any(|label| label == "I" || label == "O"));
    }

    #[test]
    fn the_probe_room_has_ten_seats() {
        assert_eq!(probe_room().capacity(), 10);
    }
}
