//! Events and their on-sales. Only this module writes the tables `events` and `on_sales`. A query
//! that joins them with a feature's own tables stays with the feature: `catalogue`, `inventory`,
//! `verified_fans`.
//!
//! # Layout
//!
//! - [`new_event`]: an event as an admin describes it, with every limit. `insert` writes it.
//! - `launch_state`: whether an event is launched; launching it.
//! - [`on_sale`]: the row of `on_sales`: settings that change, and the release.
//! - `details`: an event with its venue and sections, for fans and for admins.
//! - `sale_rules`: the rules that a sale needs.
//! - `queue_policy`: whether an event may have a queue policy.

mod details;
mod error;
mod insert;
mod launch_state;
pub mod new_event;
pub mod on_sale;
mod queue_policy;
mod sale_rules;

pub(crate) use details::{EventForAdmin, LaunchedEvent, SectionDetails, sections};
pub use error::{EventNotFound, EventsError};
pub(crate) use insert::insert_event;
pub(crate) use launch_state::{is_launched, launch, lock_state, metered_events};
pub use on_sale::OnSale;
pub(crate) use queue_policy::check_policy;
pub(crate) use sale_rules::SaleRules;
