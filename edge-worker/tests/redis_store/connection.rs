//! Connections for the tests: one to a real server, one that stops in the middle, one that others overtake, one that
//! reaches no shards, and one that counts.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use stanchion_edge::spin::store::{Redis, RedisError, Value};
use stanchion_shared::ids::Shard;

/// How long a command may take. The library gives up after half a second unless it is told otherwise, and a server that
/// writes to disk at every command takes longer while something else is compiled on the same machine.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that waits as long as [`RESPONSE_TIMEOUT`] says.
pub(crate) async fn connect(client: &Client) -> redis::RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(RESPONSE_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// To a server that may die and come back, as the component's: a connection that failed is opened anew, once per command.
pub(crate) struct Native {
    client: Client,
    connection: RefCell<Option<MultiplexedConnection>>,
}

impl Native {
    pub(crate) fn new(url: &str) -> Native {
        Native {
            client: Client::open(url).expect("the tests' Redis URL is valid"),
            connection: RefCell::new(None),
        }
    }

    async fn once(&self, command: &redis::Cmd) -> redis::RedisResult<redis::Value> {
        let kept = self.connection.borrow().clone();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let opened = connect(&self.client).await?;
                self.connection.borrow_mut().insert(opened).clone()
            }
        };
        let answered = command.query_async(&mut connection).await;
        if answered
            .as_ref()
            .is_err_and(|error: &redis::RedisError| error.is_io_error())
        {
            self.connection.take();
        }
        answered
    }
}

fn flatten(value: redis::Value, into: &mut Vec<Value>) -> Result<(), RedisError> {
    match value {
        redis::Value::Nil => into.push(Value::Nil),
        redis::Value::Int(number) => into.push(Value::Integer(number)),
        redis::Value::BulkString(bytes) => into.push(Value::Bytes(bytes)),
        redis::Value::SimpleString(text) => into.push(Value::Bytes(text.into_bytes())),
        redis::Value::Okay => into.push(Value::Bytes(b"OK".to_vec())),
        redis::Value::Array(values) => {
            for value in values {
                flatten(value, into)?;
            }
        }
        other => return Err(RedisError::Failed(format!("unexpected: {other:?}"))),
    }
    Ok(())
}

impl Redis for Native {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        let mut command = redis::cmd(name);
        arguments.into_iter().for_each(|argument| {
            command.arg(argument);
        });
        let answered = match self.once(&command).await {
            Err(error) if error.is_io_error() => self.once(&command).await,
            answered => answered,
        };
        let mut values = Vec::new();
        flatten(
            answered.map_err(|error| RedisError::of_text(&error.to_string()))?,
            &mut values,
        )?;
        Ok(values)
    }
}

/// The fate of the command at which a [`Stopping`] connection stops.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Last {
    /// It never reaches Redis.
    Unsent,
    /// Redis does it, and the answer is lost.
    Unanswered,
}

/// A connection of somebody who crashes: after some commands nothing goes through any more.
pub(crate) struct Stopping<'a, R> {
    pub(crate) redis: &'a R,
    pub(crate) commands_left: Cell<usize>,
    pub(crate) last: Last,
}

impl<R: Redis> Stopping<'_, R> {
    pub(crate) fn after(redis: &R, commands: usize, last: Last) -> Stopping<'_, R> {
        Stopping {
            redis,
            commands_left: Cell::new(commands),
            last,
        }
    }
}

impl<R: Redis> Redis for Stopping<'_, R> {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        let stopped = || RedisError::Failed("the test's connection has stopped".to_owned());
        match self.commands_left.get() {
            0 => Err(stopped()),
            1 if matches!(self.last, Last::Unsent) => {
                self.commands_left.set(0);
                Err(stopped())
            }
            left => {
                self.commands_left.set(left - 1);
                let answered = self.redis.execute(name, arguments).await;
                // A script that is sent whole after all is the same command once more.
                if answered == Err(RedisError::NoScript) {
                    self.commands_left.set(left);
                    return answered;
                }
                if left == 1 { Err(stopped()) } else { answered }
            }
        }
    }
}

/// A connection that others overtake: before one of its commands something happens.
pub(crate) struct Overtaken<'a, F> {
    pub(crate) redis: &'a Native,
    pub(crate) commands_before: Cell<usize>,
    pub(crate) by: F,
}

impl<F: AsyncFn()> Redis for Overtaken<'_, F> {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        match self.commands_before.get().checked_sub(1) {
            Some(0) => {
                self.commands_before.set(0);
                (self.by)().await;
            }
            Some(left) => self.commands_before.set(left),
            None => {}
        }
        self.redis.execute(name, arguments).await
    }
}

/// A connection over which the coordinator answers, and shards only time out.
pub(crate) struct WithoutShards<'a> {
    pub(crate) redis: &'a Native,
    pub(crate) patience: Duration,
}

impl Redis for WithoutShards<'_> {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        let of_shard = |key: &Vec<u8>| key.starts_with(b"stanchion:{") && key.contains(&b'/');
        if arguments.iter().any(of_shard) {
            tokio::time::sleep(self.patience).await;
            return Err(RedisError::Failed("no answer in time".to_owned()));
        }
        self.redis.execute(name, arguments).await
    }
}

/// A connection that does not reach one shard's node.
pub(crate) struct SilentShard<'a> {
    redis: &'a Native,
    slot: Vec<u8>,
}

impl SilentShard<'_> {
    pub(crate) fn new(redis: &Native, shard: Shard) -> SilentShard<'_> {
        let slot = format!("/{}}}:", shard.0).into_bytes();
        SilentShard { redis, slot }
    }
}

impl Redis for SilentShard<'_> {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        let of_shard = |key: &Vec<u8>| {
            key.starts_with(b"stanchion:{") && key.windows(self.slot.len()).any(|part| part == self.slot)
        };
        if arguments.iter().any(of_shard) {
            return Err(RedisError::Failed("CLUSTERDOWN Hash slot not served".to_owned()));
        }
        self.redis.execute(name, arguments).await
    }
}

/// A connection over which shards do not answer about identifiers, one shard does not answer at all, or
/// nobody does, if it is said so. It counts the commands.
pub(crate) struct MaybeWithoutIdentifiers {
    pub(crate) redis: Native,
    pub(crate) identifiers_fail: bool,
    /// The node of this shard is away.
    pub(crate) silent: Cell<Option<Shard>>,
    /// Commands are never answered, and no error comes either.
    pub(crate) is_silent: Cell<bool>,
    /// Commands are answered so much later.
    pub(crate) delay: Cell<Duration>,
    pub(crate) asked: Cell<usize>,
}

impl Redis for MaybeWithoutIdentifiers {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        let of_identifier = |key: &Vec<u8>| key.windows(12).any(|part| part == b":identifier:");
        self.asked.update(|asked| asked + 1);
        if self.is_silent.get() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(self.delay.get()).await;
        if self.identifiers_fail && arguments.iter().any(of_identifier) {
            return Err(RedisError::Failed("this shard does not answer".to_owned()));
        }
        if let Some(silent) = self.silent.get() {
            return SilentShard::new(&self.redis, silent).execute(name, arguments).await;
        }
        self.redis.execute(name, arguments).await
    }
}

/// A connection that counts how often shards are asked to freeze.
pub(crate) struct Counting<'a> {
    pub(crate) redis: &'a Native,
    pub(crate) freezes: Cell<usize>,
    pub(crate) all: Cell<usize>,
}

impl Redis for Counting<'_> {
    async fn execute(&self, name: &str, arguments: Vec<Vec<u8>>) -> Result<Vec<Value>, RedisError> {
        self.all.set(self.all.get() + 1);
        let keys: usize = match name {
            "EVALSHA" => str::from_utf8(&arguments[1]).unwrap().parse().unwrap(),
            _ => 0,
        };
        let of_frozen = |key: &Vec<u8>| key.contains(&b'/') && key.ends_with(b":frozen");
        // freeze.lua alone takes two arguments beside such a key.
        if arguments.iter().any(of_frozen) && keys > 0 && arguments.len() == 2 + keys + 2 {
            self.freezes.set(self.freezes.get() + 1);
        }
        self.redis.execute(name, arguments).await
    }
}
