//! Single requests to AWS services: signed (Signature Version 4), sent, and answered within bounds.
//!
//! For adapters that call one operation of a service: its SDK would be many times larger than all that they need of it.
//! The protocol is AWS JSON 1.1, which Glue and Secrets Manager speak. Nothing is tried again here, and neither requests nor
//! answers stand in errors.

mod answer;
mod client;

pub use answer::{Answer, Incomplete, receive};
pub use client::{Place, ServiceClient, ServiceClientError, Unsent};
