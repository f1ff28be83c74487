//! `GET /.well-known/jwks.json`: the public keys of what the edge signs.

use http::StatusCode;

use crate::{
    app::http::response::bytes,
    platform::{HttpResponse, Platform},
};

const FIVE_MINUTES: &str = "public, max-age=300";

pub(crate) fn get<P: Platform>(platform: &P) -> HttpResponse {
    let jwks = platform.config().signing_keys.public_jwks().into_bytes();
    bytes(StatusCode::OK, jwks, "application/jwk-set+json", FIVE_MINUTES)
}
