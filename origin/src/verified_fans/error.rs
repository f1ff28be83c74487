//! Why something about verified fans is refused or cannot be done.

use super::invitations::ListError;
use crate::{
    database::Retryable,
    error::{InternalError, InvalidField},
    events::EventNotFound,
};

/// Why something about verified fans is refused or cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum VerifiedFansError {
    /// No event has this id, or the caller may not see it yet.
    #[error(transparent)]
    EventNotFound(#[from] EventNotFound),
    /// No account has this id.
    #[error("there is no such account")]
    AccountNotFound,
    /// The address is not invited.
    #[error("the address is not invited to the event")]
    InvitationNotFound,
    /// There is nothing to show: the event does not exist or has no programme for verified fans.
    #[error("there is no such event, or it has no verified fans")]
    NoProgramme,
    /// There is nothing to change: the event has no programme for verified fans.
    #[error("the event has no verified fans")]
    NotOffered,
    /// An admin's change must wait until the selection has ended.
    #[error("verified fans are being selected")]
    SelectionUnderWay,
    /// There is no room for so many more verified fans.
    #[error("there is room for {room} more verified fans")]
    Full {
        /// The event's limit.
        most: i32,
        /// Fans who are verified or invited.
        promised: i32,
        /// How many more fans there is room for.
        room: i64,
    },
    /// The new limit is smaller than the number of fans who are verified or invited.
    #[error("{promised} fans are verified or invited already")]
    LimitTooSmall {
        /// Fans who are verified or invited.
        promised: i32,
    },
    /// Fans cannot register for the event.
    #[error("fans cannot register")]
    NoRegistration,
    /// Registration has not begun.
    #[error("registration has not begun")]
    RegistrationNotOpen,
    /// Registration has ended.
    #[error("registration has ended")]
    RegistrationClosed,
    /// Fans are selected only after registration has ended.
    #[error("registration has not ended")]
    RegistrationNotEnded,
    /// The round before this one has not been selected.
    #[error("the round before is missing")]
    RoundMissing,
    /// The round was selected with another count.
    #[error("the round was selected with another count")]
    RoundDiffers,
    /// An admin has revoked the account.
    #[error("the account was revoked")]
    Revoked,
    /// The account is not verified, so it gets no fan pass.
    #[error("the account is not verified")]
    NotVerified,
    /// The event has started, so it has no queue any more.
    #[error("the event has started")]
    EventOver,
    /// The text is no invitation code of this event.
    #[error("this is no invitation code of the event")]
    CodeInvalid,
    /// The invitation was revoked.
    #[error("the invitation was revoked")]
    InvitationRevoked,
    /// Another account has redeemed the invitation.
    #[error("another account has redeemed the invitation")]
    RedeemedByOther,
    /// The account is a verified fan already, so it redeems no code.
    #[error("the account is verified already")]
    AlreadyVerified,
    /// The invitation was redeemed and then revoked, so it cannot be given again.
    #[error("the invitation was redeemed before it was revoked")]
    RedeemedThenRevoked,
    /// The invitation was redeemed, so its code cannot be renewed.
    #[error("the invitation has been redeemed")]
    RedeemedCode,
    /// The event would have too many invitations.
    #[error("there is room for {room} more invitations")]
    TooManyInvitations {
        /// How many more invitations there is room for.
        room: usize,
    },
    /// The uploaded list cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
    /// A value is outside of its limits.
    #[error(transparent)]
    InvalidField(#[from] InvalidField),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl Retryable for VerifiedFansError {
    fn is_retryable(&self) -> bool {
        matches!(self, VerifiedFansError::Database(error) if error.is_retryable())
    }
}
