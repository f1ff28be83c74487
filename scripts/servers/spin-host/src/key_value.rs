//! `spin:key-value@3.0.0` in memory: what one instance stores the others find, as with Spin's own store, until the host
//! ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{Accessor, FutureReader, HasData, Resource, ResourceTable, StreamReader};

use crate::bindings::spin::key_value::key_value as wit;

/// Most stores that one instance has open; Spin's number.
const MOST_OPEN: usize = 1024;

type Content = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// The stores that a component may open, by label.
#[derive(Clone, Default)]
pub(crate) struct Stores(Arc<BTreeMap<String, Content>>);

impl Stores {
    /// Empty stores with these labels.
    pub(crate) fn new(labels: Vec<String>) -> Self {
        Self(Arc::new(
            labels.into_iter().map(|label| (label, Content::default())).collect(),
        ))
    }
}

/// What a component holds as `key-value.store`.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenStore(Content);

impl OpenStore {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Vec<u8>>) -> T) -> T {
        // Nothing panics while it holds the lock.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An instance's access to the stores.
pub(crate) struct KeyValueView<'a> {
    /// Where its open stores are.
    pub(crate) table: &'a mut ResourceTable,
    /// How many of them are open.
    pub(crate) open: &'a mut usize,
    /// The stores that it may open.
    pub(crate) stores: &'a Stores,
}

/// For wasmtime: how [`KeyValueView`] is taken from a store.
pub(crate) struct KeyValue;

impl HasData for KeyValue {
    type Data<'a> = KeyValueView<'a>;
}

impl wit::Host for KeyValueView<'_> {}

impl wit::HostStore for KeyValueView<'_> {
    fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        *self.open -= 1;
        Ok(())
    }
}

fn content<T>(accessor: &Accessor<T, KeyValue>, of: &Resource<OpenStore>) -> Result<OpenStore, wit::Error> {
    accessor.with(|mut access| {
        let store = access.get().table.get(of).map(|store| OpenStore(store.0.clone()));
        store.map_err(|_| wit::Error::Other("could not find store for resource".to_owned()))
    })
}

impl<T: Send> wit::HostStoreWithStore<T> for KeyValue {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<OpenStore>, wit::Error> {
        accessor.with(|mut access| {
            let view = access.get();
            // Spin tells a store that the manifest does not grant from one that is not there at all.
            let content = view.stores.0.get(&label).ok_or(wit::Error::AccessDenied)?.clone();
            if *view.open >= MOST_OPEN {
                return Err(wit::Error::StoreTableFull);
            }
            let resource = view
                .table
                .push(OpenStore(content))
                .map_err(|_| wit::Error::StoreTableFull)?;
            *view.open += 1;
            Ok(resource)
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> Result<Option<Vec<u8>>, wit::Error> {
        Ok(content(accessor, &store)?.with(|content| content.get(&key).cloned()))
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), wit::Error> {
        content(accessor, &store)?.with(|content| content.insert(key, value));
        Ok(())
    }

    async fn delete(accessor: &Accessor<T, Self>, store: Resource<OpenStore>, key: String) -> Result<(), wit::Error> {
        content(accessor, &store)?.with(|content| content.remove(&key));
        Ok(())
    }

    async fn exists(accessor: &Accessor<T, Self>, store: Resource<OpenStore>, key: String) -> Result<bool, wit::Error> {
        Ok(content(accessor, &store)?.with(|content| content.contains_key(&key)))
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> (StreamReader<String>, FutureReader<Result<(), wit::Error>>) {
        let found = content(accessor, &store).map(|content| content.with(|content| content.keys().cloned().collect()));
        let (keys, ended): (Vec<String>, _) = match found {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        accessor.with(|mut access| {
            // They fail only in an engine without asynchronous components, which could not run this one.
            let keys = StreamReader::new(&mut access, keys).expect("streams are configured");
            let ended = async move { wasmtime::error::Ok(ended) };
            let ended = FutureReader::new(&mut access, ended).expect("futures are configured");
            (keys, ended)
        })
    }
}
