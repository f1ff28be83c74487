//! The table of addresses that the edge is given now.

use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};

/// A table as the edge gets it.
pub(super) struct PublishedTable {
    pub(super) text: String,
    /// Identifies the text; with quotes, as HTTP wants it.
    pub(super) etag: String,
}

impl PublishedTable {
    pub(super) fn new(text: String) -> PublishedTable {
        let digest = hex::encode(&Sha256::digest(&text)[..16]);
        PublishedTable {
            text,
            etag: format!("\"{digest}\""),
        }
    }
}

/// The table that the edge is given now; shared by the file's reader and the requests.
pub struct Reputation(RwLock<Arc<PublishedTable>>);

impl Default for Reputation {
    /// An empty table: nothing is known of any address.
    fn default() -> Self {
        Reputation(RwLock::new(Arc::new(PublishedTable::new(String::new()))))
    }
}

impl Reputation {
    pub(super) fn current(&self) -> Arc<PublishedTable> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, table: PublishedTable) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_text_has_another_name() {
        let tag = |text: &str| PublishedTable::new(text.to_owned()).etag;
        assert_ne!(tag("a"), tag("b"));
        assert_eq!(tag("a"), tag("a"));
    }
}
