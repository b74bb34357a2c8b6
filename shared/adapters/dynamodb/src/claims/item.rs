//! A claim as an item: the names of its attributes, and reading it back.

use event_runtime::{Doubt, Fingerprint, Held, LetterId, OwnerToken, UnixMillis};

use crate::format::{self, Unreadable};
use crate::value::{Item, text_of};

/// Partition key: the claim's key.
pub(super) const KEY: &str = "pk";
/// The version of the item's format, a number; the first version wrote none. See [`NEWEST`].
pub(super) const FORMAT: &str = crate::attribute::FORMAT;
/// `held`, `done`, `parked` or `free`.
pub(super) const STATE: &str = "state";
/// The last owner's fencing token.
pub(super) const TOKEN: &str = "token";
/// When a held claim counts as abandoned, in milliseconds since 1970. It stays on a claim that was released or withdrawn:
/// the next worker that takes the claim sets a later time, and a claim request from before that arrives late takes nothing.
pub(super) const LEASE_UNTIL: &str = "lease_until";
/// When the claim was taken, in milliseconds since 1970.
pub(super) const CLAIMED_AT: &str = "claimed_at";
/// When the claim was settled, in milliseconds since 1970.
pub(super) const SETTLED_AT: &str = "settled_at";
/// The function that took it.
pub(super) const FUNCTION: &str = "function";
/// The dead letter of a parked claim; it stays when an operator has decided.
pub(super) const LETTER: &str = "letter";
/// The token of a worker that took the claim over from one that had abandoned it. It is about that owner alone.
pub(super) const TAKEN_OVER: &str = "taken_over_by";
/// The token of a worker that parked the claim because its effect provably did not happen. It is about that park alone, not
/// about one under another token. Versions that do not know the attribute leave it as it is.
pub(super) const CERTAIN: &str = "did_not_happen";
/// The fingerprint of the effect, where the function compares fingerprints: 32 hexadecimal digits.
pub(super) const FINGERPRINT: &str = "fingerprint";
/// What an operator decided about the claim when it was parked: `repeat` or `done`.
pub(super) const DECISION: &str = "decision";
/// Who decided.
pub(super) const RESOLVED_BY: &str = "resolved_by";
/// When, in milliseconds since 1970.
pub(super) const RESOLVED_AT: &str = "resolved_at";
/// The table's TTL attribute, in seconds since 1970; on `done` alone. Not on `free`: the first version takes a free claim
/// without removing this attribute, and DynamoDB would then delete a held claim.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// Value of [`STATE`] while the effect runs.
pub(super) const HELD: &str = "held";
/// Value of [`STATE`] once the effect is recorded.
pub(super) const DONE: &str = "done";
/// Value of [`STATE`] once the function has given the effect up.
pub(super) const PARKED: &str = "parked";
/// Value of [`STATE`] once the claim is released or withdrawn, or a parked effect may be repeated.
pub(super) const FREE: &str = "free";

/// The format that this version writes, and the newest that it reads. Format 1 had no number, no [`TAKEN_OVER`] and no
/// [`CERTAIN`], and deleted a claim that it released. Each version reads the items of the other.
pub(super) const NEWEST: u64 = 2;

/// Part of a condition over `#format` and `:format`: the item's format is not newer than ours.
pub(super) const READABLE: &str = "(attribute_not_exists(#format) OR #format <= :format)";

/// A claim as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) state: State,
    pub(super) token: OwnerToken,
    pub(super) fingerprint: Option<Fingerprint>,
    /// The latest decision of an operator.
    pub(super) resolution: Option<Resolution>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Held { until: UnixMillis, taken_over: bool },
    Done,
    Parked { letter: Option<LetterId>, doubt: Doubt },
    Free { until: Option<UnixMillis> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolution {
    pub(super) decision: String,
    pub(super) by: String,
    pub(super) letter: String,
}

impl Stored {
    /// Reads an item.
    ///
    /// # Errors
    /// When the item is not a claim, or a newer version wrote it.
    pub(super) fn read(item: &Item) -> Result<Stored, Unreadable> {
        match format::check(item, NEWEST) {
            Ok(()) => Self::known(item).ok_or(Unreadable::Foreign),
            // Every format of claims is a whole number.
            Err(Unreadable::Newer(format)) if format.parse::<u64>().is_err() => Err(Unreadable::Foreign),
            Err(unreadable) => Err(unreadable),
        }
    }

    fn known(item: &Item) -> Option<Stored> {
        let token = OwnerToken::from_stored(text_of(item, TOKEN)?)?;
        let marks = |name| text_of(item, name).and_then(OwnerToken::from_stored) == Some(token);
        let until = number(item, LEASE_UNTIL).map(UnixMillis);
        let state = match text_of(item, STATE)? {
            HELD => State::Held { until: until?, taken_over: marks(TAKEN_OVER) },
            DONE => State::Done,
            PARKED => State::Parked {
                letter: text_of(item, LETTER).map(LetterId::from_stored),
                doubt: if marks(CERTAIN) { Doubt::Certain } else { Doubt::Uncertain },
            },
            FREE => State::Free { until },
            _ => return None,
        };
        Some(Stored {
            state,
            token,
            fingerprint: text_of(item, FINGERPRINT).and_then(Fingerprint::from_stored),
            resolution: Resolution::read(item),
        })
    }

    /// Whether the claim is held under exactly this lease.
    pub(super) fn is_held(&self, held: &Held) -> bool {
        self.token == held.token && matches!(self.state, State::Held { until, .. } if until == held.until)
    }

    /// The end of the last lease, where the item still has it.
    pub(super) fn until(&self) -> Option<UnixMillis> {
        match self.state {
            State::Held { until, .. } => Some(until),
            State::Free { until } => until,
            State::Done | State::Parked { .. } => None,
        }
    }
}

impl Resolution {
    fn read(item: &Item) -> Option<Resolution> {
        let text = |name| text_of(item, name).map(str::to_owned);
        Some(Resolution { decision: text(DECISION)?, by: text(RESOLVED_BY)?, letter: text(LETTER)? })
    }
}

impl State {
    pub(super) fn name(&self) -> &'static str {
        match self {
            State::Held { .. } => HELD,
            State::Done => DONE,
            State::Parked { .. } => PARKED,
            State::Free { .. } => FREE,
        }
    }
}

fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
