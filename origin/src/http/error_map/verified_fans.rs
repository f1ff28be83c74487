//! Verified fans.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    http::ErrorResponse,
    verified_fans::{ListError, MAX_INVITATIONS, MAX_LINES_TOLD, VerifiedFansError},
};

impl From<VerifiedFansError> for ErrorResponse {
    fn from(error: VerifiedFansError) -> ErrorResponse {
        let forbidden = |word, message: &'static str| ErrorResponse::new(StatusCode::FORBIDDEN, word, message);
        match error {
            VerifiedFansError::EventNotFound(error) => error.into(),
            VerifiedFansError::AccountNotFound => {
                ErrorResponse::not_found("account_not_found", "There is no such account.")
            }
            VerifiedFansError::InvitationNotFound => {
                ErrorResponse::not_found("invitation_not_found", "This address is not invited to this event.")
            }
            VerifiedFansError::NoProgramme => ErrorResponse::not_found(
                "no_verified_fans",
                "There is no such event, or it has no verified fans.",
            ),
            VerifiedFansError::NotOffered => ErrorResponse::conflict(
                "no_verified_fans",
                "This event has no verified fans: set when they can register, or nothing, with PUT …/fans.",
            ),
            VerifiedFansError::SelectionUnderWay => ErrorResponse::conflict(
                "drawing",
                "Verified fans are being selected: nothing can be changed until that is over. Ask again in a moment.",
            ),
            VerifiedFansError::Full { most, promised, room } => {
                let message = format!(
                    "There is room for {room} more verified fans (most_fans is {most}, with {promised} verified or invited)."
                );
                ErrorResponse::conflict("fans_full", message).with("room", room)
            }
            VerifiedFansError::LimitTooSmall { promised } => {
                let message =
                    format!("most_fans cannot be less than the {promised} fans that are verified or invited.");
                ErrorResponse::conflict("fans_full", message)
            }
            VerifiedFansError::NoRegistration => {
                ErrorResponse::conflict("no_registration", "Fans cannot register for this event.")
            }
            VerifiedFansError::RegistrationNotOpen => {
                ErrorResponse::conflict("registration_not_open", "Registration for this event has not begun.")
            }
            VerifiedFansError::RegistrationClosed => {
                ErrorResponse::conflict("registration_closed", "Registration for this event is over.")
            }
            VerifiedFansError::RegistrationNotEnded => ErrorResponse::conflict(
                "registration_open",
                "Select when registration is over: who registers later must have the same chance.",
            ),
            VerifiedFansError::RoundMissing => {
                ErrorResponse::conflict("round_missing", "The round before this one has not been selected.")
            }
            VerifiedFansError::RoundDiffers => {
                ErrorResponse::conflict("drawn_differently", "This round has been selected with another count.")
            }
            VerifiedFansError::Revoked => forbidden(
                "fan_revoked",
                "The organiser has taken this account off the verified fans of this event. You can join the queue like everybody.",
            ),
            VerifiedFansError::NotVerified => forbidden("not_verified", "You are not a verified fan of this event."),
            VerifiedFansError::EventOver => {
                forbidden("event_over", "This event has started: there is no queue any more.")
            }
            VerifiedFansError::CodeInvalid => {
                forbidden("invitation_invalid", "This is no invitation code of this event.")
            }
            VerifiedFansError::InvitationRevoked => {
                forbidden("invitation_revoked", "This invitation has been taken back.")
            }
            VerifiedFansError::RedeemedByOther => ErrorResponse::conflict(
                "invitation_used",
                "This invitation has been redeemed by another account.",
            ),
            VerifiedFansError::AlreadyVerified => ErrorResponse::conflict(
                "already_verified",
                "You are a verified fan already: the code is still good for somebody else.",
            ),
            VerifiedFansError::RedeemedThenRevoked => ErrorResponse::conflict(
                "invitation_used",
                "This invitation was redeemed before it was taken back: verify the account instead.",
            ),
            VerifiedFansError::RedeemedCode => ErrorResponse::conflict(
                "invitation_used",
                "This invitation has been redeemed: take it back, or the account off.",
            ),
            VerifiedFansError::TooManyInvitations { room } => {
                let message =
                    format!("An event has {MAX_INVITATIONS} invitations at the most; there is room for {room} more.");
                ErrorResponse::conflict("too_many_invitations", message).with("room", room)
            }
            VerifiedFansError::List(error) => error.into(),
            VerifiedFansError::InvalidField(error) => error.into(),
            VerifiedFansError::Database(error) => error.into(),
            VerifiedFansError::Internal(error) => error.into(),
        }
    }
}

impl From<ListError> for ErrorResponse {
    fn from(error: ListError) -> ErrorResponse {
        let response = ErrorResponse::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed_list", error.to_string());
        match error {
            ListError::BadLines(lines) => {
                let told = &lines[..lines.len().min(MAX_LINES_TOLD)];
                response.with("bad_lines", lines.len()).with("lines", json!(told))
            }
            _ => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_that_cannot_be_used_is_a_malformed_list() {
        for error in [
            ListError::NotUtf8,
            ListError::NotCsv("cut off".to_owned()),
            ListError::NoEmailColumn,
            ListError::Empty,
            ListError::TooLong,
            ListError::BadLines(Vec::new()),
        ] {
            let response = ErrorResponse::from(error);
            assert_eq!((response.status().as_u16(), response.word()), (422, "malformed_list"));
        }
    }
}
