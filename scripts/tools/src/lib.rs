//! Nothing of its own: this package only pins versions, see its Cargo.toml.
