//! Configuration from `STANCHION_*` environment variables. Each value is read and parsed once, at
//! the start, and never shown. `docs/operating/configuration.md` says what each variable means.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use reqwest::Url;
use stanchion_shared::{
    account_token::{self, AccountClaims},
    ids::Bytes32,
    jose::{SigningKeys, VerifyingKeys},
    timestamp::UnixMillis,
};

/// Shortest admin token, in characters.
pub const ADMIN_TOKEN_MIN_LENGTH: usize = 32;
/// Longest issuer name, in bytes; it travels in every token.
pub const ISSUER_MAX_LENGTH: usize = 128;

/// The kind of place that the origin runs in. Only what a developer's machine needs differs, never
/// a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine: logs for people, plain http towards edge and payment provider.
    Development,
    /// Logs as JSON; edge and payment provider over https.
    Production,
}

/// How many attempts are allowed. `burst` of them may come together; used ones come back evenly,
/// all of them in `refill_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// At least 1, at most [`MAX_BURST`].
    pub burst: u32,
    /// At least a second, at most [`MAX_REFILL_SECONDS`].
    pub refill_time: Duration,
}

/// Largest `burst`.
pub const MAX_BURST: u32 = 1_000_000;
/// Longest `refill_time`, in seconds: a day.
pub const MAX_REFILL_SECONDS: u64 = 86_400;
/// Sign-ins per account from one address: enough for a fan to try all passwords that the fan
/// remembers.
pub const SIGN_INS_PER_ACCOUNT: Allowance = Allowance::new(10, 600);
/// Sign-ins per address: a school or an office behind one address, on the morning of an on-sale.
pub const SIGN_INS_PER_ADDRESS: Allowance = Allowance::new(200, 600);
/// Sign-ups per address: fewer of them need an account on the same morning.
pub const SIGN_UPS_PER_ADDRESS: Allowance = Allowance::new(50, 600);

impl Allowance {
    const fn new(burst: u32, refill_seconds: u64) -> Allowance {
        Allowance {
            burst,
            refill_time: Duration::from_secs(refill_seconds),
        }
    }

    /// `factor` times the burst in the same refill time; no more than [`MAX_BURST`].
    #[must_use]
    pub fn times(self, factor: u32) -> Allowance {
        Allowance {
            burst: self.burst.saturating_mul(factor).min(MAX_BURST),
            ..self
        }
    }

    /// Reads `attempts/seconds`.
    fn parse(text: &str) -> Option<Allowance> {
        let (burst, seconds) = text.trim().split_once('/')?;
        let (burst, seconds) = (burst.parse().ok()?, seconds.parse().ok()?);
        let fits = (1..=MAX_BURST).contains(&burst) && (1..=MAX_REFILL_SECONDS).contains(&seconds);
        fits.then(|| Allowance::new(burst, seconds))
    }
}

/// The origin's whole configuration. It has no `Debug`, because it holds secrets.
pub struct Config {
    /// `STANCHION_ENVIRONMENT`.
    pub environment: Environment,
    /// `STANCHION_LISTEN`.
    pub listen: SocketAddr,
    /// `STANCHION_DATABASE_URL`.
    pub database_url: String,
    /// `STANCHION_REDIS_URL`.
    pub redis_url: String,
    /// `STANCHION_EDGE_URL`: control API and JWKS.
    pub edge_url: Url,
    /// `STANCHION_CONTROL_KEY`: HMAC of the control API.
    pub control_key: Bytes32,
    /// `STANCHION_ACCOUNT_SIGNING_KEYS`: sign account tokens.
    pub account_signing_keys: SigningKeys,
    /// `STANCHION_ACCOUNT_JWKS`: verify account tokens.
    pub account_keys: VerifyingKeys,
    /// `STANCHION_ACCOUNT_ISSUER`: `iss` of account tokens.
    pub account_issuer: String,
    /// `STANCHION_SHOP_ISSUER`: `iss` of shop tokens.
    pub shop_issuer: String,
    /// `STANCHION_STRIPE_URL`: base of the PaymentIntents API.
    pub stripe_url: Url,
    /// `STANCHION_STRIPE_KEY`: its secret key.
    pub stripe_key: String,
    /// `STANCHION_TICKET_CODE_KEY`: HMAC of ticket barcodes.
    pub ticket_code_key: Bytes32,
    /// `STANCHION_INVITATION_KEY`: HMAC of the codes that verified fans are invited with.
    pub invitation_key: Bytes32,
    /// `STANCHION_ADMIN_TOKEN`: Bearer of the admin API.
    pub admin_token: String,
    /// `STANCHION_REPUTATION_FILE`: the table of addresses. `None`: there is no table.
    pub reputation_file: Option<PathBuf>,
    /// `STANCHION_SIGN_INS_PER_ACCOUNT`, or [`SIGN_INS_PER_ACCOUNT`].
    pub sign_ins_per_account: Allowance,
    /// `STANCHION_SIGN_INS_PER_ADDRESS`, or [`SIGN_INS_PER_ADDRESS`].
    pub sign_ins_per_address: Allowance,
    /// `STANCHION_SIGN_UPS_PER_ADDRESS`, or [`SIGN_UPS_PER_ADDRESS`].
    pub sign_ups_per_address: Allowance,
}

/// Why the origin does not start. The sentence names the variable and never shows its value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// Not set, or empty.
    #[error("{0} is missing: set it (docs/operating/configuration.md lists every variable)")]
    Missing(&'static str),
    /// Set to something that cannot be used.
    #[error("{name} cannot be used: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it must be.
        reason: String,
    },
}

fn invalid(name: &'static str, reason: impl ToString) -> ConfigError {
    ConfigError::Invalid {
        name,
        reason: reason.to_string(),
    }
}

impl Config {
    /// From the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that is missing or cannot be used.
    pub fn from_env() -> Result<Config, ConfigError> {
        Config::from_lookup(|name| std::env::var(name).ok())
    }

    /// From any source of values by name; tests use their own.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let text = |name: &'static str| {
            lookup(name)
                .filter(|value| !value.trim().is_empty())
                .ok_or(ConfigError::Missing(name))
        };
        let environment = match text("STANCHION_ENVIRONMENT")?.as_str() {
            "development" => Environment::Development,
            "production" => Environment::Production,
            _ => return Err(invalid("STANCHION_ENVIRONMENT", "it is `development` or `production`")),
        };
        let bytes = |name| Bytes32::parse(&text(name)?).map_err(|error| invalid(name, error));
        let base = |name| parse_base_url(name, &text(name)?, environment);
        let issuer = |name| parse_issuer(name, text(name)?);
        let allowance = |name, default| match lookup(name) {
            None => Ok(default),
            Some(value) => Allowance::parse(&value).ok_or_else(|| {
                let limits = format!("1 to {MAX_BURST} / 1 to {MAX_REFILL_SECONDS}");
                invalid(name, format!("it is attempts/seconds such as 10/600, {limits}"))
            }),
        };
        let config = Config {
            environment,
            listen: (text("STANCHION_LISTEN")?.parse())
                .map_err(|_| invalid("STANCHION_LISTEN", "it is an address and a port such as 127.0.0.1:8080"))?,
            database_url: parse_scheme("STANCHION_DATABASE_URL", text("STANCHION_DATABASE_URL")?, "postgres")?,
            redis_url: parse_scheme("STANCHION_REDIS_URL", text("STANCHION_REDIS_URL")?, "redis")?,
            edge_url: base("STANCHION_EDGE_URL")?,
            control_key: bytes("STANCHION_CONTROL_KEY")?,
            account_signing_keys: SigningKeys::parse(&text("STANCHION_ACCOUNT_SIGNING_KEYS")?)
                .map_err(|error| invalid("STANCHION_ACCOUNT_SIGNING_KEYS", error))?,
            account_keys: VerifyingKeys::parse(&text("STANCHION_ACCOUNT_JWKS")?)
                .map_err(|error| invalid("STANCHION_ACCOUNT_JWKS", error))?,
            account_issuer: issuer("STANCHION_ACCOUNT_ISSUER")?,
            shop_issuer: issuer("STANCHION_SHOP_ISSUER")?,
            stripe_url: base("STANCHION_STRIPE_URL")?,
            stripe_key: text("STANCHION_STRIPE_KEY")?,
            ticket_code_key: bytes("STANCHION_TICKET_CODE_KEY")?,
            invitation_key: bytes("STANCHION_INVITATION_KEY")?,
            admin_token: text("STANCHION_ADMIN_TOKEN")?,
            reputation_file: text("STANCHION_REPUTATION_FILE").ok().map(PathBuf::from),
            sign_ins_per_account: allowance("STANCHION_SIGN_INS_PER_ACCOUNT", SIGN_INS_PER_ACCOUNT)?,
            sign_ins_per_address: allowance("STANCHION_SIGN_INS_PER_ADDRESS", SIGN_INS_PER_ADDRESS)?,
            sign_ups_per_address: allowance("STANCHION_SIGN_UPS_PER_ADDRESS", SIGN_UPS_PER_ADDRESS)?,
        };
        config.check_together()?;
        Ok(config)
    }

    /// Checks what no variable can be judged for alone.
    fn check_together(&self) -> Result<(), ConfigError> {
        let token = &self.admin_token;
        if token.len() < ADMIN_TOKEN_MIN_LENGTH || !token.bytes().all(|b| b.is_ascii_graphic()) {
            let reason = format!("it has at least {ADMIN_TOKEN_MIN_LENGTH} visible ASCII characters");
            return Err(invalid("STANCHION_ADMIN_TOKEN", reason));
        }
        // With a signing key that the published set does not contain, fans would get tokens that
        // nobody accepts.
        let claims = AccountClaims::new(&self.account_issuer, "key-check", 0, u64::MAX);
        let sample = account_token::sign(&self.account_signing_keys, &claims);
        account_token::verify(&self.account_keys, &self.account_issuer, &sample, UnixMillis(0)).map_err(|_| {
            invalid(
                "STANCHION_ACCOUNT_JWKS",
                "it does not hold the first STANCHION_ACCOUNT_SIGNING_KEYS",
            )
        })?;
        Ok(())
    }
}

/// A base URL whose path ends with `/`, so that joining a relative path keeps all of it.
fn parse_base_url(name: &'static str, value: &str, environment: Environment) -> Result<Url, ConfigError> {
    let slash = if value.ends_with('/') { "" } else { "/" };
    let url = Url::parse(&format!("{value}{slash}")).map_err(|_| invalid(name, "it is not a URL"))?;
    match (url.scheme(), environment) {
        ("https", _) | ("http", Environment::Development) => Ok(url),
        ("http", Environment::Production) => Err(invalid(name, "it must be https in production")),
        _ => Err(invalid(name, "it is an http or https URL")),
    }
}

fn parse_scheme(name: &'static str, value: String, scheme: &str) -> Result<String, ConfigError> {
    let found = value.split_once("://").map_or("", |(found, _)| found);
    // `postgresql`, `rediss`, `redis+unix`: the drivers know their own variants.
    if found.starts_with(scheme) {
        Ok(value)
    } else {
        Err(invalid(name, format!("it is a {scheme}:// URL")))
    }
}

fn parse_issuer(name: &'static str, value: String) -> Result<String, ConfigError> {
    let fits = value.len() <= ISSUER_MAX_LENGTH && value.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(value)
    } else {
        Err(invalid(
            name,
            format!("it has 1 to {ISSUER_MAX_LENGTH} visible ASCII characters"),
        ))
    }
}

#[cfg(test)]
mod tests;
