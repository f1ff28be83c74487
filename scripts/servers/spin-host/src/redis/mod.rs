//! `spin:redis@3.0.0` on a real Redis, as Spin 4 does it: a connection per `open`, which several calls share, without a
//! limit of time and without reconnecting.

pub(crate) mod connection;
mod reply;

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, ErrorKind, RedisResult, Value};
use wasmtime::component::{Accessor, HasData, Resource, ResourceTable};

use self::connection::Connection;
use self::reply::{flatten, judge_size, size, spin_error};
use crate::allowed_hosts::AllowedHosts;
use crate::bindings::spin::redis::redis as wit;

/// Most open connections of one instance; Spin's number.
const MAX_CONNECTIONS: usize = 1024;

/// The scheme of an address that has none.
const SCHEME: &str = "redis";

/// An instance's access to Redis.
pub(crate) struct RedisView<'a> {
    /// Where its connections are.
    pub(crate) table: &'a mut ResourceTable,
    /// How many of them are open.
    pub(crate) open: &'a mut usize,
    /// The hosts that it may reach.
    pub(crate) allowed: &'a Arc<AllowedHosts>,
}

/// For wasmtime: how [`RedisView`] is taken from a store.
pub(crate) struct Redis;

impl HasData for Redis {
    type Data<'a> = RedisView<'a>;
}

impl wit::Host for RedisView<'_> {}

impl wit::HostConnection for RedisView<'_> {
    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        *self.open -= 1;
        Ok(())
    }
}

/// A connection of its own for one call; all clones share the socket.
fn link<T>(accessor: &Accessor<T, Redis>, of: &Resource<Connection>) -> Result<MultiplexedConnection, wit::Error> {
    accessor.with(|mut access| {
        let connection = access.get().table.get(of).map(|connection| connection.0.clone());
        connection.map_err(|_| wit::Error::Other("could not find connection for resource".to_owned()))
    })
}

impl<T: Send> wit::HostConnectionWithStore<T> for Redis {
    async fn open(accessor: &Accessor<T, Self>, address: String) -> Result<Resource<Connection>, wit::Error> {
        let allowed = accessor.with(|mut access| access.get().allowed.clone());
        if !allowed.allow(&address, SCHEME) {
            // Not the address itself: it may hold a password.
            tracing::warn!("the component tried to reach a Redis that allowed_outbound_hosts does not have");
            return Err(wit::Error::InvalidAddress);
        }
        let client = redis::Client::open(address).map_err(|_| wit::Error::InvalidAddress)?;
        // Spin's version of the client has no limits of time, this newer one has them unless told not to.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(spin_error)?;
        accessor.with(|mut access| {
            let view = access.get();
            if *view.open >= MAX_CONNECTIONS {
                return Err(wit::Error::TooManyConnections);
            }
            let resource = view
                .table
                .push(Connection(connection))
                .map_err(|_| wit::Error::TooManyConnections)?;
            *view.open += 1;
            Ok(resource)
        })
    }

    async fn publish(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        channel: String,
        payload: Vec<u8>,
    ) -> Result<(), wit::Error> {
        link(accessor, &connection)?
            .publish(channel, payload)
            .await
            .map_err(spin_error)
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Option<Vec<u8>>, wit::Error> {
        let value: Option<Vec<u8>> = link(accessor, &connection)?.get(key).await.map_err(spin_error)?;
        judge_size(value.as_ref().map_or(0, Vec::len))?;
        Ok(value)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), wit::Error> {
        link(accessor, &connection)?.set(key, value).await.map_err(spin_error)
    }

    async fn incr(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<i64, wit::Error> {
        link(accessor, &connection)?.incr(key, 1).await.map_err(spin_error)
    }

    async fn del(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        keys: Vec<String>,
    ) -> Result<u32, wit::Error> {
        link(accessor, &connection)?.del(keys).await.map_err(spin_error)
    }

    async fn sadd(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, wit::Error> {
        let added: RedisResult<u32> = link(accessor, &connection)?.sadd(key, values).await;
        added.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => wit::Error::TypeError,
            _ => spin_error(error),
        })
    }

    async fn smembers(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Vec<String>, wit::Error> {
        link(accessor, &connection)?.smembers(key).await.map_err(spin_error)
    }

    async fn srem(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, wit::Error> {
        link(accessor, &connection)?.srem(key, values).await.map_err(spin_error)
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        command: String,
        arguments: Vec<wit::RedisParameter>,
    ) -> Result<Vec<wit::RedisResult>, wit::Error> {
        let mut command = redis::cmd(&command);
        for argument in arguments {
            match argument {
                wit::RedisParameter::Int64(number) => command.arg(number),
                wit::RedisParameter::Binary(bytes) => command.arg(bytes),
            };
        }
        let answer: Value = command
            .query_async(&mut link(accessor, &connection)?)
            .await
            .map_err(spin_error)?;
        let mut results = Vec::new();
        flatten(answer, &mut results)?;
        judge_size(results.iter().map(size).sum())?;
        Ok(results)
    }
}
