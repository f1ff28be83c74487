//! A compact JWS (RFC 7515, section 7.1), taken apart and not verified yet.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use super::JoseError;

/// The header, as far as it is looked at. A member that is there twice is refused (RFC 7515,
/// section 4).
#[derive(Deserialize)]
pub(crate) struct JoseHeader {
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) typ: Option<String>,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    /// Whether there is a member `crit`, whatever its value.
    #[serde(default, rename = "crit", deserialize_with = "present")]
    has_crit: bool,
}

/// A token in its parts.
pub(crate) struct CompactJws<'a> {
    pub(crate) header: JoseHeader,
    /// What is signed: the first two parts with the dot between them.
    pub(crate) signed: &'a str,
    payload: &'a str,
    /// The signature in base64url.
    pub(crate) signature: &'a str,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> CompactJws<'a> {
    /// Takes a token of at most `most_bytes` apart.
    ///
    /// # Errors
    /// [`JoseError::Malformed`]: it is too long, not three parts, or its header cannot be read or
    /// has `crit`. No extension is understood here, so each one that is critical is refused (RFC
    /// 7515, section 4.1.11).
    pub(crate) fn parse(token: &'a str, most_bytes: usize) -> Result<CompactJws<'a>, JoseError> {
        if token.len() > most_bytes {
            return Err(JoseError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JoseError::Malformed)?;
        if payload.contains('.') {
            return Err(JoseError::Malformed);
        }
        let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JoseError::Malformed)?;
        let header: JoseHeader = serde_json::from_slice(&header).map_err(|_| JoseError::Malformed)?;
        if header.has_crit {
            return Err(JoseError::Malformed);
        }
        Ok(CompactJws {
            header,
            signed,
            payload,
            signature,
        })
    }

    /// The claims. The caller has verified the signature.
    ///
    /// # Errors
    /// [`JoseError::Malformed`]: the payload is not base64url. [`JoseError::Claims`]: it is not the
    /// expected JSON.
    pub(crate) fn claims<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        let payload = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| JoseError::Malformed)?;
        serde_json::from_slice(&payload).map_err(|_| JoseError::Claims)
    }
}

impl JoseHeader {
    /// Whether `typ` is this media type. `application/` before it may be left out, and the case of
    /// the letters does not count (RFC 7515, section 4.1.9).
    pub(crate) fn is_type(&self, expected: &str) -> bool {
        self.typ
            .as_deref()
            .is_some_and(|typ| media_type(typ).eq_ignore_ascii_case(media_type(expected)))
    }
}

fn media_type(typ: &str) -> &str {
    const APPLICATION: &str = "application/";
    match typ.get(..APPLICATION.len()) {
        Some(start) if start.eq_ignore_ascii_case(APPLICATION) => &typ[APPLICATION.len()..],
        _ => typ,
    }
}
