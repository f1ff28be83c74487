//! Spin's interfaces as Rust traits, made from `wit/`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "spin",
    with: {
        "spin:redis/redis.connection": crate::redis::Connection,
    },
});
