//! The OpenID Connect issuer whose accounts are accepted beside the origin's.

use super::variables::{ConfigError, Variables};

pub(super) const OIDC_ISSUER: &str = "STANCHION_OIDC_ISSUER";
pub(super) const OIDC_AUDIENCE: &str = "STANCHION_OIDC_AUDIENCE";
pub(super) const OIDC_JWKS_URL: &str = "STANCHION_OIDC_JWKS_URL";

/// An OpenID Connect issuer.
pub struct OidcConfig {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What `aud` must contain.
    pub audience: String,
    /// Where it publishes its JWK Set.
    pub keys_uri: http::Uri,
}

/// Reads the three variables: where the issuer is set, the others must be, too.
pub(super) fn read<V: Fn(&str) -> Option<String>>(variables: &Variables<V>) -> Result<Option<OidcConfig>, ConfigError> {
    let Some(issuer) = variables.optional(OIDC_ISSUER) else {
        return Ok(None);
    };
    // A slash at the end belongs to this address, so only its scheme is checked here.
    variables.url(OIDC_JWKS_URL, None)?;
    Ok(Some(OidcConfig {
        issuer,
        audience: variables.text(OIDC_AUDIENCE)?,
        keys_uri: variables.parsed(OIDC_JWKS_URL, str::parse)?,
    }))
}
