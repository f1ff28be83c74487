//! A captcha proves at a join that a human joins: by the built-in proof of work, or by a provider
//! that vouches for a token. Every proof is good for one join: the shard remembers it, see
//! [`CaptchaProof::single_use`].
//!
//! - A provider proves nothing if it is down or slow, if its answer cannot be read, or if this edge
//!   is set up wrongly. Then people who join are suspects: never refused for it, and never at the
//!   front.
//! - A token that the provider refuses is refused, and costs nothing.
//! - A provider that is asked too much is asked again a little later. Otherwise an attacker could
//!   send it many made-up tokens, and everybody would get in without a proof.

mod error_codes;
mod siteverify;
mod token_verdict;

use http::header;
use sha2::{Digest, Sha256};
use stanchion_shared::{
    ids::Bytes32,
    policy::{CaptchaPolicy, CaptchaProvider},
    proof_of_work::{self, ChallengeFor, ProofError, Solved, ValidProof},
    timestamp::UnixMillis,
};

use crate::{
    app::http::refusal::{Refusal, sentence},
    config::{EdgeConfig, SiteverifyConfig},
    platform::Platform,
};
use siteverify::siteverify;
use token_verdict::TokenVerdict;

/// Longest token that is passed on to a provider, in bytes.
const MAX_TOKEN_LENGTH: usize = 8 * 1024;

/// How long a client is asked to wait while the provider is asked too much, in seconds.
const BUSY_SECONDS: &str = "5";

/// A shard remembers a proof by its end, but the end of a provider's token cannot be read. So all
/// tokens of a day have the same end: the edge takes a token once a day at most, and its provider
/// takes it only once. In ms.
const DAY_MS: u64 = 86_400_000;

/// What a captcha token proves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CaptchaProof {
    /// The client solved a proof of work.
    Work(Solved),
    /// The provider says that a human joins.
    ByProvider(ValidProof),
    /// The provider said nothing.
    Unproved(ValidProof),
}

impl CaptchaProof {
    /// What the shard remembers, so that the proof is good for one join.
    pub(crate) fn single_use(self) -> ValidProof {
        match self {
            CaptchaProof::Work(solved) => solved.proof,
            CaptchaProof::ByProvider(proof) | CaptchaProof::Unproved(proof) => proof,
        }
    }
}

/// Checks that this edge has the secret of the provider that an event's policy names.
///
/// # Errors
/// 422 `captcha_not_configured`.
pub(crate) fn check_configured(config: &EdgeConfig, policy: &CaptchaPolicy) -> Result<(), Refusal> {
    match provider(config, policy.provider) {
        Some(provider) if provider.secret.is_none() => Err(Refusal::new(
            422,
            "captcha_not_configured",
            "The edge has no secret for this captcha provider: set it first.",
        )),
        _ => Ok(()),
    }
}

/// The provider's configuration; `None` for the built-in proof of work.
fn provider(config: &EdgeConfig, provider: CaptchaProvider) -> Option<&SiteverifyConfig> {
    match provider {
        CaptchaProvider::Altcha => None,
        CaptchaProvider::Hcaptcha => Some(&config.hcaptcha),
        CaptchaProvider::Turnstile => Some(&config.turnstile),
    }
}

/// The end of all tokens of the day, see [`DAY_MS`].
fn remembered_until(now: UnixMillis) -> UnixMillis {
    UnixMillis((now.0 / DAY_MS + 2) * DAY_MS)
}

/// Judges the captcha token of a join.
///
/// # Errors
/// 400 `captcha_malformed`; 403 `captcha_wrong`, `captcha_expired` or `captcha_of_other`; 409
/// `captcha_used`; 503 `captcha_busy`.
pub(crate) async fn judge<P: Platform>(
    platform: &P,
    policy: &CaptchaPolicy,
    bound_to: ChallengeFor<'_>,
    token: &str,
) -> Result<CaptchaProof, Refusal> {
    let Some(provider) = provider(platform.config(), policy.provider) else {
        let key = &platform.config().challenge_key;
        let solved = proof_of_work::verify(key, bound_to, token, platform.now());
        return solved.map(CaptchaProof::Work).map_err(|error| refusal(&error));
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
        TokenVerdict::Human => Ok(CaptchaProof::ByProvider(proof)),
        TokenVerdict::NoAnswer | TokenVerdict::Misconfigured => Ok(CaptchaProof::Unproved(proof)),
        TokenVerdict::Busy => Err(Refusal::new(
            503,
            "captcha_busy",
            "Too many are checked at the moment. Try again in some seconds.",
        )
        .with(header::RETRY_AFTER, BUSY_SECONDS)),
        TokenVerdict::Used => Err(Refusal::new(
            409,
            "captcha_used",
            "This captcha was used before, or is too old: solve a new one.",
        )),
        TokenVerdict::Expired => Err(Refusal::new(
            403,
            "captcha_expired",
            "This captcha is too old: solve a new one.",
        )),
        TokenVerdict::Wrong => Err(Refusal::new(
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
