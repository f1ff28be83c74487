//! Visitors: browsers without an account, where an event lets them join. A signed cookie is all they are.

use stanchion_shared::account::AccountClaims;

use super::{cookie, verified::Verified};
use crate::platform::{HttpRequest, HttpResponse, Platform};

/// `iss` of a visitor: no account's issuer, so nobody is taken for another.
const ISSUER: &str = "visitor";
/// `typ` of a visitor's token.
const TOKEN_TYPE: &str = "visitor+jwt";
/// A visitor is the same for this long, in seconds.
const LIFE_SECONDS: u64 = 30 * 24 * 3600;

thread_local! {
    static VISITORS: Verified<AccountClaims> = Verified::new();
}

/// Who a request's cookie says it is; `None` without a cookie of ours that is still good.
pub(super) fn known<P: Platform>(platform: &P, request: &HttpRequest) -> Option<std::rc::Rc<AccountClaims>> {
    let token = cookie::find(request, cookie::VISITOR)?;
    let keys = &platform.config().shop_keys;
    let claims = VISITORS
        .with(|visitors| visitors.claims(token, |token| keys.verify_claims::<AccountClaims>(TOKEN_TYPE, token)));
    claims
        .ok()
        .filter(|claims| claims.judge(ISSUER, platform.now()).is_ok())
}

/// A new visitor, and the token that says who they are.
pub(super) fn new<P: Platform>(platform: &P) -> (AccountClaims, String) {
    let mut subject = [0; 16];
    platform.random(&mut subject);
    let now = platform.now().floor_seconds();
    let claims = AccountClaims {
        iss: ISSUER.to_owned(),
        sub: hex::encode(subject),
        iat: now,
        exp: now + LIFE_SECONDS,
    };
    let token = platform.config().signing_keys.sign_claims(TOKEN_TYPE, &claims);
    (claims, token)
}

/// Lets the browser keep who it is.
pub(super) fn remember<P: Platform>(platform: &P, answer: &mut HttpResponse, token: &str) {
    cookie::set(platform, answer, cookie::VISITOR, token, LIFE_SECONDS);
}
