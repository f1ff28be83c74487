//! The origin over HTTP, on a real PostgreSQL and Redis. All tests run beside each other: each has a database, events and,
//! where it pays, a payment gateway of its own.

mod accounts;
mod admin;
mod cart;
mod catalogue;
mod checkout;
mod database;
mod errors;
mod harness;
mod inventory;
mod meter;
mod orders;
mod payments;
mod reputation;
mod verified_fans;
