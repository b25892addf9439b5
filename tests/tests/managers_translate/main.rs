//! Translated units on the managers themselves: accepted by their own checkers, and run with the outcome that systemd
//! would have.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod behaviour;
mod checkers;
mod dinit;
mod figures;
mod openrc;
mod repository;
mod shepherd;
mod trial;
