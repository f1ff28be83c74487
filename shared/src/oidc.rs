//! Accounts of an OpenID Connect issuer (OpenID Connect Core 1.0): its tokens, checked with the
//! keys that it publishes (RFC 7517).
//!
//! The key chooses the algorithm, never the header of the token: RS256 for RSA, ES256 for P-256,
//! EdDSA for Ed25519.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, crypto,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    account_token::{AccountClaims, AccountError},
    jose::{
        compact::{CompactJws, JoseHeader},
        ed25519::Ed25519Key,
        jwk_set, times,
    },
};

/// Most keys of an issuer that are used.
pub const MAX_KEYS: usize = 32;
/// Longest token in bytes. Issuers put names and roles into tokens.
pub const MAX_TOKEN_LENGTH: usize = 8 * 1024;
/// Shortest modulus of an RSA key, in bytes (NIST SP 800-131A: 2048 bits).
const SHORTEST_RSA: usize = 256;

/// Types of tokens that an issuer signs with the same keys and that prove no account (RFC 8725,
/// section 3.11).
const OTHER_TYPES: [&str; 3] = ["logout+jwt", "secevent+jwt", "dpop+jwt"];

/// The keys that an issuer publishes, as far as they can be used.
#[derive(Default)]
pub struct IssuerKeys {
    keys: Vec<IssuerKey>,
}

struct IssuerKey {
    kid: Option<String>,
    key: PublicKey,
}

/// A key with the one algorithm for which it is used.
enum PublicKey {
    Rs256(DecodingKey),
    Es256(DecodingKey),
    Ed25519(Ed25519Key),
}

/// The key set cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the issuer's key set cannot be used: {0}")]
pub struct IssuerKeysError(&'static str);

/// The issuer and the audience that a token must have.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedToken<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// One of `aud`: the client id under which the issuer knows this site.
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
    #[serde(deserialize_with = "times::numeric_date")]
    iat: u64,
    #[serde(default, deserialize_with = "times::not_before")]
    nbf: Option<u64>,
    #[serde(deserialize_with = "times::numeric_date")]
    exp: u64,
}

/// The key that an entry of the set is, if it is one that can be used.
fn usable(entry: &Value) -> Option<IssuerKey> {
    let kid = jwk_set::kid(entry).map(str::to_owned);
    if let Some(key) = jwk_set::ed25519_key(entry) {
        let key = PublicKey::Ed25519(key);
        return Some(IssuerKey { kid, key });
    }
    if !jwk_set::is_for_signatures(entry) {
        return None;
    }
    // Only what makes the key: a member that says nothing of it, or is null, does not spoil it.
    let names = ["kty", "crv", "x", "y", "n", "e", "alg"];
    let members = names.map(|name| Some((name.to_owned(), jwk_set::member(entry, name)?.clone())));
    let jwk: Jwk = serde_json::from_value(Value::Object(members.into_iter().flatten().collect())).ok()?;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if key.n.len() * 3 / 4 >= SHORTEST_RSA => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    // A key that names its algorithm is used for no other.
    let said = jwk.common.key_algorithm.map(|said| said.to_string());
    if said.is_some_and(|said| said != format!("{algorithm:?}")) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let key = match algorithm {
        Algorithm::RS256 => PublicKey::Rs256(key),
        _ => PublicKey::Es256(key),
    };
    Some(IssuerKey { kid, key })
}

impl PublicKey {
    /// Whether a token has this key's algorithm in its header, and its signature.
    fn verifies(&self, token: &CompactJws<'_>) -> bool {
        let by_library = |key, algorithm| {
            crypto::verify(token.signature, token.signed.as_bytes(), key, algorithm).is_ok_and(|holds| holds)
        };
        match (self, token.header.alg.as_str()) {
            (PublicKey::Rs256(key), "RS256") => by_library(key, Algorithm::RS256),
            (PublicKey::Es256(key), "ES256") => by_library(key, Algorithm::ES256),
            // RFC 9864 calls the algorithm Ed25519, RFC 8037 calls it EdDSA.
            (PublicKey::Ed25519(key), "EdDSA" | "Ed25519") => key.verifies(token.signed.as_bytes(), token.signature),
            _ => false,
        }
    }
}

impl IssuerKeys {
    /// Parses a JWK Set. An issuer may publish keys of other kinds, and entries that are no keys;
    /// they are left out.
    ///
    /// # Errors
    /// It is not a JWK Set, it is too large, or no key in it can be used.
    pub fn parse(json: &[u8]) -> Result<IssuerKeys, IssuerKeysError> {
        let entries = jwk_set::entries(json).map_err(IssuerKeysError)?;
        let keys: Vec<_> = entries.iter().filter_map(usable).take(MAX_KEYS).collect();
        if keys.is_empty() {
            return Err(IssuerKeysError("it has no key for RS256, ES256 or EdDSA"));
        }
        Ok(IssuerKeys { keys })
    }

    /// Whether the set has the key that a token names ([`named_key`]). If not, the issuer may have
    /// published a new key.
    #[must_use]
    pub fn has_key(&self, named: Option<&str>) -> bool {
        self.find(named).next().is_some()
    }

    /// The keys that a token may be signed with. Keys of different kinds may have one name (RFC 7517,
    /// section 4.5). A token may name no key if the set has only one.
    fn find(&self, named: Option<&str>) -> impl Iterator<Item = &PublicKey> {
        let only_one = self.keys.len() == 1;
        let fits = move |key: &&IssuerKey| match named {
            Some(_) => key.kid.as_deref() == named,
            None => only_one,
        };
        self.keys.iter().filter(fits).map(|key| &key.key)
    }

    /// Verifies the signature, issuer and audience, and returns the account. It identifies nobody
    /// until [`AccountClaims::check`] has checked the times.
    ///
    /// # Errors
    /// [`AccountError::Invalid`]: the form, key, algorithm, signature, issuer or audience is wrong.
    pub fn verify_signature(&self, token: &str, expected: ExpectedToken<'_>) -> Result<AccountClaims, AccountError> {
        let token = CompactJws::parse(token, MAX_TOKEN_LENGTH)?;
        if OTHER_TYPES.iter().any(|other| token.header.is_type(other)) {
            return Err(AccountError::Invalid);
        }
        if !self.find(token.header.kid.as_deref()).any(|key| key.verifies(&token)) {
            return Err(AccountError::Invalid);
        }
        let claims: Claims = token.claims()?;
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
            nbf: claims.nbf,
            exp: claims.exp,
            account: None,
        })
    }
}

/// The key (`kid`) that a token names; `None` if it names none. Nobody has verified it yet.
///
/// # Errors
/// [`AccountError::Invalid`]: it is no token, or too long.
pub fn named_key(token: &str) -> Result<Option<String>, AccountError> {
    let JoseHeader { kid, .. } = CompactJws::parse(token, MAX_TOKEN_LENGTH)?.header;
    Ok(kid)
}

/// The issuer that a token names. Nobody has verified it; it only chooses the keys.
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

#[cfg(test)]
mod tests;
