//! Ed25519 keys as JWK Sets (RFC 7517, RFC 8037), and what they sign: JWTs (RFC 7515, RFC 7519) and
//! detached signatures.
//!
//! The algorithm is always EdDSA. The header of a token chooses a key by `kid`, never the
//! algorithm.
//!
//! # Layout
//! * [`times`]: when a token holds.
//! * `compact`: a token in its parts. `jwk_set`: a set in its entries. `ed25519`: strict keys.

pub(crate) mod compact;
pub(crate) mod ed25519;
pub(crate) mod jwk_set;
pub mod times;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use compact::CompactJws;
use ed25519::{Ed25519Key, decode_32};

/// Most keys in one set of private keys. A rotation needs two.
pub const MAX_KEYS: usize = 8;
/// Most keys of a published set that are used. What comes after them is not looked at.
pub const MAX_PUBLISHED_KEYS: usize = 32;
/// Longest token that is parsed, in bytes.
pub const MAX_TOKEN_LENGTH: usize = 2048;
/// The algorithm in the header of our tokens.
const ALGORITHM: &str = "EdDSA";

/// One key of a JWK Set. The private part `d` is present only where the holder signs.
#[derive(Clone, Serialize, Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    kid: String,
    x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<String>,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    key_use: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// The header of a token that we sign.
#[derive(Serialize)]
struct OwnHeader<'a> {
    typ: &'a str,
    alg: &'static str,
    kid: &'a str,
}

/// A key set cannot be used, or a signature does not match. The sentence gives the reason without
/// showing key material.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JoseError {
    /// The text is not a JWK Set, or no key in it can be used.
    #[error("the key set cannot be used: {0}")]
    KeySet(&'static str),
    /// The token is no compact JWS, too long, of another algorithm or type, has critical extensions,
    /// or its `kid` is unknown.
    #[error("the token is of another kind")]
    Malformed,
    /// The signature does not match.
    #[error("the signature does not hold")]
    Signature,
    /// The signed claims are not what the reader expects.
    #[error("the claims are not the expected ones")]
    Claims,
}

/// Keys that sign. The first one signs and all are published, so that a key rotation drops nobody.
///
/// The key is kept as ed25519-dalek parsed it, because parsing it for every signature would double
/// the cost.
pub struct SigningKeys {
    kid: String,
    key: SigningKey,
    public: Vec<Jwk>,
}

/// Keys that verify, each with its `kid`.
pub struct VerifyingKeys {
    keys: Vec<(String, Ed25519Key)>,
}

/// Parses a set of Stanchion's own keys, in which nothing may be wrong.
fn parse_own_set(json: &str) -> Result<Vec<Jwk>, JoseError> {
    let set: JwkSet =
        serde_json::from_slice(json.as_bytes()).map_err(|_| JoseError::KeySet("not a JWK Set of OKP keys"))?;
    if set.keys.is_empty() || set.keys.len() > MAX_KEYS {
        return Err(JoseError::KeySet("a set holds 1 to 8 keys"));
    }
    for (index, key) in set.keys.iter().enumerate() {
        if key.kty != "OKP" || key.crv != "Ed25519" {
            return Err(JoseError::KeySet("only OKP keys on Ed25519 are used"));
        }
        if key.kid.is_empty() || set.keys[..index].iter().any(|other| other.kid == key.kid) {
            return Err(JoseError::KeySet("every key needs a kid of its own"));
        }
        Ed25519Key::parse(&key.x).map_err(JoseError::KeySet)?;
    }
    Ok(set.keys)
}

impl SigningKeys {
    /// Parses a JWK Set with private keys.
    ///
    /// # Errors
    /// [`JoseError::KeySet`] if it is not one, or if its first key has no private part that matches
    /// its public one.
    pub fn parse(json: &str) -> Result<SigningKeys, JoseError> {
        let mut public = parse_own_set(json)?;
        let seed = public[0]
            .d
            .take()
            .ok_or(JoseError::KeySet("the first key has no private part"))?;
        let key = SigningKey::from_bytes(&decode_32(&seed).map_err(JoseError::KeySet)?);
        // A private key beside another public key would sign tokens that nobody can verify. That is
        // found here and not later.
        if key.verifying_key().to_bytes() != decode_32(&public[0].x).map_err(JoseError::KeySet)? {
            return Err(JoseError::KeySet("private and public part do not match"));
        }
        for key in &mut public {
            key.d = None;
            key.key_use = Some("sig".to_owned());
            key.alg = Some(ALGORITHM.to_owned());
        }
        Ok(SigningKeys {
            kid: public[0].kid.clone(),
            key,
            public,
        })
    }

    /// The public keys as a JWK Set, to be served at `/.well-known/jwks.json`.
    #[must_use]
    pub fn public_jwks(&self) -> String {
        serde_json::to_string(&JwkSet {
            keys: self.public.clone(),
        })
        .expect("strings serialise")
    }

    /// The keys that verify what these sign.
    ///
    /// # Errors
    /// Never for a set that [`SigningKeys::parse`] accepted.
    pub fn verifying(&self) -> Result<VerifyingKeys, JoseError> {
        VerifyingKeys::parse(&self.public_jwks())
    }

    /// Signs `claims` as a compact JWS with this `typ` (RFC 7519).
    #[must_use]
    pub fn sign_claims<T: Serialize>(&self, typ: &str, claims: &T) -> String {
        let header = OwnHeader {
            typ,
            alg: ALGORITHM,
            kid: &self.kid,
        };
        let mut token = encoded(&header);
        token.push('.');
        token.push_str(&encoded(claims));
        let signature = self.signature(token.as_bytes());
        token.push('.');
        token.push_str(&signature);
        token
    }

    /// Makes a detached signature. Returns (`kid`, base64url of the 64 bytes of Ed25519).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> (String, String) {
        (self.kid.clone(), self.signature(message))
    }

    fn signature(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(message).to_bytes())
    }
}

/// A part of a compact JWS (RFC 7515, section 7.1).
fn encoded<T: Serialize>(part: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("headers and claims serialise"))
}

impl VerifyingKeys {
    /// No keys: they verify nothing.
    #[must_use]
    pub fn none() -> VerifyingKeys {
        VerifyingKeys { keys: Vec::new() }
    }

    /// Parses a JWK Set. Private parts, if any, are dropped. Entries that are no Ed25519 key for
    /// signatures, or have no `kid`, are left out.
    ///
    /// # Errors
    /// [`JoseError::KeySet`] if it is no JWK Set, or no key in it can be used.
    pub fn parse(json: &str) -> Result<VerifyingKeys, JoseError> {
        let entries = jwk_set::entries(json.as_bytes()).map_err(JoseError::KeySet)?;
        let keys: Vec<_> = entries
            .iter()
            .filter_map(|entry| Some((jwk_set::kid(entry)?.to_owned(), jwk_set::ed25519_key(entry)?)))
            .take(MAX_PUBLISHED_KEYS)
            .collect();
        if keys.is_empty() {
            return Err(JoseError::KeySet("it has no Ed25519 key with a kid"));
        }
        Ok(VerifyingKeys { keys })
    }

    /// Whether the set has a key of this name.
    #[must_use]
    pub fn has_key(&self, kid: &str) -> bool {
        self.named(kid).next().is_some()
    }

    /// The keys of this name. RFC 7517 (section 4.5) does not forbid that there are several.
    fn named(&self, kid: &str) -> impl Iterator<Item = &Ed25519Key> {
        self.keys
            .iter()
            .filter(move |(name, _)| name == kid)
            .map(|(_, key)| key)
    }

    /// Verifies that one of these keys signed a compact JWS of this `typ` with EdDSA, and returns
    /// its claims. Times are not checked, because the caller has the clock.
    ///
    /// # Errors
    /// The reason for which the token is refused.
    pub fn verify_claims<T: DeserializeOwned>(&self, typ: &str, token: &str) -> Result<T, JoseError> {
        let token = CompactJws::parse(token, MAX_TOKEN_LENGTH)?;
        if token.header.alg != ALGORITHM || !token.header.is_type(typ) {
            return Err(JoseError::Malformed);
        }
        let kid = token.header.kid.as_deref().ok_or(JoseError::Malformed)?;
        self.verify(kid, token.signed.as_bytes(), token.signature)?;
        token.claims()
    }

    /// Checks a detached signature.
    ///
    /// # Errors
    /// The `kid` is unknown, or the signature does not match.
    pub fn verify(&self, kid: &str, message: &[u8], signature: &str) -> Result<(), JoseError> {
        if !self.has_key(kid) {
            return Err(JoseError::Malformed);
        }
        match self.named(kid).any(|key| key.verifies(message, signature)) {
            true => Ok(()),
            false => Err(JoseError::Signature),
        }
    }
}

/// The key (`kid`) that a token names; `None` if it names none or is no token. Nobody has verified
/// it yet.
#[must_use]
pub fn named_key(token: &str) -> Option<String> {
    CompactJws::parse(token, MAX_TOKEN_LENGTH).ok()?.header.kid
}

#[cfg(test)]
mod tests;
