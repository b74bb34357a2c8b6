//! The promises that a run watches, and how a broken one is reported.

use std::fmt;

/// A promise that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A committed record has taken effect, was skipped, has its letter or was given to the destination.
    NothingLost,
    /// Whatever waits in front of an effect is accounted for when the effect happens.
    OrderHolds,
    /// A claimed effect happens once.
    OnceUnderAClaim,
    /// An effect begins only under a claim that is its worker's own.
    ClaimedFirst,
    /// Only its owner settles a claim, and nobody changes a settled one.
    OwnersOnly,
    /// A claim is taken over only after its lease.
    LeasesHold,
    /// No letter without a cause: nothing transient is parked, nothing is called uncertain that is not.
    LettersHaveCauses,
    /// What a claim says is certain not to have happened has not.
    CertainIsCertain,
    /// One letter for one record.
    OneLetterEach,
    /// A record that is sent again and fails keeps its letter, and gets no other.
    LettersStay,
    /// No effect is cut off by a deadline that was known.
    EffectsFit,
    /// An effect begins only if its timeout and the settling behind it fit in front of a deadline that is known.
    EffectsBeginInTime,
    /// A function whose deadline is known, and whose stores answer, answers before it.
    AnswersInTime,
    /// A broken deployment does not drain a topic into the dead letters.
    NoFlood,
    /// Once the storm is over, everything comes to its end.
    ItEnds,
    /// A function reads the bytes that were written.
    BytesAreTheirs,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::NothingLost => "nothing is lost",
            Rule::OrderHolds => "order holds",
            Rule::OnceUnderAClaim => "a claimed effect happens once",
            Rule::ClaimedFirst => "an effect begins only under its worker's own claim",
            Rule::OwnersOnly => "only its owner settles a claim",
            Rule::LeasesHold => "a lease keeps others away",
            Rule::LettersHaveCauses => "a letter has a cause",
            Rule::CertainIsCertain => "what is parked as certain did not happen",
            Rule::OneLetterEach => "a record has one letter",
            Rule::LettersStay => "a record that is sent again keeps its letter",
            Rule::EffectsFit => "no deadline cuts an effect off",
            Rule::EffectsBeginInTime => "an effect begins only if it fits what is left",
            Rule::AnswersInTime => "an invocation answers before its deadline",
            Rule::NoFlood => "a broken deployment does not flood the dead letters",
            Rule::ItEnds => "it ends",
            Rule::BytesAreTheirs => "a record's bytes are its own",
        })
    }
}

/// A promise that was broken, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// How.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}: {}", self.rule, self.detail)
    }
}
