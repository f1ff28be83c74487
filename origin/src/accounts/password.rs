//! Passwords are hashed with argon2id on threads of their own. The number of hashes that run or
//! wait is bounded.
//!
//! A hash takes 19 MiB and some 20 ms of a core (argon2's defaults, OWASP's first recommendation).
//! Without a bound a wave of sign-ins would take all memory, so a request that finds no room to
//! wait is refused at once.

use std::sync::{Arc, OnceLock};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier, phc::PasswordHash},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use super::AccountsError;
use crate::error::{InternalError, InvalidField};

/// Shortest password, in bytes (NIST SP 800-63B, section 3.1.1.2).
const MIN_LENGTH: usize = 8;
/// Longest password, in bytes.
const MAX_LENGTH: usize = 128;
/// Hashes computed at once.
pub const MAX_HASHES_AT_ONCE: usize = 4;
/// Requests that may wait for their hash. Two cores work them off in two to three seconds.
pub const MAX_HASHES_WAITING: usize = 128;

/// A password in the clear; it is never stored, logged or shown.
pub(super) struct Password(String);

impl Password {
    /// # Errors
    /// The sentence names the field, unless it has [`MIN_LENGTH`] to [`MAX_LENGTH`] bytes.
    pub(super) fn parse(text: String) -> Result<Password, InvalidField> {
        if (MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) {
            Ok(Password(text))
        } else {
            Err(InvalidField::new(format!(
                "password must have {MIN_LENGTH} to {MAX_LENGTH} bytes."
            )))
        }
    }

    /// For a sign-in: a password outside of the limits is simply wrong, and is found out at the
    /// same cost. The limit of the body bounds its length.
    pub(super) fn unchecked(text: String) -> Password {
        Password(text)
    }
}

/// Hashes and verifies passwords; one per process.
pub(super) struct PasswordHasher {
    /// One permit for each hash that runs or waits. A request without a permit is refused.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// The hash to compare with when there is no such account, so that both answers take the same
    /// time.
    nobody: Arc<OnceLock<String>>,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        PasswordHasher::new(MAX_HASHES_AT_ONCE, MAX_HASHES_WAITING)
    }
}

impl PasswordHasher {
    fn new(at_once: usize, waiting: usize) -> PasswordHasher {
        PasswordHasher {
            admitted: Arc::new(Semaphore::new(at_once + waiting)),
            running: Arc::new(Semaphore::new(at_once)),
            nobody: Arc::default(),
        }
    }

    async fn permit(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), AccountsError> {
        let admitted = self
            .admitted
            .clone()
            .try_acquire_owned()
            .map_err(|_| AccountsError::TooManyHashes)?;
        let running = self.running.clone().acquire_owned().await.map_err(InternalError::new)?;
        Ok((admitted, running))
    }

    /// The PHC string of `password` with a fresh salt.
    ///
    /// # Errors
    /// [`AccountsError::TooManyHashes`].
    pub(super) async fn hash(&self, password: Password) -> Result<String, AccountsError> {
        let permit = self.permit().await?;
        // The permit moves into the task: the hash of a request that was given up is still
        // computed, and must still count.
        spawn_blocking(move || {
            let _permit = permit;
            hash(&password)
        })
        .await
        .map_err(InternalError::new)?
    }

    /// Whether `hash` was made of `password`. Without a hash the answer is false, after the same
    /// time.
    ///
    /// # Errors
    /// [`AccountsError::TooManyHashes`].
    pub(super) async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, AccountsError> {
        let permit = self.permit().await?;
        let nobody = self.nobody.clone();
        spawn_blocking(move || {
            let _permit = permit;
            let known = hash.is_some();
            let hash = match hash {
                Some(hash) => hash,
                None => nobody_hash(&nobody)?,
            };
            let parsed = PasswordHash::new(&hash).map_err(InternalError::new)?;
            let holds = Argon2::default()
                .verify_password(password.0.as_bytes(), &parsed)
                .is_ok();
            Ok(known && holds)
        })
        .await
        .map_err(InternalError::new)?
    }
}

fn hash(password: &Password) -> Result<String, AccountsError> {
    let hash = Argon2::default()
        .hash_password(password.0.as_bytes())
        .map_err(InternalError::new)?;
    Ok(hash.to_string())
}

fn nobody_hash(nobody: &OnceLock<String>) -> Result<String, AccountsError> {
    if let Some(hash) = nobody.get() {
        return Ok(hash.clone());
    }
    let made = hash(&Password("nobody's password".to_owned()))?;
    Ok(nobody.get_or_init(|| made).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn a_password_has_both_its_limits() {
        for (length, fits) in [(7, false), (8, true), (128, true), (129, false)] {
            assert_eq!(Password::parse("p".repeat(length)).is_ok(), fits, "{length}");
        }
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_the_recommended_cost_and_verifies_only_its_password() {
        let passwords = PasswordHasher::default();
        let hash = passwords.hash(password("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(
            passwords
                .verify(password("correct horse"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!passwords.verify(password("battery staple"), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobodys_password_signs_nobody_in() {
        assert!(
            !PasswordHasher::default()
                .verify(password("nobody's password"), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn who_finds_no_room_to_wait_is_turned_away_at_once() {
        let passwords = PasswordHasher::new(1, 1);
        let held = (
            passwords.permit().await.unwrap(),
            passwords.admitted.clone().try_acquire_owned().unwrap(),
        );
        let error = passwords.hash(password("correct horse")).await.unwrap_err();
        assert!(matches!(error, AccountsError::TooManyHashes), "{error}");
        drop(held);
        assert!(passwords.hash(password("correct horse")).await.is_ok());
    }
}
