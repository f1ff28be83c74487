//! Bad input: each kind gets its status and its word, and nothing is lost by it.

mod control;
mod credentials;
mod requests;
