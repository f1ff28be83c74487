//! The configuration, read from the worker's variables and secrets once per isolate.

use std::{cell::OnceCell, rc::Rc};

use worker::{Env, console_error};

use crate::config::EdgeConfig;

thread_local! {
    /// Owned by the isolate: variables change only with a deployment, and that starts new isolates.
    static CONFIGURATION: OnceCell<Result<Rc<EdgeConfig>, String>> = const { OnceCell::new() };
}

/// The configuration of this isolate.
///
/// # Errors
/// A sentence that names the first variable that is missing or unusable; it was logged once.
pub(super) fn configuration(env: &Env) -> Result<Rc<EdgeConfig>, String> {
    CONFIGURATION.with(|cell| {
        let parsed = cell.get_or_init(|| {
            let variable = |name: &str| env.var(name).ok().map(|value| value.to_string());
            EdgeConfig::parse(variable).map(Rc::new).map_err(|error| {
                console_error!("the edge is misconfigured: {error}");
                error.to_string()
            })
        });
        parsed.clone()
    })
}
