//! What the edge answers. Knows no runtime: everything outside comes through [`crate::platform::Platform`].

pub mod config;
