//! Ed25519 keys as JWK Sets (RFC 7517, RFC 8037), and what is signed with them: JWTs and detached signatures.
//!
//! The algorithm is pinned to EdDSA: a token's header chooses a key by `kid`, never the algorithm.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, crypto, errors::ErrorKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Most keys in one set; a rotation needs two.
pub const MAX_KEYS: usize = 8;
/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN_LENGTH: usize = 2048;

/// One key of a JWK Set. `d`, the private part, is present only where the holder signs.
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

/// A key set cannot be used, or a signature does not hold. The sentence says why, without showing key material.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JoseError {
    /// The JWK Set is not one, or a key in it is not Ed25519.
    #[error("the key set cannot be used: {0}")]
    KeySet(&'static str),
    /// Not a compact JWS, too long, another algorithm, or an unknown `kid`.
    #[error("the token is not one of ours")]
    Malformed,
    /// The signature does not match.
    #[error("the signature does not hold")]
    Signature,
    /// The signed claims are not what the reader expects.
    #[error("the claims are not the expected ones")]
    Claims,
}

/// Keys that sign. The first signs; all are published, so that a rotation drops nobody.
///
/// The key is kept as ed25519-dalek parsed it: jsonwebtoken parses it for every signature, which costs as much again.
pub struct SigningKeys {
    kid: String,
    key: SigningKey,
    public: Vec<Jwk>,
}

/// Keys that verify, by `kid`.
pub struct VerifyingKeys {
    keys: Vec<(String, DecodingKey)>,
}

fn decode_32(text: &str) -> Result<[u8; 32], JoseError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| JoseError::KeySet("a key is not base64url"))?;
    bytes
        .try_into()
        .map_err(|_| JoseError::KeySet("an Ed25519 key has 32 bytes"))
}

fn parse_set(json: &str) -> Result<Vec<Jwk>, JoseError> {
    let set: JwkSet = serde_json::from_str(json).map_err(|_| JoseError::KeySet("not a JWK Set of OKP keys"))?;
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
        decode_32(&key.x)?;
    }
    Ok(set.keys)
}

impl SigningKeys {
    /// Reads a JWK Set with private keys.
    ///
    /// # Errors
    /// [`JoseError::KeySet`] if it is not one, or its first key has no private part that matches its public one.
    pub fn parse(json: &str) -> Result<SigningKeys, JoseError> {
        let mut public = parse_set(json)?;
        let seed = public[0]
            .d
            .take()
            .ok_or(JoseError::KeySet("the first key has no private part"))?;
        let key = SigningKey::from_bytes(&decode_32(&seed)?);
        // A private key beside somebody else's public key would sign tokens that nobody can verify: found here, not later.
        if key.verifying_key().to_bytes() != decode_32(&public[0].x)? {
            return Err(JoseError::KeySet("private and public part do not match"));
        }
        for key in &mut public {
            key.d = None;
            key.key_use = Some("sig".to_owned());
            key.alg = Some("EdDSA".to_owned());
        }
        Ok(SigningKeys {
            kid: public[0].kid.clone(),
            key,
            public,
        })
    }

    /// The public part as a JWK Set, to be served at `/.well-known/jwks.json`.
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

    /// A compact JWS over `claims`, `typ` as given (RFC 7519).
    #[must_use]
    pub fn sign_claims<T: Serialize>(&self, typ: &str, claims: &T) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid.clone());
        let mut token = encoded(&header);
        token.push('.');
        token.push_str(&encoded(claims));
        let signature = self.signature(token.as_bytes());
        token.push('.');
        token.push_str(&signature);
        token
    }

    /// A detached signature: (`kid`, base64url of the 64 bytes of Ed25519).
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
    /// Reads a JWK Set; private parts, if any, are not kept.
    ///
    /// # Errors
    /// [`JoseError::KeySet`] if it is not a set of Ed25519 keys.
    pub fn parse(json: &str) -> Result<VerifyingKeys, JoseError> {
        let keys = parse_set(json)?
            .into_iter()
            .map(|key| Ok((key.kid, DecodingKey::from_ed_der(&decode_32(&key.x)?))))
            .collect::<Result<_, JoseError>>()?;
        Ok(VerifyingKeys { keys })
    }

    fn find(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.iter().find(|(name, _)| name == kid).map(|(_, key)| key)
    }

    /// The claims of a compact JWS that one of these keys signed with EdDSA and that says it is a `typ`. Times are not
    /// judged here: the caller has the clock.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify_claims<T: DeserializeOwned>(&self, typ: &str, token: &str) -> Result<T, JoseError> {
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(JoseError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| JoseError::Malformed)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(typ) {
            return Err(JoseError::Malformed);
        }
        let key = header
            .kid
            .as_deref()
            .and_then(|kid| self.find(kid))
            .ok_or(JoseError::Malformed)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        jsonwebtoken::decode(token, key, &validation)
            .map(|data| data.claims)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => JoseError::Signature,
                ErrorKind::Base64(_) => JoseError::Malformed,
                _ => JoseError::Claims,
            })
    }

    /// Checks a detached signature.
    ///
    /// # Errors
    /// Unknown `kid`, or the signature does not match.
    pub fn verify(&self, kid: &str, message: &[u8], signature: &str) -> Result<(), JoseError> {
        let key = self.find(kid).ok_or(JoseError::Malformed)?;
        match crypto::verify(signature, message, key, Algorithm::EdDSA) {
            Ok(true) => Ok(()),
            _ => Err(JoseError::Signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The key pair of RFC 8037, appendix A.
    const RFC8037: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    #[test]
    fn a_signature_equals_the_one_in_rfc_8037() {
        let keys = SigningKeys::parse(RFC8037).unwrap();
        let (_, signature) = keys.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        assert_eq!(
            signature,
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn the_published_set_has_no_private_part() {
        assert!(!SigningKeys::parse(RFC8037).unwrap().public_jwks().contains("\"d\""));
    }

    #[test]
    fn unusable_sets_are_refused_with_a_reason() {
        let swapped = RFC8037.replace("nWGxne", "nWGxnf");
        let short = RFC8037.replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "11qYAYKx");
        let public = RFC8037.replace("\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",", "");
        for set in [
            swapped.as_str(),
            short.as_str(),
            public.as_str(),
            "{}",
            r#"{"keys":[]}"#,
            "nonsense",
        ] {
            assert!(matches!(SigningKeys::parse(set), Err(JoseError::KeySet(_))), "{set}");
        }
    }

    #[test]
    fn only_our_signature_algorithm_type_and_key_are_accepted() {
        let signing = SigningKeys::parse(RFC8037).unwrap();
        let verifying = signing.verifying().unwrap();
        let claims = serde_json::json!({"n": 1});
        let token = signing.sign_claims("test+jwt", &claims);
        assert_eq!(
            verifying.verify_claims::<serde_json::Value>("test+jwt", &token),
            Ok(claims.clone())
        );
        assert_eq!(
            verifying.verify_claims::<serde_json::Value>("other+jwt", &token),
            Err(JoseError::Malformed)
        );

        let payload = token.split('.').nth(1).unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"test+jwt","kid":"a"}"#);
        let hmac = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"test+jwt","kid":"a"}"#);
        let stranger = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"test+jwt","kid":"b"}"#);
        for header in [none, hmac, stranger] {
            let signature = token.rsplit('.').next().unwrap();
            for forged in [
                format!("{header}.{payload}."),
                format!("{header}.{payload}.{signature}"),
            ] {
                assert_eq!(
                    verifying.verify_claims::<serde_json::Value>("test+jwt", &forged),
                    Err(JoseError::Malformed)
                );
            }
        }
        let other_claims = URL_SAFE_NO_PAD.encode(r#"{"n":2}"#);
        assert_eq!(
            verifying.verify_claims::<serde_json::Value>("test+jwt", &token.replace(payload, &other_claims)),
            Err(JoseError::Signature)
        );
    }
}
