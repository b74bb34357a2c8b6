//! The invariants that every run is checked against, and the report of a broken one.

use std::fmt;

/// An invariant of the processor, the redrive and the claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A committed record has taken effect, was skipped, has a letter or went to the on-failure destination.
    NothingLost,
    /// When an effect happens, all records before it in its order have ended.
    OrderHolds,
    /// A claimed effect happens once.
    OnceUnderAClaim,
    /// An effect begins only while its worker holds the claim.
    ClaimedFirst,
    /// Only its owner settles a claim, and a settled claim is not changed.
    OwnersOnly,
    /// A claim is taken over only after its lease has ended.
    LeasesHold,
    /// Every letter has a cause: transient failures are not dead-lettered, and only uncertain effects are called
    /// uncertain.
    LettersHaveCauses,
    /// An effect that its claim records as certainly not happened has not happened.
    CertainIsCertain,
    /// One letter for one record.
    OneLetterEach,
    /// A redriven record that fails keeps its letter, and gets no other.
    LettersStay,
    /// No effect is interrupted by a known deadline.
    EffectsFit,
    /// An effect begins only if its timeout and its settling fit before a known deadline.
    EffectsBeginInTime,
    /// A function answers before a known deadline, if its stores answer.
    AnswersInTime,
    /// A broken deployment does not drain a topic into the dead letters.
    NoFlood,
    /// Once no more faults happen, all records come to an end.
    ItEnds,
    /// A function reads the bytes that were written.
    BytesAreTheirs,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::NothingLost => "nothing is lost",
            Rule::OrderHolds => "records keep their order",
            Rule::OnceUnderAClaim => "a claimed effect happens once",
            Rule::ClaimedFirst => "an effect begins only while its worker holds the claim",
            Rule::OwnersOnly => "only its owner settles a claim",
            Rule::LeasesHold => "a claim is not taken over before its lease ends",
            Rule::LettersHaveCauses => "every letter has a cause",
            Rule::CertainIsCertain => "an effect that is parked as certain did not happen",
            Rule::OneLetterEach => "a record has one letter",
            Rule::LettersStay => "a redriven record keeps its one letter",
            Rule::EffectsFit => "no deadline interrupts an effect",
            Rule::EffectsBeginInTime => "an effect begins only if it fits into the time left",
            Rule::AnswersInTime => "an invocation answers before its deadline",
            Rule::NoFlood => "a broken deployment does not flood the dead letters",
            Rule::ItEnds => "all records come to an end",
            Rule::BytesAreTheirs => "a function reads the bytes that were written",
        })
    }
}

/// A broken invariant, and how it was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant.
    pub rule: Rule,
    /// How it was broken.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}: {}", self.rule, self.detail)
    }
}
