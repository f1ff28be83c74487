//! Tokens whose signatures this instance has verified before. A fan sends the same token with every
//! request, and verifying it again would cost more than the rest of the request. What depends on
//! the clock is for the user of this file to judge anew each time.

use std::{cell::RefCell, rc::Rc};

use sha2::{Digest, Sha256};

use crate::app::cache::lru::Lru;

/// Tokens of one kind that are surely remembered. With as many older ones they take some 2 MiB.
const REMEMBERED: usize = 4_096;

/// Claims by the SHA-256 of the whole token. An instance's keys never change.
pub(crate) struct VerifiedTokens<T>(RefCell<Lru<[u8; 32], Rc<T>>>);

impl<T> VerifiedTokens<T> {
    pub(crate) fn new() -> VerifiedTokens<T> {
        VerifiedTokens(RefCell::new(Lru::new(REMEMBERED)))
    }

    /// The claims of `token`, which `verify` accepts now or accepted before. A token that it
    /// refuses is not remembered.
    pub(crate) fn claims<E>(&self, token: &str, verify: impl FnOnce(&str) -> Result<T, E>) -> Result<Rc<T>, E> {
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.0.borrow_mut().find(&digest) {
            return Ok(claims);
        }
        let claims = Rc::new(verify(token)?);
        self.0.borrow_mut().put(digest, Rc::clone(&claims));
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_verified_once_and_a_refused_one_every_time() {
        let verified = VerifiedTokens::new();
        let mut asked = 0;
        let mut ask = |token: &str| {
            verified.claims(token, |token| {
                asked += 1;
                if token == "good" { Ok(1) } else { Err("forged") }
            })
        };
        assert_eq!([ask("good"), ask("good")], [Ok(Rc::new(1)), Ok(Rc::new(1))]);
        assert_eq!([ask("Good"), ask("Good")], [Err("forged"), Err("forged")]);
        assert_eq!(asked, 3);
    }
}
