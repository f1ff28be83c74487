//! The configuration, read from the component's variables once per instance. An instance lives for
//! some seconds, so a variable that is changed is soon read again.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use http::HeaderName;
use spin_sdk::variables;

use super::redis::SpinRedis;
use crate::config::EdgeConfig;

/// The origin is not set if it has the manifest's default: Spin parses each entry of
/// `allowed_outbound_hosts`, so none can be empty, and no name ends with `.invalid` (RFC 6761, section
/// 6.4).
const ORIGIN_URL: &str = "STANCHION_ORIGIN_URL";
const NO_ORIGIN: &str = "https://origin.invalid";

/// Where the store's Redis is.
const REDIS_URL: &str = "STANCHION_REDIS_URL";

/// Which request header has the client's address: Spin's own where fans reach Spin themselves,
/// otherwise that of the proxy in front.
const CLIENT_ADDRESS_HEADER: &str = "STANCHION_CLIENT_ADDRESS_HEADER";

/// The values of the component's variables.
pub(super) struct Configuration {
    pub(super) edge: EdgeConfig,
    pub(super) redis: SpinRedis,
    pub(super) client_address_header: HeaderName,
}

thread_local! {
    /// Shared by all requests of the instance; never borrowed across an await.
    static CONFIGURATION: RefCell<Option<Rc<Configuration>>> = const { RefCell::new(None) };
}

/// The configuration of this instance.
///
/// # Errors
/// A sentence that names the first variable that is missing or unusable.
pub(super) async fn configuration() -> Result<Rc<Configuration>, String> {
    if let Some(known) = CONFIGURATION.with_borrow(Clone::clone) {
        return Ok(known);
    }
    // Requests that arrive meanwhile read it too; all read the same.
    let read = Rc::new(read().await?);
    CONFIGURATION.set(Some(Rc::clone(&read)));
    Ok(read)
}

async fn read() -> Result<Configuration, String> {
    let mut values = HashMap::new();
    let names = EdgeConfig::variables();
    for name in names.chain([REDIS_URL, CLIENT_ADDRESS_HEADER]) {
        // Spin writes variables in small letters.
        match variables::get(name.to_ascii_lowercase()).await {
            Ok(value) if name == ORIGIN_URL && value == NO_ORIGIN => {}
            Ok(value) => {
                values.insert(name, value);
            }
            Err(variables::Error::Undefined(_)) => {}
            Err(error) => return Err(format!("{name} cannot be read: {error}")),
        }
    }
    let edge = EdgeConfig::parse(|name| values.get(name).cloned()).map_err(|error| error.to_string())?;
    let mut text = |name: &str| {
        let value = values.remove(name).filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| format!("{name} is not set"))
    };
    Ok(Configuration {
        edge,
        redis: SpinRedis { url: text(REDIS_URL)? },
        client_address_header: text(CLIENT_ADDRESS_HEADER)?
            .trim()
            .parse()
            .map_err(|_| format!("{CLIENT_ADDRESS_HEADER} is not the name of a header"))?,
    })
}
