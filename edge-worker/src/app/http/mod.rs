//! HTTP as every endpoint speaks it: responses and refusals, headers, cookies, forms, and how large
//! a request may be.
//!
//! # Layout
//! - [`limits`]: how large body, address and headers of a request may be.
//! - [`cors`]: what pages of other sites may ask for.
//! - [`methods`]: `OPTIONS`, and what `HEAD` is.
//! - [`host`], [`headers`], [`cookie`], [`form`], [`json`]: what is read from a request.
//! - [`response`], [`redirect`], [`static_file`], [`content_coding`]: what is sent.
//! - [`security_headers`]: what a page may load and do.
//! - [`refusal`]: why a request is not served.

pub(crate) mod content_coding;
pub(crate) mod cookie;
pub(crate) mod cors;
pub(crate) mod form;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod json;
pub(crate) mod limits;
pub(crate) mod methods;
pub(crate) mod redirect;
pub(crate) mod refusal;
pub(crate) mod response;
pub(crate) mod security_headers;
pub(crate) mod static_file;
