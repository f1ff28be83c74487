//! The endpoints, one file for each or for a few that belong together. An endpoint imports no
//! endpoint: what two of them share is in another room. Which method and path is which endpoint is in [`super::route`].
//!
//! # Layout
//! - [`challenge`], [`join`], [`status`], [`leave`]: a fan in the queue.
//! - [`queue`], [`schedule`], [`draws`]: what everybody may see of an event's queue.
//! - [`control`], [`settings`]: what the origin or a site's owner tells the edge, and what holds.
//! - [`browse`], [`origin`]: what Stanchion's own origin answers.
//! - [`join_form`], [`leave_form`], [`left_page`]: a browser without script in front of a protected
//!   site.
//! - [`pages`], [`assets`]: what fans see in a browser.
//! - [`jwks`], [`health`]: the edge's public keys, and that it is alive.

pub(crate) mod assets;
pub(crate) mod browse;
pub(crate) mod challenge;
pub(crate) mod control;
pub(crate) mod draws;
pub(crate) mod health;
pub(crate) mod join;
pub(crate) mod join_form;
pub(crate) mod jwks;
pub(crate) mod leave;
pub(crate) mod leave_form;
pub(crate) mod left_page;
pub(crate) mod origin;
pub(crate) mod pages;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod settings;
pub(crate) mod status;
