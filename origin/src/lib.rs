//! The origin: it knows the fans, sells the seats and tells the edge how fast to admit.
//!
//! The map: [`http`] lists every route and says what an error looks like. [`accounts`] signs fans up and in, [`catalogue`]
//! shows events. Behind a shop token: `inventory` (seats, in Redis), `cart`, `checkout` (a saga over `fraud`, `payments`
//! and `tickets`), `orders`. [`admin`] creates, launches, pauses; [`meter`] decides once a second how many fans the edge
//! admits. Underneath: [`config`] (environment), [`state`] (what every handler shares), [`database`] (the one door to
//! PostgreSQL), [`keys`] (who may sign), [`clock`].

pub mod clock;
pub mod config;
pub mod database;
pub mod http;
pub mod keys;
pub mod state;
