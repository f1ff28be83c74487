//! Tokens whose signatures this instance has checked before. A fan sends the same one with every request, and to check it
//! again would cost more than the rest of the answer. What the clock decides is judged anew each time, by the caller.

use std::{cell::RefCell, rc::Rc};

use sha2::{Digest, Sha256};

use super::recent::Recent;

/// Tokens of one kind that are surely remembered; some 2 MiB with as many older ones.
const REMEMBERED: usize = 4_096;

/// Claims by the SHA-256 of the whole token. The keys do not change during an instance's life.
pub(super) struct Verified<T>(RefCell<Recent<[u8; 32], Rc<T>>>);

impl<T> Verified<T> {
    pub(super) fn new() -> Verified<T> {
        Verified(RefCell::new(Recent::new(REMEMBERED)))
    }

    /// The claims of `token`, which `verify` has accepted now or before. What it refuses is not remembered.
    pub(super) fn claims<E>(&self, token: &str, verify: impl FnOnce(&str) -> Result<T, E>) -> Result<Rc<T>, E> {
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
        let verified = Verified::new();
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
