//! Writes the JavaScript around a module that was compiled with the crate wasm-bindgen:
//!
//! ```text
//! stanchion-bindgen worker|browser MODULE.wasm FOLDER NAME
//! ```
//!
//! `FOLDER` then has `NAME.js` and `NAME_bg.wasm`. A worker's module may be started anew after a
//! trap (`__wbg_reset_state`); `scripts/stack/worker/recovery.mjs` does that.

use std::{env, process::ExitCode};

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match generate(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stanchion-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn generate(arguments: &[String]) -> Result<()> {
    let [host, module, folder, name] = arguments else {
        bail!("usage: stanchion-bindgen worker|browser MODULE.wasm FOLDER NAME");
    };
    let mut bindgen = Bindgen::new();
    match host.as_str() {
        "worker" => bindgen
            .module(true)?
            .reset_state_function(true)
            .force_enable_abort_handler(true),
        "browser" => bindgen.web(true)?.omit_default_module_path(false),
        _ => bail!("there is no host '{host}': 'worker' or 'browser'"),
    };
    bindgen.input_path(module).out_name(name).generate(folder)
}
