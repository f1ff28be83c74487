//! The part of spin.toml (manifest version 2) that this host understands. What it does not understand it refuses, with a
//! sentence that names it: a component must not run with less than its manifest asks for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The only manifest version there is for Spin 4.
const VERSION: u64 = 2;
/// The only route that this host has: everything.
const EVERYTHING: &str = "/...";

/// An application of one component that answers every path.
#[derive(Debug)]
pub(crate) struct Application {
    /// The component's id.
    pub(crate) component: String,
    /// Its WebAssembly file.
    pub(crate) source: PathBuf,
    /// `[variables]`.
    pub(crate) variables: BTreeMap<String, Variable>,
    /// `[component.ID.variables]`: templates by name.
    pub(crate) templates: BTreeMap<String, String>,
    /// `[component.ID.environment]`.
    pub(crate) environment: BTreeMap<String, String>,
    /// `allowed_outbound_hosts`; templates, too.
    pub(crate) allowed_outbound_hosts: Vec<String>,
    /// `key_value_stores`: labels.
    pub(crate) key_value_stores: Vec<String>,
    /// `files`: folders that the component sees.
    pub(crate) files: Vec<MountedFolder>,
}

/// An entry of `files`: a folder that the component can read. Patterns, Spin's other kind of entry, are refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MountedFolder {
    /// The folder.
    pub(crate) source: PathBuf,
    /// Where the component sees it.
    pub(crate) destination: String,
}

/// One of `[variables]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variable {
    /// It has no default and must be given.
    #[serde(default)]
    pub(crate) required: bool,
    /// Its value unless one is given.
    pub(crate) default: Option<String>,
    /// For Spin's tools; this host never shows a value.
    #[serde(default, rename = "secret")]
    _secret: bool,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// It could not be read.
    #[error("{path} cannot be read: {error}")]
    Unreadable {
        /// The manifest.
        path: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// It is not TOML, or has keys or types that are not understood here.
    #[error("{path} is not understood by this host: {error}")]
    NotUnderstood {
        /// The manifest.
        path: String,
        /// Where and what.
        error: toml::de::Error,
    },
    /// Understood, and more than this host does.
    #[error("{path}: {what}")]
    Unsupported {
        /// The manifest.
        path: String,
        /// A sentence.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    spin_manifest_version: u64,
    #[serde(rename = "application")]
    _application: About,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: Triggers,
    component: BTreeMap<String, Component>,
}

/// `[application]`: descriptions. `trigger` (settings for all triggers of a kind) is not among them on purpose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    #[serde(rename = "name")]
    _name: String,
    #[serde(default, rename = "version")]
    _version: IgnoredAny,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "authors")]
    _authors: IgnoredAny,
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggers {
    http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpTrigger {
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    route: String,
    component: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Component {
    source: PathBuf,
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    key_value_stores: Vec<String>,
    #[serde(default)]
    files: Vec<MountedFolder>,
    /// Building is not this host's business.
    #[serde(default, rename = "build")]
    _build: IgnoredAny,
    #[serde(default, rename = "tool")]
    _tool: IgnoredAny,
}

impl Application {
    /// Reads a manifest; a relative source is below the manifest's folder.
    ///
    /// # Errors
    /// When it cannot be read, is not a manifest of version 2, or asks for what this host does not have.
    pub(crate) fn read(path: &Path) -> Result<Self, ManifestError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ManifestError::Unreadable {
            path: name.clone(),
            error,
        })?;
        Self::parse(&text, &name, path.parent().unwrap_or(Path::new("")))
    }

    fn parse(text: &str, path: &str, folder: &Path) -> Result<Self, ManifestError> {
        let unsupported = |what: String| ManifestError::Unsupported {
            path: path.to_owned(),
            what,
        };
        let file: File = toml::from_str(text).map_err(|error| ManifestError::NotUnderstood {
            path: path.to_owned(),
            error,
        })?;
        if file.spin_manifest_version != VERSION {
            let found = file.spin_manifest_version;
            return Err(unsupported(format!(
                "spin_manifest_version must be {VERSION}, not {found}"
            )));
        }
        let [trigger] = <[HttpTrigger; 1]>::try_from(file.trigger.http)
            .map_err(|all| unsupported(format!("this host wants one [[trigger.http]], not {}", all.len())))?;
        if trigger.route != EVERYTHING {
            let route = trigger.route;
            return Err(unsupported(format!(
                "this host has the route \"{EVERYTHING}\" only, not {route:?}"
            )));
        }
        let mut components = file.component;
        let id = trigger.component;
        let component = components
            .remove(&id)
            .ok_or_else(|| unsupported(format!("the trigger names the component '{id}', which is not there")))?;
        if let Some(other) = components.keys().next() {
            return Err(unsupported(format!(
                "this host runs one component; '{other}' is one too many"
            )));
        }
        let mounted = |files: MountedFolder| MountedFolder {
            source: folder.join(files.source),
            ..files
        };
        Ok(Self {
            files: component.files.into_iter().map(mounted).collect(),
            source: folder.join(component.source),
            component: id,
            variables: file.variables,
            templates: component.variables,
            environment: component.environment,
            allowed_outbound_hosts: component.allowed_outbound_hosts,
            key_value_stores: component.key_value_stores,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "stanchion"
        version = "1.0.0"
        authors = ["somebody"]
        [variables]
        key = { required = true, secret = true, description = "a key" }
        [[trigger.http]]
        route = "/..."
        component = "edge"
        [component.edge]
        source = "target/edge.wasm"
        allowed_outbound_hosts = ["redis://{{ redis_host }}"]
        key_value_stores = ["default"]
        files = [{ source = "static", destination = "/files" }]
        [component.edge.variables]
        key = "{{ key }}"
        [component.edge.build]
        command = "cargo build"
        watch = ["src"]
    "#;

    fn parse(text: &str) -> Result<Application, String> {
        Application::parse(text, "spin.toml", Path::new("/clone")).map_err(|error| error.to_string())
    }

    fn refusal(was: &str, is: &str) -> String {
        assert!(MANIFEST.contains(was), "the manifest has {was}");
        parse(&MANIFEST.replace(was, is)).expect_err("refused")
    }

    #[test]
    fn the_subset_is_read() {
        let application = parse(MANIFEST).unwrap();
        assert_eq!(application.component, "edge");
        assert_eq!(application.source, Path::new("/clone/target/edge.wasm"));
        assert!(application.variables["key"].required);
        assert_eq!(application.templates["key"], "{{ key }}");
        assert_eq!(application.allowed_outbound_hosts, ["redis://{{ redis_host }}"]);
        assert_eq!(application.key_value_stores, ["default"]);
        let folder = MountedFolder {
            source: "/clone/static".into(),
            destination: "/files".to_owned(),
        };
        assert_eq!(application.files, [folder]);
    }

    #[test]
    fn keys_that_would_change_what_runs_are_refused_by_name() {
        for key in [
            "exclude_files = []",
            "sqlite_databases = []",
            "dependencies = {}",
            "misspelt = 1",
        ] {
            let sentence = refusal(
                "[component.edge.variables]",
                &format!("{key}\n[component.edge.variables]"),
            );
            let name = key.split(' ').next().unwrap();
            assert!(sentence.contains(&format!("unknown field `{name}`")), "{sentence}");
        }
        let sentence = refusal("[[trigger.http]]", "[[trigger.redis]]\nchannel = 'a'\n[[trigger.http]]");
        assert!(sentence.contains("unknown field `redis`"), "{sentence}");
    }

    #[test]
    fn files_by_a_pattern_are_refused() {
        assert!(refusal(r#"[{ source = "static", destination = "/files" }]"#, r#"["static/*"]"#).contains("static/*"));
    }

    #[test]
    fn other_versions_routes_and_components_are_refused_with_a_sentence() {
        assert!(refusal("version = 2", "version = 1").contains("must be 2, not 1"));
        assert!(refusal("\"/...\"", "\"/api/...\"").contains("\"/api/...\""));
        assert!(refusal("component = \"edge\"", "component = \"other\"").contains("'other'"));
        assert!(refusal("[variables]", "[component.two]\nsource = 'b.wasm'\n[variables]").contains("'two'"));
    }
}
