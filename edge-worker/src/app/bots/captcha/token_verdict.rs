//! What a provider's answer means for a join.

/// What a provider says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenVerdict {
    /// A human solved the captcha.
    Human,
    /// The token was used before, or (Turnstile does not tell which) is too old.
    Used,
    /// The token is too old.
    Expired,
    /// The token is none of the provider's for this event, or the provider refused it with an
    /// unknown error code.
    Wrong,
    /// The provider is down, slow, or has trouble of its own.
    NoAnswer,
    /// The provider is asked too much at the moment, and said nothing about the token.
    Busy,
    /// The provider judges no token until the organiser mends secret, site key or account.
    Misconfigured,
}
