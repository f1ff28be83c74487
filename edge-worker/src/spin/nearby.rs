//! What the instances of one machine share: Spin's key-value store. An instance lives for moments, so
//! that without this each would have to read Redis first, and would know nothing while Redis is away.
//!
//! A store that fails is one that has forgotten: everything in it can be read again.

use std::cell::RefCell;
use std::rc::Rc;

use spin_sdk::key_value::{Error, Store};
use stanchion_shared::timestamp::UnixMillis;

thread_local! {
    /// Never borrowed across an await.
    static STORE: RefCell<Option<Rc<Store>>> = const { RefCell::new(None) };
}

/// Bytes before a value: until when it is good, in ms since 1970, big-endian.
const HEAD_BYTES: usize = 8;

async fn store() -> Result<Rc<Store>, Error> {
    if let Some(open) = STORE.with_borrow(Clone::clone) {
        return Ok(open);
    }
    let opened = Rc::new(Store::open_default().await?);
    STORE.set(Some(Rc::clone(&opened)));
    Ok(opened)
}

/// A value that is still good.
pub(super) async fn recall(key: &str, now: UnixMillis) -> Option<Vec<u8>> {
    let found = async { store().await?.get(key).await };
    let mut found = match found.await {
        Ok(found) => found?,
        Err(error) => {
            eprintln!("the key-value store cannot be read: {error}");
            return None;
        }
    };
    let head = found.first_chunk::<HEAD_BYTES>()?;
    if UnixMillis(u64::from_be_bytes(*head)) <= now {
        return None;
    }
    found.drain(..HEAD_BYTES);
    Some(found)
}

/// Keeps a value until `until`.
pub(super) async fn keep(key: &str, value: Vec<u8>, until: UnixMillis) {
    let mut dated = until.0.to_be_bytes().to_vec();
    dated.extend(value);
    let kept = async { store().await?.set(key, dated).await };
    if let Err(error) = kept.await {
        eprintln!("the key-value store cannot be written: {error}");
    }
}
