//! The module that browsers load. What it exports is the library's: wasm-bindgen exports it from
//! wherever it is linked.
//!
//! It is a program and no `cdylib`, because cargo can build one program with the features that the
//! edge's dependencies have (`scripts/stack/build-checker`). So the checker and the worker share
//! all that they are made of.

use stanchion_checker as _;

fn main() {}
