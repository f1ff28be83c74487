//! Proving to be human at a join: by the proof of work that is built in, or by a provider's word.
//!
//! A provider that is down or slow, whose answer cannot be read, or that we have set up wrongly, proves nothing: who joins
//! then is a suspect, never refused for it and never at the front. A token that the provider refuses is refused, and
//! nothing is spent by it. One that is asked too much is asked again a little later: else whoever sends it many made-up tokens
//! would have the others, and himself, let in without a proof. Whatever proved it is good for one join.

mod codes;
mod siteverify;

use http::header;
use sha2::{Digest, Sha256};
use stanchion_shared::{
    human::{self, ChallengeFor, ProofError, Solved, ValidProof},
    identity::Bytes32,
    policy::{CaptchaPolicy, CaptchaProvider},
    timestamp::UnixMillis,
};

use super::{
    answer::{Refusal, sentence},
    config::EdgeConfig,
};
use crate::platform::Platform;
use siteverify::{Said, siteverify};

/// Longest token of a provider that is passed on, in bytes.
const MAX_TOKEN_LENGTH: usize = 8 * 1024;

/// Who comes while the provider is asked too much comes again after so many seconds.
const BUSY_SECONDS: &str = "5";

/// A provider's token says nothing of its end that we could read, and the end is part of what a shard remembers it by. So
/// all tokens of a day have one: a token is good once a day at most, and to its provider only once.
const DAY_MS: u64 = 86_400_000;

/// What a captcha token is worth.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proved {
    /// A proof of work was done.
    Work(Solved),
    /// The provider says that this is a human.
    ByProvider(ValidProof),
    /// The provider did not say.
    Unproved(ValidProof),
}

impl Proved {
    /// Good for one join.
    pub(super) fn proof(self) -> ValidProof {
        match self {
            Proved::Work(solved) => solved.proof,
            Proved::ByProvider(proof) | Proved::Unproved(proof) => proof,
        }
    }
}

/// A provider behind `siteverify`, and what this edge needs to ask it.
#[derive(Clone, Debug)]
pub struct Siteverify {
    /// Scheme, host and port.
    pub base_url: String,
    /// `None`: events cannot ask for this provider.
    pub secret: Option<String>,
}

/// Whether this edge can do what an event's policy asks for.
///
/// # Errors
/// 422 `captcha_not_configured`.
pub(super) fn check(config: &EdgeConfig, policy: &CaptchaPolicy) -> Result<(), Refusal> {
    match provider(config, policy.provider) {
        Some(provider) if provider.secret.is_none() => Err(Refusal::new(
            422,
            "captcha_not_configured",
            "The edge has no secret for this captcha provider: set it first.",
        )),
        _ => Ok(()),
    }
}

fn provider(config: &EdgeConfig, provider: CaptchaProvider) -> Option<&Siteverify> {
    match provider {
        CaptchaProvider::Altcha => None,
        CaptchaProvider::Hcaptcha => Some(&config.hcaptcha),
        CaptchaProvider::Turnstile => Some(&config.turnstile),
    }
}

fn remembered_until(now: UnixMillis) -> UnixMillis {
    UnixMillis((now.0 / DAY_MS + 2) * DAY_MS)
}

/// Judges the token of a join.
///
/// # Errors
/// It is not a token, or it was judged and is not good.
pub(super) async fn judge<P: Platform>(
    platform: &P,
    policy: &CaptchaPolicy,
    bound_to: ChallengeFor<'_>,
    token: &str,
) -> Result<Proved, Refusal> {
    let Some(provider) = provider(platform.config(), policy.provider) else {
        let key = &platform.config().challenge_key;
        let solved = human::verify(key, bound_to, token, platform.now());
        return solved.map(Proved::Work).map_err(|error| refusal(&error));
    };
    if token.is_empty() || token.len() > MAX_TOKEN_LENGTH {
        return Err(Refusal::new(
            400,
            "captcha_malformed",
            format!("A captcha token of this event's provider has 1 to {MAX_TOKEN_LENGTH} bytes."),
        ));
    }
    let proof = ValidProof {
        challenge: Bytes32(
            Sha256::new()
                .chain_update(b"stanchion/captcha/v1\0")
                .chain_update(token)
                .finalize()
                .into(),
        ),
        expires_at: remembered_until(platform.now()),
    };
    match siteverify(platform, policy, provider, token).await {
        Said::Human => Ok(Proved::ByProvider(proof)),
        Said::Nothing | Said::Misconfigured => Ok(Proved::Unproved(proof)),
        Said::Busy => Err(Refusal::new(
            503,
            "captcha_busy",
            "Too many are checked at the moment. Try again in some seconds.",
        )
        .with(header::RETRY_AFTER, BUSY_SECONDS)),
        Said::Used => Err(Refusal::new(
            409,
            "captcha_used",
            "This captcha was used before, or is too old: solve a new one.",
        )),
        Said::Expired => Err(Refusal::new(
            403,
            "captcha_expired",
            "This captcha is too old: solve a new one.",
        )),
        Said::Wrong => Err(Refusal::new(
            403,
            "captcha_wrong",
            "The captcha was not solved: solve a new one.",
        )),
    }
}

fn refusal(error: &ProofError) -> Refusal {
    let (status, word) = match error {
        ProofError::Malformed => (400, "captcha_malformed"),
        ProofError::Unsolved => (403, "captcha_wrong"),
        ProofError::OtherSubject => (403, "captcha_of_other"),
        ProofError::Expired => (403, "captcha_expired"),
    };
    Refusal::new(status, word, sentence(error))
}
