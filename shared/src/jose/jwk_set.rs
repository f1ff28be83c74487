//! A JWK Set as its publisher wrote it (RFC 7517): a list of entries, each of which may be a key
//! that is understood, one of another kind, or nothing at all.

use serde::Deserialize;
use serde_json::Value;

use super::ed25519::Ed25519Key;

/// Largest set that is read, in bytes.
pub(crate) const MAX_KEY_SET_BYTES: usize = 64 * 1024;
/// UTF-8's byte order mark, which some servers put before JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// The entries of a set. Each is judged by itself, so a bad one does not spoil the others (RFC
/// 7517, section 5).
///
/// # Errors
/// The text is too large, or not an object with a list `keys`.
pub(crate) fn entries(json: &[u8]) -> Result<Vec<Value>, &'static str> {
    if json.len() > MAX_KEY_SET_BYTES {
        return Err("it is too large");
    }
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let set: JwkSet = serde_json::from_slice(json).map_err(|_| "it is not a JWK Set")?;
    Ok(set.keys)
}

/// Whether an entry is a key for signatures: `use` and `key_ops` say it, or say nothing.
pub(crate) fn is_for_signatures(entry: &Value) -> bool {
    let verifies = |operations: &Value| {
        operations.as_array().is_some_and(|operations| {
            operations
                .iter()
                .any(|operation| operation == "verify" || operation == "sign")
        })
    };
    member(entry, "use").is_none_or(|what| what == "sig") && member(entry, "key_ops").is_none_or(verifies)
}

/// A member of an entry. One that is null says nothing: some publishers write null for what they
/// leave out.
pub(crate) fn member<'a>(entry: &'a Value, name: &str) -> Option<&'a Value> {
    entry.get(name).filter(|value| !value.is_null())
}

/// The Ed25519 key for signatures that an entry is, if it is one.
pub(crate) fn ed25519_key(entry: &Value) -> Option<Ed25519Key> {
    let is = |name: &str, wanted: &[&str]| {
        entry
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|said| wanted.contains(&said))
    };
    // RFC 9864 calls the algorithm Ed25519, RFC 8037 calls it EdDSA.
    let algorithm = member(entry, "alg").is_none() || is("alg", &["EdDSA", "Ed25519"]);
    if !is("kty", &["OKP"]) || !is("crv", &["Ed25519"]) || !algorithm || !is_for_signatures(entry) {
        return None;
    }
    Ed25519Key::parse(entry.get("x")?.as_str()?).ok()
}

/// The name of a key; `None` if it has none.
pub(crate) fn kid(entry: &Value) -> Option<&str> {
    entry.get("kid").and_then(Value::as_str).filter(|kid| !kid.is_empty())
}
