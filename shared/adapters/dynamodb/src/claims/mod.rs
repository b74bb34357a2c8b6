//! The port [`Claims`] on DynamoDB conditional writes.
//!
//! One item per claim, in a table whose partition key is the text `pk`:
//!
//! | state | written by | attributes |
//! |---|---|---|
//! | `held` | [`Claims::claim`] | `token`, `lease_until` (ms), `claimed_at` (ms), `function`; `taken_over_by` where another worker had abandoned it |
//! | `done` | [`Claims::complete`] | `token`, `settled_at`, and `expires_at` (s) only where a retention is configured |
//! | `parked` | [`Claims::park`] | `token`, `settled_at`, `letter`; `did_not_happen` where the effect provably did not happen |
//! | `free` | [`Claims::release`], [`Claims::withdraw`] | `token`, `settled_at`, `lease_until` |
//! | `free` or `done` | [`Claims::resolve`] | as they were, with `decision`, `resolved_by`, `resolved_at` (ms) |
//!
//! Each item also has `format`, the version of its format, and the `fingerprint` of its effect where the function compares
//! fingerprints. A decision stays on the item for good. Nothing is ever deleted: a free claim keeps its last `lease_until`,
//! so that a claim request which arrives late takes nothing (`shared/core/event-runtime/src/claims.rs` lists the
//! interleavings).
//!
//! Every write has the owner's token and the lease in its condition. A failed condition returns the item that was there,
//! so a lost race costs no read; it still costs one write unit. When an answer was lost, also for the SDK's own retry, the
//! condition fails and the item carries *our* token: a settled claim then counts as applied, and a held one is claimed again.
//!
//! # Two versions on one table
//!
//! During a roll-out, and after a rollback, the version before (format 1) works on the same items. It changes its own
//! attributes and leaves ours as they are. So `did_not_happen` and `taken_over_by` contain the token that they are about,
//! and mean nothing once the item has another token. A claim that the version before parked does not say whether its effect
//! may have happened, and counts as uncertain: only a person frees it. The redrive of that version frees a claim by the
//! letter's own id where a message says that nothing happened; so a claim whose effect may have happened is never parked
//! under that id (`LetterId::uncertain`). An item of a newer version than this one is left alone: `claims_item_newer`.
//!
//! [`Claims`]: event_runtime::Claims
//! [`Claims::claim`]: event_runtime::Claims::claim
//! [`Claims::complete`]: event_runtime::Claims::complete
//! [`Claims::park`]: event_runtime::Claims::park
//! [`Claims::release`]: event_runtime::Claims::release
//! [`Claims::resolve`]: event_runtime::Claims::resolve
//! [`Claims::withdraw`]: event_runtime::Claims::withdraw

mod errors;
mod item;
mod resolve;
mod store;

pub use store::{DynamoDbClaims, Options};
