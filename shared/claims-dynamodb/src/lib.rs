//! The [`Claims`] port on DynamoDB conditional writes.
//!
//! One item per claim, in a table whose partition key is the string [`attribute::KEY`]:
//!
//! | state | written by | attributes |
//! |---|---|---|
//! | `held` | [`Claims::claim`] | `token`, `lease_until` (ms), `claimed_at` (ms), `function` |
//! | `done` | [`Claims::complete`] | `token`, `settled_at`, and `expires_at` (s) only where a retention is configured |
//! | `parked` | [`Claims::park`] | `token`, `settled_at`, `letter` |
//! | `free` or `done` | [`Claims::resolve`] | the same, with `decision`, `resolved_by`, `resolved_at` (ms) |
//!
//! Each also carries the `fingerprint` of its effect, where the function has that compared. What an operator decided stays
//! on the item for good, which is why a claim that was freed so is kept as `free`; any other claim that is released is
//! deleted.
//!
//! Every write names the owner's token in its condition. A failed condition returns the item that was there, so a lost
//! race costs no read; it still costs one write unit. A write whose answer was lost, also by the SDK's own retry, shows
//! as a failed condition over *our* token and counts as applied.
//!
//! [`Claims`]: event_runtime::Claims
//! [`Claims::claim`]: event_runtime::Claims::claim
//! [`Claims::complete`]: event_runtime::Claims::complete
//! [`Claims::park`]: event_runtime::Claims::park
//! [`Claims::resolve`]: event_runtime::Claims::resolve

pub mod attribute;
mod errors;
mod resolve;
mod store;
mod write;

pub use store::{DynamoDbClaims, Options};
