//! The one door to Redis: a command, or a script by its digest. Behind it is the runtime's
//! connection, or a native client in the tests.

use std::sync::OnceLock;

use sha1::{Digest, Sha1};

use super::{reply::Reply, value::Value};
use crate::platform::StoreError;

/// A connection to Redis.
pub trait Redis {
    /// Sends one command. Its reply comes flat, arrays within arrays joined. If the answer is lost,
    /// the command may be sent once more: every command of this store can be repeated.
    fn execute(&self, command: &str, arguments: Vec<Vec<u8>>) -> impl Future<Output = Result<Vec<Value>, RedisError>>;
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// The script must be sent whole first.
    #[error("Redis does not know the script")]
    NoScript,
    /// Everything else; the sentence is Redis's or the connection's.
    #[error("Redis: {0}")]
    Failed(String),
}

impl RedisError {
    /// From the text of Redis or of a client library. Libraries show the error's code in different
    /// ways.
    #[must_use]
    pub fn of_text(text: &str) -> RedisError {
        if text.to_ascii_uppercase().replace('_', "").contains("NOSCRIPT") {
            RedisError::NoScript
        } else {
            RedisError::Failed(text.to_owned())
        }
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        StoreError(error.to_string())
    }
}

/// A script and its name among all that Redis knows.
pub(super) struct Script {
    source: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    pub(super) const fn new(source: &'static str) -> Script {
        Script {
            source,
            digest: OnceLock::new(),
        }
    }

    fn digest(&self) -> &str {
        self.digest
            .get_or_init(|| hex::encode(Sha1::digest(self.source.as_bytes())))
    }
}

/// A script of the parts given, as one text.
macro_rules! script {
    ($($part:literal),+) => {
        $crate::spin::store::command::Script::new(concat!($(include_str!(concat!("scripts/", $part))),+))
    };
}
pub(super) use script;

/// Runs a script over `keys`, which are all in one hash slot. A Redis that does not know it (a new
/// one, or after a restart) is sent it whole.
pub(super) async fn run<R: Redis>(
    redis: &R,
    script: &Script,
    keys: &[String],
    arguments: Vec<Vec<u8>>,
) -> Result<Reply, StoreError> {
    let with = |first: &str| {
        let mut all = vec![first.as_bytes().to_vec(), keys.len().to_string().into_bytes()];
        all.extend(keys.iter().map(|key| key.clone().into_bytes()));
        all.extend(arguments.iter().cloned());
        all
    };
    let answered = match redis.execute("EVALSHA", with(script.digest())).await {
        Err(RedisError::NoScript) => redis.execute("EVAL", with(script.source)).await,
        answered => answered,
    };
    Ok(Reply::new(answered?))
}

/// Sends a plain command.
pub(super) async fn plain<R: Redis>(redis: &R, command: &str, arguments: &[&[u8]]) -> Result<Reply, StoreError> {
    let arguments = arguments.iter().map(|one| one.to_vec()).collect();
    Ok(Reply::new(redis.execute(command, arguments).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_named_as_redis_names_it() {
        // What Redis 7.0 answers to SCRIPT LOAD "return 1".
        assert_eq!(
            Script::new("return 1").digest(),
            "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        );
    }

    #[test]
    fn an_unknown_script_is_known_as_such_however_a_library_shows_it() {
        for text in [
            "NOSCRIPT No matching script. Please use EVAL.",
            "NoScriptError: No matching script. Please use EVAL.",
            "An error was signalled by the server - NoScriptError: No matching script.",
        ] {
            assert_eq!(RedisError::of_text(text), RedisError::NoScript, "{text}");
        }
        let other = RedisError::of_text("LOADING Redis is loading the dataset in memory");
        assert!(matches!(other, RedisError::Failed(_)));
    }
}
