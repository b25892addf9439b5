//! `libnss_userdb.so.2`: users, groups and memberships of userdb for the name service switch of glibc
//! (`nsswitch.conf(5)`, glibc manual "Name Service Switch").
//!
//! It asks one socket, the Multiplexer's, which answers for all services. What is loaded into every program has to be
//! careful: [`guarded`] survives programs that close all descriptors, and forks; [`pool`] keeps a connection for the next
//! lookup; every wait is bounded. Only [`c`], the face that the C library calls, holds `unsafe` code.
//!
//! | file | holds |
//! |---|---|
//! | [`lookup`] | one user or group |
//! | [`memberships`] | who is in which group |
//! | [`enumeration`] | all users or groups, one after the other |
//! | [`failure`] | what the C library is told when there is no answer |
//! | [`record`] | records out of replies |
//! | [`c`] | the functions that the C library calls |

#![cfg(target_env = "gnu")]

mod c;
mod enumeration;
mod failure;
mod guarded;
mod lookup;
mod memberships;
mod open_sockets;
mod pool;
mod record;
#[cfg(test)]
mod tests;
