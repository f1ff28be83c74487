//! Tests of what is there on workerd only. They run one at a time.

mod instance;
