//! The file with the table of addresses, read again whenever it changes.
//!
//! A change needs no restart. A file that cannot be used changes nothing: the last good table
//! stays, and the log says why.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use stanchion_shared::score::reputation::{MAX_TABLE_BYTES, ReputationTable};
use tokio::{io::AsyncReadExt, time::sleep};

use super::published::{PublishedTable, Reputation};

/// How often the file is checked for a change.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keeps `reputation` as the file at `path` is, for ever. Without a path it waits for ever.
pub async fn keep_fresh(path: Option<PathBuf>, reputation: Arc<Reputation>) {
    let Some(path) = path else {
        return std::future::pending().await;
    };
    let mut file = TableFile { path, seen: None };
    loop {
        match file.look().await {
            FileChange::None => {}
            FileChange::ReputationTable(text, entries) => {
                reputation.replace(PublishedTable::new(text));
                tracing::info!(entries, "the table of addresses was read");
            }
            FileChange::Unusable(problem) => {
                tracing::error!(file = %file.path.display(), %problem, "the table of addresses cannot be used; the last good one stays");
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The file and its state when it was last read.
struct TableFile {
    path: PathBuf,
    seen: Option<Result<(SystemTime, u64), io::ErrorKind>>,
}

enum FileChange {
    /// None since the last look.
    None,
    ReputationTable(String, usize),
    Unusable(String),
}

impl TableFile {
    async fn look(&mut self) -> FileChange {
        let stamp = stamp(&self.path).await;
        if self.seen.as_ref() == Some(&stamp) {
            return FileChange::None;
        }
        self.seen = Some(stamp);
        match read(&self.path).await {
            Ok((text, entries)) => FileChange::ReputationTable(text, entries),
            Err(problem) => FileChange::Unusable(problem),
        }
    }
}

/// What differs after a change of the file: its time and its size. Two versions of one size within
/// the clock's step look the same, so operators should write a new file and move it into place.
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
    let table = ReputationTable::parse(&text).map_err(|error| error.to_string())?;
    Ok((text, table.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary_path() -> PathBuf {
        std::env::temp_dir().join(format!("stanchion-reputation-{}", uuid::Uuid::new_v4()))
    }

    #[tokio::test]
    async fn a_changed_file_is_read_a_bad_one_is_named_once_and_a_mended_one_is_read_again() {
        let path = temporary_path();
        let mut file = TableFile {
            path: path.clone(),
            seen: None,
        };
        assert!(matches!(file.look().await, FileChange::Unusable(_)), "no such file");
        assert!(matches!(file.look().await, FileChange::None));
        std::fs::write(&path, "203.0.113.0/24 datacentre\n").unwrap();
        assert!(matches!(file.look().await, FileChange::ReputationTable(_, 1)));
        assert!(matches!(file.look().await, FileChange::None));
        std::fs::write(&path, "203.0.113.0/24 datacentre\nnonsense\n").unwrap();
        let named = matches!(file.look().await, FileChange::Unusable(problem) if problem.starts_with("line 2"));
        assert!(named && matches!(file.look().await, FileChange::None));
        std::fs::write(&path, "203.0.113.0/24 vpn\nAS64500 vpn\n").unwrap();
        assert!(matches!(file.look().await, FileChange::ReputationTable(_, 2)));
        std::fs::remove_file(&path).unwrap();
    }
}
