//! The origin: it knows the fans, sells the seats and tells the edge how fast to admit.
//!
//! The map: [`http`] lists every route and says what an error looks like. [`accounts`] signs fans up and in, [`catalogue`]
//! shows events, [`fans`] says who is a verified fan of one. Behind a shop token: [`inventory`] (seats, in Redis), [`cart`], [`checkout`] (a saga over [`fraud`],
//! [`payments`] and [`tickets`]), [`orders`]. [`reputation`] is for the edge. [`admin`] creates, launches, pauses; [`meter`] decides once a second how
//! many fans the edge admits. Underneath: [`config`] (environment), [`state`] (what every handler shares), [`database`]
//! (the one door to PostgreSQL), [`edge`] (its control API), [`outbound`] (reading others' answers), [`keys`] (who may
//! sign), [`clock`]. [`serve`] runs it all.

pub mod accounts;
pub mod admin;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod clock;
pub mod config;
pub mod database;
pub mod edge;
pub mod fans;
pub mod fraud;
pub mod http;
pub mod inventory;
pub mod keys;
pub mod meter;
pub mod orders;
pub mod outbound;
pub mod payments;
pub mod reputation;
pub mod serve;
pub mod state;
pub mod tickets;
