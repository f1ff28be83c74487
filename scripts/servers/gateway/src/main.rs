//! The gateway's process: flags, one line on stdout that says where it listens, a graceful stop.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use stanchion_gateway::{Gateway, SecretKey, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long requests in progress may take to finish after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// A payment gateway for local use: the subset of Stripe's PaymentIntents API that Stanchion's origin uses.
///
/// It moves no money and keeps its state in memory. Its control surface (/_control) has no key, so it listens on
/// loopback only.
#[derive(Parser)]
#[command(version)]
struct GatewayFlags {
    /// Where to listen; a loopback address. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,

    /// The secret key that callers must present; starts with `sk_test_`.
    #[arg(long, env = "STANCHION_GATEWAY_KEY", hide_env_values = true)]
    secret_key: SecretKey,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "must be an address and a port, as in 127.0.0.1:4010".to_owned())?;
    if !address.ip().is_loopback() {
        return Err("must be a loopback address: the control surface asks for no key".to_owned());
    }
    Ok(address)
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = GatewayFlags::parse();
    stanchion_server_log::start();
    match run(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the gateway stops");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: GatewayFlags) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(flags.listen).await?;
    let address = listener.local_addr()?;
    // Scripts wait for this line, so it leaves at once even when stdout is a pipe.
    writeln!(std::io::stdout(), "listening on http://{address}")?;
    std::io::stdout().flush()?;

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, Gateway::new(flags.secret_key), async {
        // A closed channel stops the gateway, too.
        let _ = stopped.await;
    }));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("asked to stop; finishing requests in progress");
    drop(stop);
    match tokio::time::timeout(STOP_WITHIN, serving).await {
        Ok(ended) => ended.map_err(std::io::Error::other)?,
        Err(_) => {
            tracing::warn!("some requests did not finish in time");
            Ok(())
        }
    }
}
