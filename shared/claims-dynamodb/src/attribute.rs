//! The attributes of a claim's item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use event_runtime::{Fingerprint, LetterId, OwnerToken, UnixMillis};

/// Partition key: the claim's key.
pub const KEY: &str = "pk";
/// `held`, `done`, `parked` or `free`.
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
/// The dead letter of a parked claim; it stays when an operator has decided.
pub const LETTER: &str = "letter";
/// What the effect is, where the function has it compared: 32 hexadecimal digits.
pub const FINGERPRINT: &str = "fingerprint";
/// What an operator decided about the claim when it was parked: `repeat` or `done`.
pub const DECISION: &str = "decision";
/// Who decided.
pub const RESOLVED_BY: &str = "resolved_by";
/// When, in milliseconds since 1970.
pub const RESOLVED_AT: &str = "resolved_at";
/// The table's TTL attribute, in seconds since 1970; only ever on `done`.
pub const EXPIRES_AT: &str = "expires_at";

/// Value of [`STATE`] while the effect runs.
pub const HELD: &str = "held";
/// Value of [`STATE`] once the effect is recorded.
pub const DONE: &str = "done";
/// Value of [`STATE`] once the effect is given up.
pub const PARKED: &str = "parked";
/// Value of [`STATE`] once an operator has allowed a parked effect to be repeated.
pub const FREE: &str = "free";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) state: State,
    pub(crate) token: String,
    pub(crate) fingerprint: Option<Fingerprint>,
    /// The latest decision of an operator.
    pub(crate) resolution: Option<Resolution>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Held { until: UnixMillis },
    Done,
    Parked { letter: Option<LetterId> },
    Free,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolution {
    pub(crate) decision: String,
    pub(crate) by: String,
    pub(crate) letter: String,
}

impl Stored {
    /// Reads an item; `None` where it is not one of ours.
    pub(crate) fn read(item: &Item) -> Option<Stored> {
        let state = match string(item, STATE)? {
            HELD => State::Held { until: UnixMillis(number(item, LEASE_UNTIL)?) },
            DONE => State::Done,
            PARKED => State::Parked { letter: string(item, LETTER).map(LetterId::from_stored) },
            FREE => State::Free,
            _ => return None,
        };
        Some(Stored {
            state,
            token: string(item, TOKEN)?.to_owned(),
            fingerprint: string(item, FINGERPRINT).and_then(Fingerprint::from_stored),
            resolution: Resolution::read(item),
        })
    }

    /// Whether the item was last written under this token.
    pub(crate) fn is_of(&self, token: OwnerToken) -> bool {
        self.token == token.to_string()
    }
}

impl Resolution {
    fn read(item: &Item) -> Option<Resolution> {
        let text = |name| string(item, name).map(str::to_owned);
        Some(Resolution { decision: text(DECISION)?, by: text(RESOLVED_BY)?, letter: text(LETTER)? })
    }
}

impl State {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            State::Held { .. } => HELD,
            State::Done => DONE,
            State::Parked { .. } => PARKED,
            State::Free => FREE,
        }
    }
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
