//! The attributes of a claim's item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use event_runtime::{LetterId, UnixMillis};

/// Partition key: the claim's key.
pub const KEY: &str = "pk";
/// `held`, `done` or `parked`.
pub const STATE: &str = "state";
/// The last owner's fencing token.
pub const TOKEN: &str = "token";
/// When a held claim may be taken for abandoned, in milliseconds since 1970.
pub const LEASE_UNTIL: &str = "lease_until";
/// When the claim was taken, in milliseconds since 1970.
pub const CLAIMED_AT: &str = "claimed_at";
/// When the claim was settled, in milliseconds since 1970.
pub const SETTLED_AT: &str = "settled_at";
/// The function that took it.
pub const FUNCTION: &str = "function";
/// The dead letter of a parked claim.
pub const LETTER: &str = "letter";
/// The table's TTL attribute, in seconds since 1970; only ever on `done`.
pub const EXPIRES_AT: &str = "expires_at";

/// Value of [`STATE`] while the effect runs.
pub const HELD: &str = "held";
/// Value of [`STATE`] once the effect is recorded.
pub const DONE: &str = "done";
/// Value of [`STATE`] once the effect is given up.
pub const PARKED: &str = "parked";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Held { token: String, until: UnixMillis },
    Done { token: String },
    Parked { token: String, letter: Option<LetterId> },
}

impl State {
    /// Reads an item; `None` where it is not one of ours.
    pub(crate) fn read(item: &Item) -> Option<State> {
        let token = string(item, TOKEN)?.to_owned();
        match string(item, STATE)? {
            HELD => Some(State::Held { token, until: UnixMillis(number(item, LEASE_UNTIL)?) }),
            DONE => Some(State::Done { token }),
            PARKED => Some(State::Parked { token, letter: string(item, LETTER).map(LetterId::from_stored) }),
            _ => None,
        }
    }

    pub(crate) fn token(&self) -> &str {
        match self {
            State::Held { token, .. } | State::Done { token } | State::Parked { token, .. } => token,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            State::Held { .. } => HELD,
            State::Done { .. } => DONE,
            State::Parked { .. } => PARKED,
        }
    }
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
