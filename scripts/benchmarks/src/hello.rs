//! Puts the hello worker beside the edge: a second service with a socket of its own in the same configuration, so that both
//! run in one workerd process.
//!
//! The stack names the edge's configuration file in `STANCHION_EDGE_CONFIGURATION`, on workerd only. The edge is stopped, its
//! configuration gets the addition, and the edge starts again.

use std::{fs, net::TcpListener, path::PathBuf, process::Command, sync::OnceLock};

use stanchion_harness::variable;
use url::Url;

use crate::measured::Measured;

/// Where the hello worker listens.
static ADDRESS: OnceLock<String> = OnceLock::new();

/// `http://` and the hello worker's address; starts it unless it runs.
pub(crate) fn url() -> Measured<String> {
    if let Some(address) = ADDRESS.get() {
        return Ok(format!("http://{address}"));
    }
    let address = format!("127.0.0.1:{}", free_port()?);
    let file = PathBuf::from(variable("STANCHION_EDGE_CONFIGURATION"));
    let built = root().join("scripts/benchmarks/hello-worker/build");
    // Paths in the configuration are relative to its folder.
    let target = file.with_file_name("hello");
    fs::create_dir_all(&target)?;
    for name in ["index.js", "index_bg.wasm"] {
        fs::copy(built.join(name), target.join(name))?;
    }
    let with_hello = add_to(&fs::read_to_string(&file)?, &address)?;
    part("stop")?;
    fs::write(&file, with_hello)?;
    part("start")?;
    Ok(format!("http://{}", ADDRESS.get_or_init(|| address)))
}

fn add_to(config: &str, address: &str) -> Measured<String> {
    let date = config
        .lines()
        .find(|line| line.trim_start().starts_with("compatibilityDate = "));
    let date = date.ok_or("the edge's configuration has no compatibilityDate")?;
    let config = after(config, "services = [", "\n    (name = \"hello\", worker = .hello),")?;
    let socket = format!("(name = \"hello\", address = \"{address}\", http = (), service = \"hello\"), ");
    let config = after(&config, "sockets = [", &socket)?;
    Ok(format!("{config}\nconst hello :Workerd.Worker = (\n{date}\n{WORKER}"))
}

const WORKER: &str = r#"  modules = [
    (name = "index.js", esModule = embed "hello/index.js"),
    (name = "index_bg.wasm", wasm = embed "hello/index_bg.wasm"),
  ],
  bindings = [(name = "INSERT_PER_REQUEST", durableObjectNamespace = "InsertPerRequest")],
  durableObjectNamespaces = [(className = "InsertPerRequest", uniqueKey = "bench-insert-per-request", enableSql = true)],
  durableObjectStorage = (localDisk = "data"),
);
"#;

fn after(config: &str, place: &str, addition: &str) -> Measured<String> {
    let (before, rest) = config
        .split_once(place)
        .ok_or_else(|| format!("the edge's configuration has no '{place}'"))?;
    Ok(format!("{before}{place}{addition}{rest}"))
}

/// Below the range from which outgoing connections take theirs, as all ports of a stack.
fn free_port() -> Measured<u16> {
    let edge = Url::parse(&variable("STANCHION_EDGE_URL"))?
        .port()
        .ok_or("the edge's address has no port")?;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    Ok((edge.saturating_add(1)..=32_767)
        .find(is_free)
        .ok_or("no port is free")?)
}

fn part(action: &str) -> Measured<()> {
    let tool = root().join("scripts/stack/part");
    let output = Command::new(tool).args([action, "edge"]).output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "the edge did not {action}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )
        .into())
    }
}

/// The clone, as scripts/bench sets it.
fn root() -> PathBuf {
    PathBuf::from(variable("STANCHION_ROOT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_gets_a_service_and_a_socket() {
        let config = "const config = (\n  services = [\n    (name = \"edge\"),\n  ],\n  sockets = [(name = \"http\")],\n);\n\
            const edge = (\n  compatibilityDate = \"2026-04-01\",\n);\n";
        let added = add_to(config, "127.0.0.1:7").unwrap();
        assert!(
            added.contains("services = [\n    (name = \"hello\", worker = .hello),\n    (name = \"edge\"),"),
            "{added}"
        );
        assert!(
            added.contains("http = (), service = \"hello\"), (name = \"http\")],"),
            "{added}"
        );
        assert_eq!(added.matches("compatibilityDate = \"2026-04-01\",").count(), 2);
        assert!(add_to("const config = ();", "127.0.0.1:7").is_err());
    }
}
