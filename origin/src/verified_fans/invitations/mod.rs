//! Invitations: an admin invites addresses, and a fan redeems the code that was sent to the
//! address.
//!
//! - [`invitation`]: one address is invited or revoked; all invitations are read for the export.
//! - [`upload`]: a list of addresses is invited. [`list`]: reads the list.
//! - [`code`]: the code of an invitation. [`redeem`]: an account redeems it.

pub mod code;
mod invitation;
mod list;
mod redeem;
mod upload;

pub use invitation::MAX_INVITATIONS;
pub(super) use invitation::{all, invite, revoke};
pub(super) use list::{AddressList, ListFormat};
pub use list::{BadLine, ListError, MAX_LINES_TOLD, MAX_LIST_BYTES, MAX_LIST_LINES};
pub(super) use redeem::redeem;
pub(super) use upload::upload;
