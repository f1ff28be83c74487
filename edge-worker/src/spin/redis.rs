//! The store's connection to Redis. One per instance, shared by its requests: commands are answered
//! in order, and none of the store's commands blocks. A connection that failed is forgotten, so
//! that the edge recovers by itself when Redis does.

use std::{cell::RefCell, rc::Rc, time::Duration};

use spin_sdk::redis::{Connection, Error, RedisParameter, RedisResult};

use super::{
    store::{Redis, RedisError, Value},
    time_limit::within,
};

/// A Redis that has not answered after this long is taken for dead. No script of the store needs a
/// hundredth of it.
const TIME_LIMIT: Duration = Duration::from_secs(2);

thread_local! {
    /// Never borrowed across an await.
    static CONNECTION: RefCell<Option<Rc<Connection>>> = const { RefCell::new(None) };
}

/// Redis at one address: `redis://[user:password@]host:port[/database]`.
pub(super) struct SpinRedis {
    pub(super) url: String,
}

impl Redis for SpinRedis {
    async fn execute(&self, command: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        let parameters = || arguments.iter().cloned().map(RedisParameter::Binary);
        let open = CONNECTION.with_borrow(Clone::clone);
        if let Some(connection) = open {
            match once(&connection, command, parameters()).await {
                // The connection may have been lost long ago, by a restart of Redis for one.
                Err(error) if is_of_connection(&error) => forget(&connection),
                answered => return answered,
            }
        }
        let connection = self.open().await?;
        let answered = once(&connection, command, parameters()).await;
        if answered.as_ref().is_err_and(is_of_connection) {
            forget(&connection);
        }
        answered
    }
}

impl SpinRedis {
    async fn open(&self) -> Result<Rc<Connection>, RedisError> {
        let opened = within(TIME_LIMIT, Connection::open(&self.url))
            .await
            .ok_or_else(silent)?;
        let connection = Rc::new(opened.map_err(|error| fault(&error))?);
        // Several may open one at once; the last is kept, the others go with their requests.
        CONNECTION.set(Some(Rc::clone(&connection)));
        Ok(connection)
    }
}

async fn once(
    connection: &Connection,
    command: &str,
    parameters: impl IntoIterator<Item = RedisParameter>,
) -> Result<Vec<Value>, RedisError> {
    let answered = within(TIME_LIMIT, connection.execute(command, parameters)).await;
    let results = answered.ok_or_else(silent)?.map_err(|error| fault(&error))?;
    let value = |result| match result {
        RedisResult::Nil => Value::Nil,
        RedisResult::Int64(number) => Value::Integer(number),
        RedisResult::Status(text) => Value::Bytes(text.into_bytes()),
        RedisResult::Binary(bytes) => Value::Bytes(bytes),
    };
    Ok(results.into_iter().map(value).collect())
}

fn forget(lost: &Rc<Connection>) {
    CONNECTION.with_borrow_mut(|open| {
        if open.as_ref().is_some_and(|open| Rc::ptr_eq(open, lost)) {
            *open = None;
        }
    });
}

fn silent() -> RedisError {
    RedisError::Failed(format!("no answer in {} ms", TIME_LIMIT.as_millis()))
}

fn fault(error: &Error) -> RedisError {
    match error {
        Error::Other(text) => RedisError::of_text(text),
        Error::InvalidAddress => RedisError::Failed(
            "the address cannot be used: it must be a redis URL whose host is in allowed_outbound_hosts".to_owned(),
        ),
        Error::TooManyConnections => RedisError::Failed("too many connections".to_owned()),
        Error::TypeError => RedisError::Failed("a value is of another type".to_owned()),
    }
}

/// Whether the connection failed. An error that Redis itself answered came over a connection that
/// works.
fn is_of_connection(error: &RedisError) -> bool {
    match error {
        RedisError::NoScript => false,
        RedisError::Failed(text) => !text.contains("signalled by the server"),
    }
}
