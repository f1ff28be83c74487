//! Ed25519 as strictly as RFC 8032 allows: one key and one message have the signatures that the
//! key's holder made, and no others.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Signature, VerifyingKey};

/// A public key.
///
/// A key of small order verifies a signature of any message, so its holder could disown what it
/// signed. Such keys are refused, as are keys in another encoding than the canonical one.
#[derive(Clone)]
pub(crate) struct Ed25519Key(VerifyingKey);

impl Ed25519Key {
    /// Reads the member `x` of a JWK (RFC 8037).
    ///
    /// # Errors
    /// The reason for which it is no key.
    pub(crate) fn parse(x: &str) -> Result<Ed25519Key, &'static str> {
        let bytes: [u8; PUBLIC_KEY_LENGTH] = decode_32(x)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "a key is not a point of Ed25519")?;
        let canonical = key.to_edwards().compress().to_bytes() == bytes;
        if key.is_weak() || !canonical {
            return Err("a key is of small order or not in its canonical form");
        }
        Ok(Ed25519Key(key))
    }

    /// Whether `signature` (base64url without padding) is this key's for `message`. A signature of
    /// small order or in another form than the canonical one is not.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let bytes: Option<[u8; SIGNATURE_LENGTH]> = URL_SAFE_NO_PAD
            .decode(signature)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        bytes.is_some_and(|bytes| self.0.verify_strict(message, &Signature::from_bytes(&bytes)).is_ok())
    }
}

/// Decodes 32 bytes of base64url.
pub(super) fn decode_32(text: &str) -> Result<[u8; 32], &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| "a key is not base64url")?;
    bytes.try_into().map_err(|_| "an Ed25519 key has 32 bytes")
}
