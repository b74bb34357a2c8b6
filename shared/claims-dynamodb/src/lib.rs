//! The [`Claims`] port on DynamoDB conditional writes.
//!
//! One item per claim, in a table whose partition key is the string [`attribute::KEY`]:
//!
//! | state | written by | attributes |
//! |---|---|---|
//! | `held` | [`Claims::claim`] | `token`, `lease_until` (ms), `claimed_at` (ms), `function` |
//! | `done` | [`Claims::complete`] | `token`, `settled_at`, and `expires_at` (s) only where a retention is configured |
//! | `parked` | [`Claims::park`] | `token`, `settled_at`, `letter` |
//!
//! Every write names the owner's token in its condition. A failed condition returns the item that was there, so a lost
//! race costs no read; it still costs one write unit. A write whose answer was lost, also by the SDK's own retry, shows
//! as a failed condition over *our* token and counts as applied.
//!
//! [`Claims`]: event_runtime::Claims
//! [`Claims::claim`]: event_runtime::Claims::claim
//! [`Claims::complete`]: event_runtime::Claims::complete
//! [`Claims::park`]: event_runtime::Claims::park

pub mod attribute;
mod errors;
mod store;
mod write;

pub use store::{DynamoDbClaims, Options};
