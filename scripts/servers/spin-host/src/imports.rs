//! Which interfaces a component imports, and whether Spin 4 provides them.

use wasmparser::{Encoding, Parser, Payload};

/// The interfaces that Spin 4.1 gives to components, by the version they are of.
///
/// Source: the world `platform` of `spin:up@4.1.0` (<https://github.com/spinframework/spin>, `wit/world.wit`, and the
/// worlds that it includes), without interfaces marked unstable and without release candidates of WASI. Spin 4.0's world
/// has WASI 0.3.0-rc-2026-03-15 instead of 0.3.0: components of spin-sdk 7 need Spin 4.1.
const PROVIDED: &[(&str, Version, &[&str])] = &[
    ("wasi:cli", Version::Any("0.2."), CLI_0_2),
    ("wasi:clocks", Version::Any("0.2."), &["monotonic-clock", "wall-clock"]),
    ("wasi:filesystem", Version::Any("0.2."), &["preopens", "types"]),
    ("wasi:http", Version::Any("0.2."), &["outgoing-handler", "types"]),
    ("wasi:io", Version::Any("0.2."), &["error", "poll", "streams"]),
    (
        "wasi:random",
        Version::Any("0.2."),
        &["insecure", "insecure-seed", "random"],
    ),
    ("wasi:sockets", Version::Any("0.2."), SOCKETS_0_2),
    ("wasi:cli", Version::Any("0.3."), CLI_0_3),
    (
        "wasi:clocks",
        Version::Any("0.3."),
        &["monotonic-clock", "system-clock", "types"],
    ),
    ("wasi:filesystem", Version::Any("0.3."), &["preopens", "types"]),
    ("wasi:http", Version::Any("0.3."), &["client", "types"]),
    (
        "wasi:random",
        Version::Any("0.3."),
        &["insecure", "insecure-seed", "random"],
    ),
    ("wasi:sockets", Version::Any("0.3."), &["ip-name-lookup", "types"]),
    ("wasi:config", Version::Exactly("0.2.0-draft-2024-09-27"), &["store"]),
    (
        "wasi:keyvalue",
        Version::Exactly("0.2.0-draft2"),
        &["atomics", "batch", "store"],
    ),
    ("fermyon:spin", Version::Exactly("2.0.0"), FERMYON_SPIN_2),
    ("spin:key-value", Version::Exactly("3.0.0"), &["key-value"]),
    ("spin:mqtt", Version::Exactly("3.0.0"), &["mqtt"]),
    ("spin:mysql", Version::Exactly("3.0.0"), &["mysql"]),
    ("spin:postgres", Version::Exactly("3.0.0"), &["postgres"]),
    ("spin:postgres", Version::Exactly("4.2.0"), &["postgres"]),
    ("spin:redis", Version::Exactly("3.0.0"), &["redis"]),
    ("spin:sqlite", Version::Exactly("3.1.0"), &["sqlite"]),
    ("spin:variables", Version::Exactly("3.0.0"), &["variables"]),
];

#[rustfmt::skip]
const CLI_0_2: &[&str] = &[
    "environment", "exit", "stderr", "stdin", "stdout",
    "terminal-input", "terminal-output", "terminal-stderr", "terminal-stdin", "terminal-stdout",
];

#[rustfmt::skip]
const CLI_0_3: &[&str] = &[
    "environment", "exit", "stderr", "stdin", "stdout", "types",
    "terminal-input", "terminal-output", "terminal-stderr", "terminal-stdin", "terminal-stdout",
];

#[rustfmt::skip]
const SOCKETS_0_2: &[&str] = &[
    "instance-network", "ip-name-lookup", "network", "tcp", "tcp-create-socket", "udp", "udp-create-socket",
];

#[rustfmt::skip]
const FERMYON_SPIN_2: &[&str] = &[
    "key-value", "llm", "mqtt", "mysql", "postgres", "rdbms-types", "redis", "sqlite", "variables",
];

/// Which versions of a package are meant.
enum Version {
    /// All releases that begin so: runtimes link those of one minor version with each other.
    Any(&'static str),
    Exactly(&'static str),
}

/// Why a file is not a component that Spin 4 could run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// Not WebAssembly, or damaged.
    #[error("it is not a valid WebAssembly file: {0}")]
    Invalid(#[from] wasmparser::BinaryReaderError),
    /// WebAssembly as it was before components.
    #[error("it is a WebAssembly module and not a component: build it for wasm32-wasip2")]
    Module,
    /// It could not start on Spin.
    #[error("it imports what Spin 4 does not provide: {}", .0.join(", "))]
    NotProvided(Vec<String>),
}

/// The names of all interfaces that a component imports, sorted.
///
/// # Errors
/// When the bytes are no component, or Spin 4 does not provide one of the interfaces.
pub(crate) fn check(component: &[u8]) -> Result<Vec<String>, ImportError> {
    let mut imports = imports(component)?;
    imports.sort_unstable();
    let refused: Vec<String> = imports.iter().filter(|name| !is_provided(name)).cloned().collect();
    if refused.is_empty() {
        Ok(imports)
    } else {
        Err(ImportError::NotProvided(refused))
    }
}

fn imports(component: &[u8]) -> Result<Vec<String>, ImportError> {
    let mut names = Vec::new();
    // Components contain modules and components with imports of their own, which the outer one satisfies.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => return Err(ImportError::Module),
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// Whether Spin 4 provides an interface such as `wasi:io/streams@0.2.6`.
fn is_provided(import: &str) -> bool {
    let parts = import.split_once('/').and_then(|(package, rest)| {
        let (interface, version) = rest.split_once('@')?;
        Some((package, interface, version))
    });
    parts.is_some_and(|(package, interface, version)| {
        PROVIDED.iter().any(|(provided, versions, interfaces)| {
            *provided == package && versions.include(version) && interfaces.contains(&interface)
        })
    })
}

impl Version {
    fn include(&self, version: &str) -> bool {
        match self {
            // Only digits may follow: a release candidate is linked with nothing but itself.
            Self::Any(minor) => version
                .strip_prefix(minor)
                .is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit())),
            Self::Exactly(exact) => *exact == version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_provided_by_name_and_version() {
        for provided in [
            "wasi:io/streams@0.2.0",
            "wasi:io/streams@0.2.12",
            "wasi:http/types@0.3.0",
            "spin:redis/redis@3.0.0",
            "spin:variables/variables@3.0.0",
        ] {
            assert!(is_provided(provided), "{provided}");
        }
        for missing in [
            "wasi:io/streams@0.3.0",
            "wasi:http/types@0.3.0-rc-2026-03-15",
            "wasi:http/types@0.4.0",
            "wasi:http/types",
            "wasi:nn/graph@0.2.0",
            "spin:redis/redis@3.1.0",
            "spin:redis/inbound-redis@3.0.0",
            "plain-name",
        ] {
            assert!(!is_provided(missing), "{missing}");
        }
    }

    #[test]
    fn what_is_no_component_is_refused() {
        assert!(matches!(check(b"text"), Err(ImportError::Invalid(_))));
        assert!(matches!(check(b"\0asm\x01\0\0\0"), Err(ImportError::Module)));
        assert!(matches!(check(b"\0asm\x0d\0\x01\0"), Ok(imports) if imports.is_empty()));
    }
}
