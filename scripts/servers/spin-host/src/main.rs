//! The process: flags, one line on stdout that says where it listens, a clean stop. README.md says what is and what is
//! not like Spin.

mod allowed_hosts;
mod bindings;
mod imports;
mod instance;
mod key_value;
mod manifest;
mod outbound;
mod redis;
mod server;
mod variables;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::allowed_hosts::{AllowedHostError, AllowedHosts};
use crate::imports::ImportError;
use crate::instance::{Instances, Surroundings};
use crate::key_value::Stores;
use crate::manifest::{Application, ManifestError};
use crate::server::Server;
use crate::variables::{ENVIRONMENT_PREFIX, Values, VariableError};

/// Runs a Spin application of one component where no Spin is installed.
///
/// Variables are given as with Spin, by SPIN_VARIABLE_NAME in the environment. Only for tests and for trying things out on
/// one machine: it speaks plain http and knows a part of spin.toml.
#[derive(Parser)]
#[command(version)]
struct HostFlags {
    /// The application's manifest.
    #[arg(long, default_value = "spin.toml")]
    manifest: PathBuf,

    /// The component's file, instead of the manifest's `source`.
    #[arg(long)]
    component: Option<PathBuf>,

    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// A folder for compiled components, so that the next start does not compile again.
    #[arg(long)]
    cache: Option<PathBuf>,

    /// Only read manifest and component, print what the component imports, and fail unless Spin 4 provides all of it.
    #[arg(long)]
    check: bool,
}

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
enum HostStartError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Variables(#[from] VariableError),
    #[error(transparent)]
    AllowedHosts(#[from] AllowedHostError),
    #[error("{path} cannot be read: {error}")]
    Unreadable { path: String, error: std::io::Error },
    #[error("{path} cannot run on Spin 4: {error}")]
    Imports { path: String, error: ImportError },
    /// wasmtime's errors are chains; `{:#}` writes all of them in one line.
    #[error("{path} cannot be run: {error:#}")]
    Component { path: String, error: wasmtime::Error },
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error(transparent)]
    System(#[from] std::io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = HostFlags::parse();
    stanchion_server_log::start();
    let ended = if flags.check { check(&flags) } else { run(flags).await };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the application is not running");
            ExitCode::FAILURE
        }
    }
}

fn check(flags: &HostFlags) -> Result<(), HostStartError> {
    let application = Application::read(&flags.manifest)?;
    let (_, imports) = read_component(flags.component.as_ref().unwrap_or(&application.source))?;
    let mut stdout = std::io::stdout();
    for import in imports {
        writeln!(stdout, "{import}")?;
    }
    Ok(())
}

async fn run(flags: HostFlags) -> Result<(), HostStartError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let application = Application::read(&flags.manifest)?;
    let values = Values::resolve(&application.variables, |name| std::env::var(name))?;
    warn_of_strangers(&application);
    let surroundings = Surroundings {
        variables: values.of_component(&application.component, &application.templates)?,
        allowed: Arc::new(AllowedHosts::read(&application.allowed_outbound_hosts, &values)?),
        environment: application.environment,
        stores: Stores::new(application.key_value_stores),
        files: application.files,
    };
    for folder in &surroundings.files {
        std::fs::read_dir(&folder.source).map_err(|error| HostStartError::Unreadable {
            path: folder.source.display().to_string(),
            error,
        })?;
    }
    let source = flags.component.unwrap_or(application.source);
    let (component, _) = read_component(&source)?;
    let instances =
        Instances::compile(&component, surroundings, flags.cache).map_err(|error| HostStartError::Component {
            path: source.display().to_string(),
            error,
        })?;

    let refused = |error| HostStartError::Listen {
        address: flags.listen,
        error,
    };
    let listener = TcpListener::bind(flags.listen).await.map_err(refused)?;
    let address = listener.local_addr()?;
    // Scripts wait for this line, so it leaves at once even when stdout is a pipe.
    writeln!(std::io::stdout(), "listening on http://{address}")?;
    std::io::stdout().flush()?;

    let asked_to_stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop; finishing requests in progress");
    };
    Server::new(instances).serve(listener, asked_to_stop).await;
    Ok(())
}

/// The component's bytes and its imports, all of which Spin 4 provides.
fn read_component(path: &Path) -> Result<(Vec<u8>, Vec<String>), HostStartError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| HostStartError::Unreadable { path: name(), error })?;
    let imports = imports::check(&bytes).map_err(|error| HostStartError::Imports { path: name(), error })?;
    Ok((bytes, imports))
}

/// Without this warning a misspelt variable that has a default would not be noticed.
fn warn_of_strangers(application: &Application) {
    for (name, _) in std::env::vars_os() {
        let Some(variable) = name.to_str().and_then(|name| name.strip_prefix(ENVIRONMENT_PREFIX)) else {
            continue;
        };
        if !application.variables.contains_key(&variable.to_ascii_lowercase()) {
            tracing::warn!("{ENVIRONMENT_PREFIX}{variable} is set, and the manifest has no such variable");
        }
    }
}
