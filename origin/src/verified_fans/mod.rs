//! Verified fans: the accounts whose queue tickets are placed before those of all others of their
//! draw.
//!
//! A fan becomes verified in one of three ways. The fan registers in the registration window, and
//! the organiser selects some or all of the registered by lot ([`selection`]). An admin names the
//! account ([`accounts`]). Or the fan redeems the code of an invitation ([`invitations`]). A
//! verified fan gets a fan pass ([`fan_pass`]), which the edge takes at the join.
//!
//! - [`programme`]: whether an event has verified fans, and their settings. An event has none until
//!   an admin sets it.
//! - [`registration`], [`fan_status`]: what a fan does and sees. [`overview`], [`accounts_page`],
//!   [`counts`]: what an admin sees.
//! - [`admin_change`]: every change by an admin; [`audit_entry`]: its entry in the audit log. All
//!   changes may be repeated.
//! - [`http`]: the requests. The paths and words of the API say `draw` for the selection.
//!
//! Addresses are not confirmed at sign-up, so an address alone proves nothing: an invitation needs
//! its code.

mod accounts;
mod accounts_page;
mod admin_change;
mod audit_entry;
mod counts;
mod error;
mod fan_pass;
mod fan_status;
pub mod http;
pub mod invitations;
mod overview;
mod programme;
mod registration;
pub mod selection;

pub use accounts_page::{DEFAULT_ACCOUNTS_LISTED, MAX_ACCOUNTS_LISTED};
pub use counts::{FanCounts, counts};
pub use error::VerifiedFansError;
pub use fan_pass::PASS_LIFE_MS;
pub use invitations::{ListError, MAX_INVITATIONS, MAX_LINES_TOLD, MAX_LIST_BYTES, MAX_LIST_LINES};
pub use programme::MAX_MOST_FANS;
