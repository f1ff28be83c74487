//! The inventory's Lua scripts, one per operation, each with the section's prelude before it.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("scripts/section.lua"), include_str!(concat!("scripts/", $file))))
        });
    )*};
}

scripts! {
    LOAD = "load.lua";
    LOCK = "lock.lua";
    UNLOCK = "unlock.lua";
    EXTEND = "extend.lua";
    UNPIN = "unpin.lua";
    SELL = "sell.lua";
    FREE = "free.lua";
    OWNED = "owned.lua";
    READ = "read.lua";
    COUNTS = "counts.lua";
    SWEEP = "sweep.lua";
}
