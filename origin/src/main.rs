//! The origin's command line. The work is in the library.

use std::{
    env,
    error::Error,
    io::{BufWriter, IsTerminal, stderr, stdout},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use stanchion_origin::{
    accounts,
    config::{Config, Environment},
    database, serve,
    state::{App, SharedApp},
};
use tokio::{net::TcpListener, signal::unix};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Stanchion's origin: it sells the seats and tells the edge how fast to admit. Configured by
/// STANCHION_* variables.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the tables up to date and serve; the default.
    Serve,
    /// Bring the tables up to date and exit.
    Migrate,
    /// For load tests: create accounts that share one random password, which is not kept, and print
    /// a JSON line {subject, email, token} for each. Nobody can sign in to them; the tokens live as
    /// long as any other.
    MintAccounts {
        /// How many.
        #[arg(long)]
        count: usize,
        /// What their addresses begin with.
        #[arg(long, default_value = "fan")]
        prefix: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command.unwrap_or(Command::Serve)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stanchion-origin: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    start_logging(config.environment);
    let app = App::connect(config).await?;
    database::migrate(&app.database).await?;
    match command {
        Command::Migrate => Ok(()),
        Command::MintAccounts { count, prefix } => {
            let mut out = BufWriter::new(stdout());
            Ok(accounts::create_load_test_accounts(&app.accounts, &app.config, count, &prefix, &mut out).await?)
        }
        Command::Serve => Ok(listen(app).await?),
    }
}

async fn listen(app: SharedApp) -> std::io::Result<()> {
    let listener = TcpListener::bind(app.config.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "the origin serves");
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    serve::serve(app, listener, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
    })
    .await
}

/// Logs go to standard error, because `mint-accounts` prints its result. `RUST_LOG` says which: a
/// level, or `target=level` with commas.
fn start_logging(environment: Environment) {
    let filter = env::var("RUST_LOG")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| {
            Targets::new()
                .with_default(LevelFilter::INFO)
                .with_target("sqlx::postgres::notice", LevelFilter::WARN)
        });
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE) // the filter decides
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    match environment {
        Environment::Development => log.finish().with(filter).init(),
        Environment::Production => log.json().finish().with(filter).init(),
    }
}
