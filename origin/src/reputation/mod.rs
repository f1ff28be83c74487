//! What is known of addresses: the file that the operator keeps, and what the edge is given of it.
//!
//! The file is looked at every second, so a change needs no restart. One that cannot be used changes nothing: the last good
//! table stays, and the log says why. [`stanchion_shared::score::reputation`] says what a table looks like.

mod handler;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use axum::{Router, routing::get};
use sha2::{Digest, Sha256};
use stanchion_shared::score::reputation::{MAX_TABLE_BYTES, Table};
use tokio::{io::AsyncReadExt, time::sleep};

use crate::state::SharedApp;

/// How often the file is looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A table as the edge gets it.
pub struct Served {
    text: String,
    /// Names this text, quoted as HTTP wants it.
    etag: String,
}

impl Served {
    fn new(text: String) -> Served {
        let digest = hex::encode(&Sha256::digest(&text)[..16]);
        Served {
            text,
            etag: format!("\"{digest}\""),
        }
    }
}

/// The table that the edge is given now.
pub struct Reputation(RwLock<Arc<Served>>);

impl Default for Reputation {
    /// Nothing is known of anybody.
    fn default() -> Self {
        Reputation(RwLock::new(Arc::new(Served::new(String::new()))))
    }
}

impl Reputation {
    fn now(&self) -> Arc<Served> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, served: Served) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    }
}

/// Where the edge asks.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/v1/edge/reputation", get(handler::table))
}

/// Looks at the file for ever; without one, waits for ever.
pub async fn keep_fresh(app: SharedApp) {
    let Some(path) = app.config.reputation_file.clone() else {
        return std::future::pending().await;
    };
    let mut watch = Watch { path, seen: None };
    loop {
        match watch.look().await {
            Look::Same => {}
            Look::Table(text, entries) => {
                app.reputation.replace(Served::new(text));
                tracing::info!(entries, "the table of addresses was read");
            }
            Look::Unusable(problem) => {
                tracing::error!(file = %watch.path.display(), %problem, "the table of addresses cannot be used; the last good one stays");
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

/// A file, and as what it was last seen.
struct Watch {
    path: PathBuf,
    seen: Option<Result<(SystemTime, u64), io::ErrorKind>>,
}

enum Look {
    /// As it was: what there was to say of it was said.
    Same,
    Table(String, usize),
    Unusable(String),
}

impl Watch {
    async fn look(&mut self) -> Look {
        let stamp = stamp(&self.path).await;
        if self.seen.as_ref() == Some(&stamp) {
            return Look::Same;
        }
        self.seen = Some(stamp);
        match read(&self.path).await {
            Ok((text, entries)) => Look::Table(text, entries),
            Err(problem) => Look::Unusable(problem),
        }
    }
}

/// What changes with the file. Two changes of the same size within the clock's step look the same: write a new file and move
/// it into place.
async fn stamp(path: &Path) -> Result<(SystemTime, u64), io::ErrorKind> {
    let about = async {
        tokio::fs::metadata(path)
            .await
            .and_then(|about| Ok((about.modified()?, about.len())))
    };
    about.await.map_err(|error| error.kind())
}

async fn read(path: &Path) -> Result<(String, usize), String> {
    let file = tokio::fs::File::open(path).await.map_err(|error| error.to_string())?;
    let mut text = String::new();
    let limit = MAX_TABLE_BYTES as u64 + 1;
    file.take(limit)
        .read_to_string(&mut text)
        .await
        .map_err(|error| error.to_string())?;
    let table = Table::parse(&text).map_err(|error| error.to_string())?;
    Ok((text, table.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> PathBuf {
        std::env::temp_dir().join(format!("stanchion-reputation-{}", uuid::Uuid::new_v4()))
    }

    #[tokio::test]
    async fn a_changed_file_is_read_a_bad_one_is_named_once_and_a_mended_one_is_read_again() {
        let path = file();
        let mut watch = Watch {
            path: path.clone(),
            seen: None,
        };
        assert!(matches!(watch.look().await, Look::Unusable(_)), "no such file");
        assert!(matches!(watch.look().await, Look::Same));
        std::fs::write(&path, "203.0.113.0/24 datacentre\n").unwrap();
        assert!(matches!(watch.look().await, Look::Table(_, 1)));
        assert!(matches!(watch.look().await, Look::Same));
        std::fs::write(&path, "203.0.113.0/24 datacentre\nnonsense\n").unwrap();
        let named = matches!(watch.look().await, Look::Unusable(problem) if problem.starts_with("line 2"));
        assert!(named && matches!(watch.look().await, Look::Same));
        std::fs::write(&path, "203.0.113.0/24 vpn\nAS64500 vpn\n").unwrap();
        assert!(matches!(watch.look().await, Look::Table(_, 2)));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn another_text_has_another_name() {
        let tag = |text: &str| Served::new(text.to_owned()).etag;
        assert_ne!(tag("a"), tag("b"));
        assert_eq!(tag("a"), tag("a"));
    }
}
