//! Form fields as Stripe writes them: `amount=100&metadata[order_id]=7&payment_method_types[]=card`.
//!
//! Fields are taken one by one. A field that is left over is unknown, and an error, so that a misspelt name is found here
//! and not in production.

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::error::GatewayError;
use crate::metadata::Metadata;

/// The fields of one request.
#[derive(Clone, Debug)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads a form body or a query string.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self {
            pairs: form_urlencoded::parse(text).into_owned().collect(),
        }
    }

    /// The same text for the same parameters in whichever order they came.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut pairs: Vec<_> = self.pairs.iter().collect();
        pairs.sort();
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    }

    /// Takes the one field called `name`.
    ///
    /// # Errors
    /// It stands there twice, or empty.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, GatewayError> {
        let mut values = self.extract(|key| key == name).into_iter().map(|(_, value)| value);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(GatewayError::invalid_request(format!("'{name}' was passed more than once.")).about(name));
        }
        if value.is_empty() {
            let message = format!("You passed an empty string for '{name}', which cannot be unset.");
            return Err(GatewayError::invalid_param(name, "parameter_invalid_empty", message));
        }
        Ok(Some(value))
    }

    /// Takes the one field called `name`, which must be there.
    ///
    /// # Errors
    /// As [`Params::take`], or it is missing.
    pub fn require(&mut self, name: &str) -> Result<String, GatewayError> {
        self.take(name)?.ok_or_else(|| {
            GatewayError::invalid_param(name, "parameter_missing", format!("Missing required param: {name}."))
        })
    }

    /// Takes a `true` or `false`; missing counts as `false`.
    ///
    /// # Errors
    /// It is neither.
    pub fn take_bool(&mut self, name: &str) -> Result<bool, GatewayError> {
        match self.take(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(GatewayError::invalid_request(format!("Invalid boolean: {other}")).about(name)),
        }
    }

    /// Takes all fields `name[…]`, as pairs of what the brackets hold and the value.
    pub fn take_group(&mut self, name: &str) -> Vec<(String, String)> {
        let inner = |key: &str| -> Option<String> {
            Some(key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.to_owned())
        };
        let taken = self.extract(|key| inner(key).is_some());
        taken
            .into_iter()
            .filter_map(|(key, value)| Some((inner(&key)?, value)))
            .collect()
    }

    /// Takes `metadata[…]`; an empty value leaves its key unset, as with Stripe.
    ///
    /// # Errors
    /// Beyond the limits of [`Metadata`].
    pub fn take_metadata(&mut self) -> Result<Metadata, GatewayError> {
        let pairs: BTreeMap<_, _> = self
            .take_group("metadata")
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Metadata::new(pairs)
    }

    /// Drops fields, and groups of fields, that Stripe knows and that change nothing here.
    pub fn ignore(&mut self, names: &[&str]) {
        self.extract(|key| names.contains(&key.split('[').next().unwrap_or(key)));
    }

    /// All that matters has been taken.
    ///
    /// # Errors
    /// A field is left.
    pub fn finish(mut self) -> Result<(), GatewayError> {
        self.ignore(&["expand"]);
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => {
                let message = format!("Received unknown parameter: {name}");
                Err(GatewayError::invalid_param(name, "parameter_unknown", message))
            }
        }
    }

    fn extract(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        self.pairs.extract_if(.., |(key, _)| wanted(key)).collect()
    }
}
