//! What a connection to Redis hands back.

/// One part of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing is there.
    Nil,
    /// A whole number.
    Integer(i64),
    /// A string or a status.
    Bytes(Vec<u8>),
}
