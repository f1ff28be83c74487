//! What is on sale, for everybody to see: search by words and by place, and one event with its
//! sections and prices.
//!
//! # Layout
//!
//! - `search`: a page of events; `area` and `cursor` are its parts.
//! - `detail`: one event.
//! - `http`: the handlers, with caching.

mod area;
mod cursor;
mod detail;
pub(crate) mod http;
mod search;

pub use detail::{EventState, SectionView, VenueView};
pub use search::{DEFAULT_LIMIT, DEFAULT_RADIUS_KM, MAX_LIMIT, MAX_QUERY_LENGTH, MAX_RADIUS_KM};
