//! What the processor promises, with in-memory ports and paused time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod concurrency;
mod flood;
mod giving_up;
mod journeys;
mod late_claims;
mod logging;
mod pressure;
mod redrive;
mod waiting;
mod world;
