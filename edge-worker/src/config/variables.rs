//! How one variable is read. One that is missing is named, and a URL must have a scheme by which
//! secrets may travel.

/// Below this domain are the components of one Spin application, which it asks within its process
/// (<https://spinframework.dev/v3/http-outbound#local-service-chaining>). No server has such a name.
const SPIN_INTERNAL: &str = ".spin.internal";

/// The edge cannot start: a variable is missing or unusable. The sentence names it and shows no
/// value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: String,
}

/// Reads variables by name.
pub(super) struct Variables<V> {
    variable: V,
    /// Whether `http` URLs are allowed. They are for developers' machines only: account tokens,
    /// shop tokens and passwords are sent to these URLs.
    development: bool,
}

impl<V: Fn(&str) -> Option<String>> Variables<V> {
    /// # Errors
    /// `STANCHION_ENVIRONMENT` is neither `development` nor `production`.
    pub(super) fn new(variable: V) -> Result<Variables<V>, ConfigError> {
        let name = "STANCHION_ENVIRONMENT";
        let mut variables = Variables {
            variable,
            development: false,
        };
        variables.development = match variables.text(name)?.as_str() {
            "development" => true,
            "production" => false,
            _ => return Err(because(name)("it is neither development nor production")),
        };
        Ok(variables)
    }

    pub(super) fn is_development(&self) -> bool {
        self.development
    }

    /// The value; `None` if it is missing or blank.
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    /// The value.
    ///
    /// # Errors
    /// The variable is not set.
    pub(super) fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        let missing = || ConfigError {
            name,
            problem: "is not set".to_owned(),
        };
        self.optional(name).ok_or_else(missing)
    }

    /// The value, parsed by `parse`.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        parse(self.text(name)?.trim()).map_err(because(name))
    }

    /// The address of an origin: a URL of scheme, host and port, without a slash at its end.
    ///
    /// # Errors
    /// The variable is not set, or [`Variables::checked_origin`] refuses it.
    pub(super) fn origin(&self, name: &'static str) -> Result<String, ConfigError> {
        self.checked_origin(&self.text(name)?).map_err(because(name))
    }

    /// As [`Variables::origin`], of a text.
    ///
    /// # Errors
    /// A sentence: it is no URL, has more than scheme, host and port, or a scheme that this
    /// environment does not allow.
    pub(super) fn checked_origin(&self, text: &str) -> Result<String, String> {
        let url = match spin_component(text) {
            Some(url) => url,
            None => self.checked_url(text)?,
        };
        let uri: http::Uri = url.parse().map_err(|error: http::uri::InvalidUri| error.to_string())?;
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let is_bare = !authority.contains('@') && url.ends_with(&format!("://{authority}"));
        let has_port = authority
            .rsplit_once(':')
            .is_none_or(|(_, port)| port.ends_with(']') || uri.port().is_some());
        if authority.is_empty() || !is_bare || !has_port {
            return Err("it must have a scheme, a host, perhaps a port, and nothing else".to_owned());
        }
        Ok(url)
    }

    /// A URL without a slash at its end, or `default` if the variable is not set.
    ///
    /// # Errors
    /// The variable is not set and has no default, is no URL, or has a scheme that this environment
    /// does not allow.
    pub(super) fn url(&self, name: &'static str, default: Option<&str>) -> Result<String, ConfigError> {
        let set = match default {
            Some(default) => self.optional(name).unwrap_or_else(|| default.to_owned()),
            None => self.text(name)?,
        };
        self.checked_url(&set).map_err(because(name))
    }

    fn checked_url(&self, text: &str) -> Result<String, String> {
        let url = text.trim().trim_end_matches('/').to_owned();
        let schemes: &[&str] = match self.development {
            true => &["http://", "https://"],
            false => &["https://"],
        };
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(format!("it must start with {}", schemes.join(" or ")));
        }
        url.parse::<http::Uri>().map_err(|error| error.to_string())?;
        Ok(url)
    }
}

/// The address of another component of the same Spin application: it needs no TLS.
fn spin_component(text: &str) -> Option<String> {
    let url = text.trim().trim_end_matches('/');
    let host = url.strip_prefix("http://")?;
    host.ends_with(SPIN_INTERNAL).then(|| url.to_owned())
}

/// Makes the error of a variable that is set and cannot be used.
pub(super) fn because<E: std::fmt::Display>(name: &'static str) -> impl Fn(E) -> ConfigError {
    move |problem| ConfigError {
        name,
        problem: format!("cannot be used: {problem}"),
    }
}
