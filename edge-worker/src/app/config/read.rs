//! Variables, one by one: each is there or named as missing, and a URL has a scheme that its secrets may travel by.

use super::ConfigError;

/// Reads variables by name.
pub(super) struct Variables<V> {
    variable: V,
    /// `http` is for developers' machines only: account tokens, shop tokens and passwords go this way.
    development: bool,
}

impl<V: Fn(&str) -> Option<String>> Variables<V> {
    /// # Errors
    /// `STANCHION_ENVIRONMENT` is none of the two.
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

    /// What is there; `None` for nothing and for spaces.
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    /// # Errors
    /// It is not set.
    pub(super) fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        let missing = || ConfigError {
            name,
            problem: "is not set".to_owned(),
        };
        self.optional(name).ok_or_else(missing)
    }

    /// As [`Variables::text`], read by `parse`.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        parse(self.text(name)?.trim()).map_err(because(name))
    }

    /// A URL without a slash at its end, or `default` where nothing is set.
    ///
    /// # Errors
    /// It is not set and has no default, is none, or has a scheme that is not for this environment.
    pub(super) fn url(&self, name: &'static str, default: Option<&str>) -> Result<String, ConfigError> {
        let set = match default {
            Some(default) => self.optional(name).unwrap_or_else(|| default.to_owned()),
            None => self.text(name)?,
        };
        let url = set.trim().trim_end_matches('/').to_owned();
        let schemes: &[&str] = match self.development {
            true => &["http://", "https://"],
            false => &["https://"],
        };
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(because(name)(format!("it must start with {}", schemes.join(" or "))));
        }
        url.parse::<http::Uri>().map_err(because(name))?;
        Ok(url)
    }
}

/// It is there and cannot be used.
pub(super) fn because<E: std::fmt::Display>(name: &'static str) -> impl Fn(E) -> ConfigError {
    move |problem| ConfigError {
        name,
        problem: format!("cannot be used: {problem}"),
    }
}
