//! Accounts of somebody else's OpenID Connect issuer.

use super::{ConfigError, read::Variables};

pub(super) const OIDC_ISSUER: &str = "STANCHION_OIDC_ISSUER";
pub(super) const OIDC_AUDIENCE: &str = "STANCHION_OIDC_AUDIENCE";
pub(super) const OIDC_JWKS_URL: &str = "STANCHION_OIDC_JWKS_URL";

/// An OpenID Connect issuer.
pub struct Issuer {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What `aud` must contain.
    pub audience: String,
    /// Its JWK Set.
    pub keys_uri: http::Uri,
}

/// Where the first is there, the others must be.
pub(super) fn read<V: Fn(&str) -> Option<String>>(variables: &Variables<V>) -> Result<Option<Issuer>, ConfigError> {
    let Some(issuer) = variables.optional(OIDC_ISSUER) else {
        return Ok(None);
    };
    // A slash at the end of this one belongs to it.
    variables.url(OIDC_JWKS_URL, None)?;
    Ok(Some(Issuer {
        issuer,
        audience: variables.text(OIDC_AUDIENCE)?,
        keys_uri: variables.parsed(OIDC_JWKS_URL, str::parse)?,
    }))
}
