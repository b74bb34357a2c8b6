//! `schemas diff` and `schemas register` against a registry.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

mod answers;
mod connecting;
mod copy;
mod differences;
mod registering;
