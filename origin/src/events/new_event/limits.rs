//! Every limit that a new event must keep.

use stanchion_shared::limits::Limits;

/// Longest name of an event, venue, city or section, in characters.
pub const MAX_NAME_LENGTH: usize = 100;
/// Longest section code, in characters.
pub(super) const MAX_SECTION_CODE_LENGTH: usize = 16;
/// Longest row label, in characters.
pub(super) const MAX_ROW_LABEL_LENGTH: usize = 8;
/// Most sections of a venue.
pub const MAX_SECTIONS: usize = 200;
/// Most rows of a section.
pub const MAX_ROWS: usize = 1_000;
/// Most seats of a row.
pub const MAX_SEATS_OF_ROW: u32 = 1_000;
/// Most seats of a venue.
pub const MAX_SEATS: u64 = 100_000;
/// Most tickets of one person unless the event says otherwise.
pub const DEFAULT_PER_PERSON: u32 = 8;
/// Most tickets of one person that an event may allow.
pub const MAX_PER_PERSON: u32 = 20;
/// Most fans shopping at once that an event may allow.
pub const MAX_MOST_SHOPPERS: u32 = 1_000_000;
/// How long a seat is held in a cart, in milliseconds: each event chooses. See
/// `inventory/lock_times.rs`.
pub const LOCK_MS: Limits = Limits {
    default: 600_000,
    least: 2_000,
    most: 3_600_000,
};
/// ISO 4217 codes that can be used: all with two decimals, as `Minor` is.
pub const CURRENCIES: [&str; 16] = [
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "INR", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "USD",
];
