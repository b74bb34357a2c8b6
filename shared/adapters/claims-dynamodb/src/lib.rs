//! The [`Claims`] port on DynamoDB conditional writes.
//!
//! One item per claim, in a table whose partition key is the string [`attribute::KEY`]:
//!
//! | state | written by | attributes |
//! |---|---|---|
//! | `held` | [`Claims::claim`] | `token`, `lease_until` (ms), `claimed_at` (ms), `function`; `taken_over_by` where another worker had abandoned it |
//! | `done` | [`Claims::complete`] | `token`, `settled_at`, and `expires_at` (s) only where a retention is configured |
//! | `parked` | [`Claims::park`] | `token`, `settled_at`, `letter`; `did_not_happen` where its effect provably did not |
//! | `free` | [`Claims::release`], [`Claims::withdraw`] | `token`, `settled_at`, `lease_until` |
//! | `free` or `done` | [`Claims::resolve`] | as they were, with `decision`, `resolved_by`, `resolved_at` (ms) |
//!
//! Each also carries `format`, the number of this version, and the `fingerprint` of its effect, where the function has
//! that compared. What was decided stays on the item for good. Nothing is ever deleted: what is free keeps its last
//! `lease_until`, so that a claim which is still on its way takes nothing (the interleavings stand in
//! `shared/core/event-runtime/src/claims.rs`).
//!
//! Every write names the owner's token and the lease in its condition. A failed condition returns the item that was
//! there, so a lost race costs no read; it still costs one write unit. A write whose answer was lost, also by the SDK's own
//! retry, shows as a failed condition over *our* token: a settling counts as applied, a claim is taken anew.
//!
//! # Versions side by side
//!
//! During a roll-out, and after a rollback, the version before ([`attribute::NEWEST`] 1) works on the same items. It
//! changes its own attributes and leaves ours standing. So `did_not_happen` and `taken_over_by` hold the token of whom
//! they speak, and say nothing once another token owns the item. A claim that it parked says nothing of doubt, and is
//! uncertain here: only a person frees it. Its redrive frees a claim by the letter's own id where a message says that
//! nothing happened; so a claim whose effect may have happened is never parked under that id
//! (`LetterId::uncertain`). An item of a newer version than this one is left alone: `claims_item_newer`.
//!
//! [`Claims`]: event_runtime::Claims
//! [`Claims::claim`]: event_runtime::Claims::claim
//! [`Claims::complete`]: event_runtime::Claims::complete
//! [`Claims::park`]: event_runtime::Claims::park
//! [`Claims::release`]: event_runtime::Claims::release
//! [`Claims::resolve`]: event_runtime::Claims::resolve
//! [`Claims::withdraw`]: event_runtime::Claims::withdraw

pub mod attribute;
mod errors;
mod resolve;
mod store;
mod write;

pub use store::{DynamoDbClaims, Options};
