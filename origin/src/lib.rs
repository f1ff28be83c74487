//! The origin of Stanchion's own shop. It keeps the fans' accounts, sells the seats, and tells the
//! edge how fast to admit.
//!
//! # Layout
//!
//! A request: [`serve`] listens, [`routes`] has every address, [`http`] what all handlers share.
//! The handler stands in its feature's `http.rs`, takes what it needs from [`state`], and calls the
//! feature.
//!
//! Features. A feature with addresses has its handlers in `http.rs`, and no other file of it knows
//! HTTP. A feature with errors of its own has them in `error.rs`.
//!
//! - [`accounts`]: fans sign up and in.
//! - [`catalogue`]: events, for everybody.
//! - [`verified_fans`]: the fans in the tier of verified fans.
//! - [`inventory`]: seats and their locks, in Redis.
//! - [`cart`]: the cart of a shopping session.
//! - [`checkout`]: a saga from a cart to a paid order. [`fraud`] and [`payments`] are steps of it.
//! - [`orders`] and [`tickets`]: what a fan has bought.
//! - [`admin`]: what admins do. [`audit`]: the log of their changes.
//! - [`meter`]: decides once a second how fast the edge admits fans.
//! - [`reputation`]: the table of addresses, for the edge.
//!
//! Underneath:
//!
//! - [`events`]: the rows of events and their on-sales.
//! - [`database`]: the one door to PostgreSQL. [`redis_connections`]: the connections to Redis.
//! - [`edge`]: the client of the edge's control API. [`keys`]: the signatures of tokens.
//!   [`response_body`]: reads other servers' answers up to a limit.
//! - [`config`]: what each environment variable means. [`clock`], [`error`]: the clock, and errors
//!   that features share.

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod clock;
pub mod config;
pub mod database;
pub mod edge;
pub mod error;
pub mod events;
pub mod fraud;
pub mod http;
pub mod inventory;
pub mod keys;
pub mod meter;
pub mod orders;
pub mod payments;
pub mod redis_connections;
pub mod reputation;
pub mod response_body;
pub mod routes;
pub mod serve;
pub mod state;
pub mod tickets;
pub mod verified_fans;
