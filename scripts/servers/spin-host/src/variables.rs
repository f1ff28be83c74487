//! Spin's application variables: names, templates, and the values that `SPIN_VARIABLE_*` gives them.

use std::collections::BTreeMap;

use crate::manifest::Variable;

/// What a variable's name in the environment begins with; the rest is the name in upper case.
pub(crate) const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE_";

/// The values of all application variables, known before anything is served.
pub(crate) struct Values(BTreeMap<String, String>);

/// The variables of one component, as `spin:variables` answers them.
pub(crate) struct ComponentVariables {
    component: String,
    values: BTreeMap<String, String>,
}

/// Why the variables of a manifest cannot be had.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum VariableError {
    /// A name that Spin would not take.
    #[error("the variable name {name:?} {reason}")]
    Name {
        /// As it was written.
        name: String,
        /// What is wrong with it, to be read after the name.
        reason: &'static str,
    },
    /// Spin wants exactly one of the two.
    #[error("the variable '{0}' must either be required or have a default")]
    RequiredOrDefault(String),
    /// The start ends with this.
    #[error("the variable '{name}' is required and has no value: set {ENVIRONMENT_PREFIX}{}", .name.to_ascii_uppercase())]
    Missing {
        /// Its name in the manifest.
        name: String,
    },
    /// A value that is not UTF-8.
    #[error("{0} is not valid UTF-8")]
    NotText(String),
    /// `{{` without `}}`.
    #[error("the template {0:?} has a '{{{{' without its '}}}}'")]
    Unclosed(String),
    /// A template with a variable that `[variables]` does not have.
    #[error("the template {template:?} names the variable '{name}', which [variables] does not have")]
    Unknown {
        /// The whole template.
        template: String,
        /// The name in it.
        name: String,
    },
}

/// What a component is told instead of a value; the texts are Spin's.
#[derive(Debug, PartialEq)]
pub(crate) enum VariableRefusal {
    /// The name could not be a variable's.
    InvalidName(String),
    /// `[component.ID.variables]` does not have it.
    Undefined(String),
}

impl Values {
    /// Values from the environment (`lookup`), or else the defaults.
    ///
    /// # Errors
    /// With the first variable that is misnamed or has no value.
    pub(crate) fn resolve(
        declared: &BTreeMap<String, Variable>,
        lookup: impl Fn(&str) -> Result<String, std::env::VarError>,
    ) -> Result<Self, VariableError> {
        let mut values = BTreeMap::new();
        for (name, variable) in declared {
            judge_name(name).map_err(|reason| VariableError::Name {
                name: name.clone(),
                reason,
            })?;
            if variable.required == variable.default.is_some() {
                return Err(VariableError::RequiredOrDefault(name.clone()));
            }
            let in_environment = format!("{ENVIRONMENT_PREFIX}{}", name.to_ascii_uppercase());
            let value = match lookup(&in_environment) {
                Ok(value) => value,
                Err(std::env::VarError::NotUnicode(_)) => return Err(VariableError::NotText(in_environment)),
                Err(std::env::VarError::NotPresent) => variable
                    .default
                    .clone()
                    .ok_or_else(|| VariableError::Missing { name: name.clone() })?,
            };
            values.insert(name.clone(), value);
        }
        Ok(Self(values))
    }

    /// The template with every `{{ name }}` replaced by that variable's value.
    ///
    /// # Errors
    /// When it is not closed or names what is not declared.
    pub(crate) fn fill(&self, template: &str) -> Result<String, VariableError> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((literal, expression)) = rest.split_once("{{") {
            let (name, after) = expression
                .split_once("}}")
                .ok_or_else(|| VariableError::Unclosed(template.to_owned()))?;
            let name = name.trim();
            let value = self.0.get(name).ok_or_else(|| VariableError::Unknown {
                template: template.to_owned(),
                name: name.to_owned(),
            })?;
            filled.push_str(literal);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The variables of a component, its templates filled.
    ///
    /// # Errors
    /// As [`Self::fill`], and when a name is not one.
    pub(crate) fn of_component(
        &self,
        component: &str,
        templates: &BTreeMap<String, String>,
    ) -> Result<ComponentVariables, VariableError> {
        let mut values = BTreeMap::new();
        for (name, template) in templates {
            judge_name(name).map_err(|reason| VariableError::Name {
                name: name.clone(),
                reason,
            })?;
            values.insert(name.clone(), self.fill(template)?);
        }
        Ok(ComponentVariables {
            component: component.to_owned(),
            values,
        })
    }
}

impl ComponentVariables {
    /// The value of a variable.
    ///
    /// # Errors
    /// What the component is to be told.
    pub(crate) fn get(&self, name: &str) -> Result<String, VariableRefusal> {
        judge_name(name).map_err(|reason| VariableRefusal::InvalidName(format!("{name:?}: {reason}")))?;
        self.values
            .get(name)
            .cloned()
            .ok_or_else(|| VariableRefusal::Undefined(format!("no variable for {:?}.{name:?}", self.component)))
    }
}

/// Spin's rule for names: lower-case letters, digits and single underscores, a letter first, no underscore last.
fn judge_name(name: &str) -> Result<(), &'static str> {
    let of_the_alphabet = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match name.as_bytes() {
        [] => Err("must not be empty"),
        bytes if !bytes.iter().copied().all(of_the_alphabet) => {
            Err("may contain only lower-case letters, digits and underscores")
        }
        [first, ..] if !first.is_ascii_lowercase() => Err("must start with a lower-case letter"),
        [.., b'_'] => Err("must end with a letter or a digit"),
        _ if name.contains("__") => Err("must not contain two underscores in a row"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env::VarError;

    fn declared(toml: &str) -> BTreeMap<String, Variable> {
        toml::from_str(toml).expect("valid variables")
    }

    fn nothing(_: &str) -> Result<String, VarError> {
        Err(VarError::NotPresent)
    }

    #[test]
    fn the_environment_wins_over_the_default() {
        let declared = declared("colour = { default = 'red' }\nsize = { default = '1' }");
        let values = Values::resolve(&declared, |name| match name {
            "SPIN_VARIABLE_COLOUR" => Ok("blue".to_owned()),
            _ => Err(VarError::NotPresent),
        });
        assert_eq!(values.unwrap().fill("{{ colour }}-{{size}}").unwrap(), "blue-1");
    }

    #[test]
    fn a_required_variable_without_a_value_is_named_with_its_environment_variable() {
        let missing = Values::resolve(&declared("control_key = { required = true, secret = true }"), nothing);
        let sentence = missing.err().expect("refused").to_string();
        assert_eq!(
            sentence,
            "the variable 'control_key' is required and has no value: set SPIN_VARIABLE_CONTROL_KEY"
        );
    }

    #[test]
    fn a_variable_is_required_or_has_a_default_and_not_both() {
        for toml in ["a = {}", "a = { required = true, default = 'x' }"] {
            let refused = Values::resolve(&declared(toml), nothing).err();
            assert_eq!(
                refused,
                Some(VariableError::RequiredOrDefault("a".to_owned())),
                "{toml}"
            );
        }
    }

    #[test]
    fn templates_must_be_closed_and_name_declared_variables() {
        let values = Values::resolve(&declared("a = { default = '1' }"), nothing).unwrap();
        assert_eq!(values.fill("no variable"), Ok("no variable".to_owned()));
        assert_eq!(values.fill("x{{ a }}y{{a}}z"), Ok("x1y1z".to_owned()));
        assert!(matches!(values.fill("{{ a"), Err(VariableError::Unclosed(_))));
        assert!(matches!(values.fill("{{ b }}"), Err(VariableError::Unknown { .. })));
    }

    #[test]
    fn a_component_sees_its_own_variables_only() {
        let values = Values::resolve(&declared("secret = { default = 'x' }"), nothing).unwrap();
        let templates = BTreeMap::from([("mine".to_owned(), "<{{ secret }}>".to_owned())]);
        let component = values.of_component("edge", &templates).unwrap();
        assert_eq!(component.get("mine"), Ok("<x>".to_owned()));
        assert_eq!(
            component.get("secret"),
            Err(VariableRefusal::Undefined(
                r#"no variable for "edge"."secret""#.to_owned()
            ))
        );
        assert!(matches!(component.get("Mine"), Err(VariableRefusal::InvalidName(_))));
    }

    #[test]
    fn names_follow_spins_rule() {
        for good in ["a", "a1", "control_key", "a_b_c"] {
            assert_eq!(judge_name(good), Ok(()), "{good}");
        }
        for bad in ["", "A", "1a", "_a", "a_", "a__b", "a-b", "é"] {
            assert!(judge_name(bad).is_err(), "{bad}");
        }
    }
}
