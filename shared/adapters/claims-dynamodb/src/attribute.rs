//! The attributes of a claim's item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use event_runtime::{Doubt, Fingerprint, Held, LetterId, OwnerToken, UnixMillis};

/// Partition key: the claim's key.
pub const KEY: &str = "pk";
/// The version of the item's format, a number; the first version wrote none. See [`NEWEST`].
pub const FORMAT: &str = "format";
/// `held`, `done`, `parked` or `free`.
pub const STATE: &str = "state";
/// The last owner's fencing token.
pub const TOKEN: &str = "token";
/// When a held claim may be taken for abandoned, in milliseconds since 1970. It stays on a claim that was released or
/// withdrawn: whoever takes that names a later time, so that no earlier claim which is still on its way takes it.
pub const LEASE_UNTIL: &str = "lease_until";
/// When the claim was taken, in milliseconds since 1970.
pub const CLAIMED_AT: &str = "claimed_at";
/// When the claim was settled, in milliseconds since 1970.
pub const SETTLED_AT: &str = "settled_at";
/// The function that took it.
pub const FUNCTION: &str = "function";
/// The dead letter of a parked claim; it stays when an operator has decided.
pub const LETTER: &str = "letter";
/// The token of a worker that took the claim over from one that had abandoned it; it says so of that owner alone.
pub const TAKEN_OVER: &str = "taken_over_by";
/// The token of a worker that parked the claim because its effect provably did not happen; it says so of that park alone,
/// and nothing of one under another token. Versions that do not know it leave it standing.
pub const CERTAIN: &str = "did_not_happen";
/// What the effect is, where the function has it compared: 32 hexadecimal digits.
pub const FINGERPRINT: &str = "fingerprint";
/// What an operator decided about the claim when it was parked: `repeat` or `done`.
pub const DECISION: &str = "decision";
/// Who decided.
pub const RESOLVED_BY: &str = "resolved_by";
/// When, in milliseconds since 1970.
pub const RESOLVED_AT: &str = "resolved_at";
/// The table's TTL attribute, in seconds since 1970; only ever on `done`. Not on `free` either: the first version takes a
/// free claim without removing it, and DynamoDB would then delete a claim that is held.
pub const EXPIRES_AT: &str = "expires_at";

/// Value of [`STATE`] while the effect runs.
pub const HELD: &str = "held";
/// Value of [`STATE`] once the effect is recorded.
pub const DONE: &str = "done";
/// Value of [`STATE`] once the effect is given up.
pub const PARKED: &str = "parked";
/// Value of [`STATE`] once the claim is released or withdrawn, or a parked effect may be repeated.
pub const FREE: &str = "free";

/// The newest format that this version reads, and the one that it writes. 1 had no number, no [`TAKEN_OVER`] and no
/// [`CERTAIN`], and deleted what it released. Both versions read what the other writes.
pub const NEWEST: u32 = 2;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) state: State,
    pub(crate) token: OwnerToken,
    pub(crate) fingerprint: Option<Fingerprint>,
    /// The latest decision of an operator.
    pub(crate) resolution: Option<Resolution>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Held { until: UnixMillis, taken_over: bool },
    Done,
    Parked { letter: Option<LetterId>, doubt: Doubt },
    Free { until: Option<UnixMillis> },
}

/// An item that this version must leave alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is none of ours.
    Foreign,
    /// A newer version wrote it.
    Newer { format: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolution {
    pub(crate) decision: String,
    pub(crate) by: String,
    pub(crate) letter: String,
}

impl Stored {
    /// Reads an item.
    ///
    /// # Errors
    /// When it is not one of ours, or a newer version's.
    pub(crate) fn read(item: &Item) -> Result<Stored, Unreadable> {
        match item.get(FORMAT).map(|_| number(item, FORMAT)) {
            None => {}
            Some(Some(format)) if format <= u64::from(NEWEST) => {}
            Some(Some(format)) => return Err(Unreadable::Newer { format }),
            Some(None) => return Err(Unreadable::Foreign),
        }
        Self::known(item).ok_or(Unreadable::Foreign)
    }

    fn known(item: &Item) -> Option<Stored> {
        let token = OwnerToken::from_stored(string(item, TOKEN)?)?;
        let marks = |name| string(item, name).and_then(OwnerToken::from_stored) == Some(token);
        let until = number(item, LEASE_UNTIL).map(UnixMillis);
        let state = match string(item, STATE)? {
            HELD => State::Held { until: until?, taken_over: marks(TAKEN_OVER) },
            DONE => State::Done,
            PARKED => State::Parked {
                letter: string(item, LETTER).map(LetterId::from_stored),
                doubt: if marks(CERTAIN) { Doubt::Certain } else { Doubt::Uncertain },
            },
            FREE => State::Free { until },
            _ => return None,
        };
        Some(Stored {
            state,
            token,
            fingerprint: string(item, FINGERPRINT).and_then(Fingerprint::from_stored),
            resolution: Resolution::read(item),
        })
    }

    /// Whether it is held under exactly this lease.
    pub(crate) fn is_held(&self, held: &Held) -> bool {
        self.token == held.token && matches!(self.state, State::Held { until, .. } if until == held.until)
    }

    /// The end of the last lease, where it still stands on the item.
    pub(crate) fn until(&self) -> Option<UnixMillis> {
        match self.state {
            State::Held { until, .. } => Some(until),
            State::Free { until } => until,
            State::Done | State::Parked { .. } => None,
        }
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
            State::Free { .. } => FREE,
        }
    }
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
