//! Tests of what is there on Spin only: the edge's own Redis, and several edges on it. They run one at a time.

mod older_copy;
mod silent_redis;
mod two_processes;
