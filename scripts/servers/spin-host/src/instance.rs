//! Instances of the component and how they are used again: by wasmtime-wasi-http's `ProxyHandler`, the code that Spin 4
//! has for it, with Spin's numbers.
//!
//! A request goes to an instance that waits for work or for I/O; when there is none, a new instance is made. So what a
//! component keeps in statics lives on between requests, is shared by concurrent ones, and is there once per instance.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::{Component, HasData, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{HandlerState, Instance, Proxy, ShouldAccept};
use wasmtime_wasi_http::handler::{WorkerExpiration, WorkerState, WorkerStatus};
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::allowed_hosts::AllowedHosts;
use crate::bindings::spin::key_value::key_value as key_value_wit;
use crate::bindings::spin::redis::redis as redis_wit;
use crate::bindings::spin::variables::variables as variables_wit;
use crate::key_value::{KeyValue, KeyValueView, Stores};
use crate::manifest::MountedFolder;
use crate::outbound::Outbound;
use crate::redis::{Redis, RedisView};
use crate::variables::{ComponentVariables, VariableRefusal};

/// Most requests that one instance serves before it is replaced (Spin's `--max-instance-reuse-count`).
pub(crate) const MOST_REQUESTS_PER_INSTANCE: usize = 128;
/// Most requests that are in one instance at a time (Spin's `--max-instance-concurrent-reuse-count`).
pub(crate) const MOST_REQUESTS_AT_A_TIME: usize = 16;
/// How long an instance without a request waits for one (Spin's `--idle-instance-timeout`).
const IDLE: Duration = Duration::from_secs(1);

/// Most instances at a time; Spin's number. Requests in progress are limited to fewer (`server.rs`), so that there is
/// always one to be had.
pub(crate) const MOST_INSTANCES: u32 = 1_000;
/// What Spin allows per instance: core modules (the component and its adapters), and two tables.
const CORE_INSTANCES_EACH: u32 = 4;
const TABLES_EACH: u32 = 2;
/// Memory of an instance that ended and is kept for the next; Spin's number.
const MEMORY_KEPT_BYTES: usize = 2 << 20;

/// What a component is given besides WASI.
pub(crate) struct Surroundings {
    /// Its variables.
    pub(crate) variables: ComponentVariables,
    /// Its environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// The hosts that it may reach.
    pub(crate) allowed: Arc<AllowedHosts>,
    /// The key-value stores that it may open.
    pub(crate) stores: Stores,
    /// The folders that it may read.
    pub(crate) files: Vec<MountedFolder>,
}

/// The compiled component, ready to be instantiated.
pub(crate) struct Instances {
    engine: Engine,
    service: ServicePre<State>,
    surroundings: Arc<Surroundings>,
    outbound: Outbound,
    stopping: Arc<AtomicBool>,
}

impl Instances {
    /// Compiles a component, or takes it from the `cache` (a folder) if it was compiled before.
    ///
    /// # Errors
    /// When it is not valid, exports no HTTP handler of WASI 0.3, or imports what this host does not have.
    pub(crate) fn compile(
        component: &[u8],
        surroundings: Surroundings,
        cache: Option<PathBuf>,
    ) -> wasmtime::Result<Self> {
        let engine = engine(cache)?;
        let component = Component::new(&engine, component)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        key_value_wit::add_to_linker::<_, KeyValue>(&mut linker, State::key_value)?;
        redis_wit::add_to_linker::<_, Redis>(&mut linker, State::redis)?;
        variables_wit::add_to_linker::<_, Variables>(&mut linker, State::surroundings)?;
        let service = ServicePre::new(linker.instantiate_pre(&component)?)?;
        let outbound = Outbound::new(surroundings.allowed.clone());
        Ok(Self {
            engine,
            service,
            surroundings: Arc::new(surroundings),
            outbound,
            stopping: Arc::default(),
        })
    }

    /// From now on an instance that is dropped with the process is not worth a word in the log.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

fn engine(cache: Option<PathBuf>) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MOST_INSTANCES)
        .total_memories(MOST_INSTANCES)
        .total_stacks(MOST_INSTANCES)
        .total_core_instances(CORE_INSTANCES_EACH * MOST_INSTANCES)
        .total_tables(TABLES_EACH * MOST_INSTANCES)
        .linear_memory_keep_resident(MEMORY_KEPT_BYTES);
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if let Some(folder) = cache {
        let mut settings = CacheConfig::new();
        settings.with_directory(folder);
        config.cache(Some(Cache::new(settings)?));
    }
    Engine::new(&config)
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = Idleness;
    type WorkerState = InstanceLimits;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Idleness, InstanceLimits>> {
        let mut store = Store::new(
            &self.engine,
            State::new(self.surroundings.clone(), self.outbound.clone()),
        );
        let proxy = Proxy::P3(self.service.instantiate_async(&mut store).await?);
        tracing::debug!("a new instance");
        let expiration = Idleness(Box::pin(tokio::time::sleep(IDLE)));
        Ok(Instance {
            store,
            proxy,
            view: State::http,
            expiration,
            state: InstanceLimits {
                stopping: self.stopping.clone(),
            },
        })
    }
}

/// Ends an instance that has been without a request for [`IDLE`]. Requests may take as long as they want, as in Spin.
pub(crate) struct Idleness(Pin<Box<Sleep>>);

impl WorkerExpiration for Idleness {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, since: Instant) -> Poll<()> {
        match status {
            WorkerStatus::Requests | WorkerStatus::PostReturn => Poll::Pending,
            WorkerStatus::Idle => {
                let end = (since + IDLE).into();
                if self.0.deadline() != end {
                    self.0.as_mut().reset(end);
                }
                self.0.as_mut().poll(cx)
            }
        }
    }
}

/// How many requests an instance takes.
pub(crate) struct InstanceLimits {
    stopping: Arc<AtomicBool>,
}

impl WorkerState for InstanceLimits {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, at_a_time: usize, so_far: usize) -> ShouldAccept {
        if so_far >= MOST_REQUESTS_PER_INSTANCE {
            ShouldAccept::Never
        } else if at_a_time >= MOST_REQUESTS_AT_A_TIME {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, State>,
        (): (),
        _task: wasmtime::component::GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, _store: Store<State>, result: wasmtime::Result<()>) {
        if let Err(error) = result
            && !self.stopping.load(Ordering::Relaxed)
        {
            tracing::error!("an instance ended by a trap: {error:?}");
        }
    }
}

/// What belongs to one instance.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    table: ResourceTable,
    redis_connections: usize,
    open_stores: usize,
    surroundings: Arc<Surroundings>,
}

impl State {
    fn new(surroundings: Arc<Surroundings>, outbound: Outbound) -> Self {
        let mut wasi = WasiCtx::builder();
        // Both go to the log. Sockets are closed: what a component may do beyond this it does by the interfaces that its
        // manifest grants.
        wasi.stdout(std::io::stderr()).stderr(std::io::stderr());
        for (name, value) in &surroundings.environment {
            wasi.env(name, value);
        }
        for MountedFolder { source, destination } in &surroundings.files {
            // It was there at the start.
            if let Err(error) = wasi.preopened_dir(source, destination, FsPerms::ReadOnly) {
                tracing::error!("{} can no longer be read: {error:#}", source.display());
            }
        }
        Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound,
            table: ResourceTable::new(),
            redis_connections: 0,
            open_stores: 0,
            surroundings,
        }
    }

    fn redis(&mut self) -> RedisView<'_> {
        RedisView {
            table: &mut self.table,
            open: &mut self.redis_connections,
            allowed: &self.surroundings.allowed,
        }
    }

    fn key_value(&mut self) -> KeyValueView<'_> {
        KeyValueView {
            table: &mut self.table,
            open: &mut self.open_stores,
            stores: &self.surroundings.stores,
        }
    }

    fn surroundings(&mut self) -> &Surroundings {
        &self.surroundings
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// For wasmtime: how the variables are taken from a store.
struct Variables;

impl HasData for Variables {
    type Data<'a> = &'a Surroundings;
}

impl variables_wit::Host for &Surroundings {}

impl<T: Send> variables_wit::HostWithStore<T> for Variables {
    async fn get(
        accessor: &wasmtime::component::Accessor<T, Self>,
        name: String,
    ) -> Result<String, variables_wit::Error> {
        accessor
            .with(|mut access| access.get().variables.get(&name))
            .map_err(|refusal| match refusal {
                VariableRefusal::InvalidName(text) => variables_wit::Error::InvalidName(text),
                VariableRefusal::Undefined(text) => variables_wit::Error::Undefined(text),
            })
    }
}
