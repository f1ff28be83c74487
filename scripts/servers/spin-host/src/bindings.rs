//! Spin's interfaces as Rust traits, made from `wit/`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "spin",
    with: {
        "spin:key-value/key-value.store": crate::key_value::OpenStore,
        "spin:redis/redis.connection": crate::redis::connection::Connection,
    },
});
