//! Counts that all instances share: numbers in Redis that go by themselves.

use super::{
    Store,
    command::{Redis, Script, run, script},
    shard::text,
};
use crate::platform::{CountKey, CountOneMore, IntervalCount, StoreError};

static COUNT: Script = script!("count.lua");

impl<R: Redis> Store<'_, R> {
    pub(super) async fn count_each(&self, message: &CountOneMore) -> Result<Vec<IntervalCount>, StoreError> {
        let place = message.place.to_hex();
        let key = |key: &CountKey| format!("stanchion:{{count/{place}}}:{}", key.to_hex());
        let keys: Vec<String> = message.keys.iter().map(key).collect();
        let mut reply = run(self.redis, &COUNT, &keys, vec![text(message.interval_ms)]).await?;
        let mut counts = Vec::with_capacity(keys.len());
        for _ in &keys {
            counts.push(IntervalCount {
                count: reply.number()?,
                ends_in_ms: reply.number()?,
            });
        }
        Ok(counts)
    }
}
