//! Accounts of somebody else's issuer (OpenID Connect Core 1.0): its tokens, by the keys that it publishes (RFC 7517).
//!
//! The key chooses the algorithm, never the token's header: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};
use serde::Deserialize;

use crate::account::{AccountClaims, AccountError};

/// Most keys of an issuer that are looked at.
pub const MAX_KEYS: usize = 32;
/// Longest key set in bytes.
pub const MAX_KEY_SET_BYTES: usize = 64 * 1024;
/// Longest token in bytes: issuers put names and roles in.
pub const MAX_TOKEN_LENGTH: usize = 8 * 1024;
/// Shortest modulus of an RSA key, in bytes (NIST SP 800-131A: 2048 bits).
const SHORTEST_RSA: usize = 256;

/// What an issuer publishes, as far as it can be used.
#[derive(Default)]
pub struct IssuerKeys {
    keys: Vec<(Option<String>, Algorithm, DecodingKey)>,
}

/// The key set cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the issuer's key set cannot be used: {0}")]
pub struct IssuerKeysError(&'static str);

/// Whom a token must be by, and for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// One of `aud`: the client id that the issuer knows this site by.
    pub audience: &'a str,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    iat: u64,
    exp: u64,
}

fn usable(jwk: &Jwk) -> Option<(Option<String>, Algorithm, DecodingKey)> {
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|what| *what != PublicKeyUse::Signature)
    {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if key.n.len() * 3 / 4 >= SHORTEST_RSA => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        _ => return None,
    };
    // A key that says what it is for is for nothing else.
    let said = jwk.common.key_algorithm.map(|said| said.to_string());
    if said.is_some_and(|said| said != format!("{algorithm:?}")) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone(), algorithm, key))
}

impl IssuerKeys {
    /// Reads a JWK Set. Keys of other kinds are an issuer's right, and left out.
    ///
    /// # Errors
    /// It is none, too large, or nothing in it can be used.
    pub fn parse(json: &[u8]) -> Result<IssuerKeys, IssuerKeysError> {
        if json.len() > MAX_KEY_SET_BYTES {
            return Err(IssuerKeysError("it is too large"));
        }
        let set: JwkSet = serde_json::from_slice(json).map_err(|_| IssuerKeysError("it is not a JWK Set"))?;
        let keys: Vec<_> = set.keys.iter().take(MAX_KEYS).filter_map(usable).collect();
        if keys.is_empty() {
            return Err(IssuerKeysError("it has no key for RS256, ES256 or EdDSA"));
        }
        Ok(IssuerKeys { keys })
    }

    /// Whether the key is here that a token names ([`named_key`]). If not, the issuer may have a new one.
    #[must_use]
    pub fn know(&self, named: Option<&str>) -> bool {
        self.find(named).is_some()
    }

    fn find(&self, named: Option<&str>) -> Option<&(Option<String>, Algorithm, DecodingKey)> {
        match named {
            Some(_) => self.keys.iter().find(|(name, ..)| name.as_deref() == named),
            // A token may name none if there is no choice.
            None => self.keys.first().filter(|_| self.keys.len() == 1),
        }
    }

    /// The account that a token was signed for. Nobody is identified before [`AccountClaims::judge`] has looked at the clock.
    ///
    /// # Errors
    /// [`AccountError::Invalid`]: form, key, algorithm, signature, issuer or audience.
    pub fn signed(&self, token: &str, expected: Expected<'_>) -> Result<AccountClaims, AccountError> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(AccountError::Invalid);
        }
        let named = named_key(token)?;
        let (_, algorithm, key) = self.find(named.as_deref()).ok_or(AccountError::Invalid)?;
        let mut validation = Validation::new(*algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims: Claims = jsonwebtoken::decode(token, key, &validation)
            .map_err(|_| AccountError::Invalid)?
            .claims;
        let for_us = match &claims.aud {
            Audience::One(audience) => audience == expected.audience,
            Audience::Several(audiences) => audiences.iter().any(|audience| audience == expected.audience),
        };
        if !for_us || claims.iss != expected.issuer {
            return Err(AccountError::Invalid);
        }
        Ok(AccountClaims {
            iss: claims.iss,
            sub: claims.sub,
            iat: claims.iat,
            exp: claims.exp,
        })
    }
}

/// The key that a token says it is signed with (`kid`), which nobody has checked; `None` if it names none.
///
/// # Errors
/// [`AccountError::Invalid`]: it is no token, or too long.
pub fn named_key(token: &str) -> Result<Option<String>, AccountError> {
    if token.len() > MAX_TOKEN_LENGTH {
        return Err(AccountError::Invalid);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| AccountError::Invalid)?;
    Ok(header.kid)
}

/// Whom a token says it is by, which nobody has checked: it chooses the keys.
#[must_use]
pub fn claimed_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let payload = token.split('.').nth(1).filter(|_| token.len() <= MAX_TOKEN_LENGTH)?;
    let issuer: Issuer = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    Some(issuer.iss)
}
