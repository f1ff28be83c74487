//! Visitors: browsers without an account, where an event lets them join. Only a signed cookie
//! identifies them.

use std::rc::Rc;

use http::HeaderMap;
use stanchion_shared::account_token::AccountClaims;

use super::verified_tokens::VerifiedTokens;
use crate::{
    app::http::cookie::{self, Cookie},
    platform::{HttpRequest, Platform},
};

/// `iss` of a visitor. No account has this issuer, so no visitor is taken for an account.
const ISSUER: &str = "visitor";
/// `typ` of a visitor's token.
const TOKEN_TYPE: &str = "visitor+jwt";
/// How long a browser stays the same visitor, in seconds.
const LIFE_SECONDS: u64 = 30 * 24 * 3600;

thread_local! {
    static VISITORS: VerifiedTokens<AccountClaims> = VerifiedTokens::new();
}

/// The visitor whom the request's cookie names; `None` without such a cookie or when it has
/// expired.
pub(crate) fn of<P: Platform>(platform: &P, request: &HttpRequest) -> Option<Rc<AccountClaims>> {
    let keys = &platform.config().shop_keys;
    let judge = |token: &str| {
        let claims = VISITORS
            .with(|visitors| visitors.claims(token, |token| keys.verify_claims::<AccountClaims>(TOKEN_TYPE, token)));
        claims
            .ok()
            .filter(|claims| claims.check(ISSUER, platform.now()).is_ok())
    };
    cookie::values(platform, request, Cookie::Visitor).find_map(judge)
}

/// Makes a new visitor, and the token that names them.
pub(crate) fn new<P: Platform>(platform: &P) -> (AccountClaims, String) {
    let mut subject = [0; 16];
    platform.random(&mut subject);
    let now = platform.now().floor_seconds();
    let claims = AccountClaims::new(ISSUER, &hex::encode(subject), now, now + LIFE_SECONDS);
    let token = platform.config().signing_keys.sign_claims(TOKEN_TYPE, &claims);
    (claims, token)
}

/// Sets the cookie by which the browser stays the same visitor.
pub(crate) fn remember<P: Platform>(platform: &P, headers: &mut HeaderMap, token: &str) {
    cookie::set(platform, headers, Cookie::Visitor, token, LIFE_SECONDS);
}
