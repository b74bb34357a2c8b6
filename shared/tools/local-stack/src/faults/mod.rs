//! A proxy in front of the AWS emulator that fails, holds or cuts off chosen requests.
//!
//! A function reaches it through `AWS_ENDPOINT_URL`. Tests arm named failpoints and wait until one is reached, so that
//! they can kill the function at exactly that point: no sleeping, no luck.

mod failpoint;
mod proxy;

pub use failpoint::{Action, Answer, Armed, Failpoint, NotReached, When};
pub use proxy::{FaultProxy, ProxyError};
