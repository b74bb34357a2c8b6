//! The rules of names: which patterns there are, and what may stand in a placeholder.

use std::sync::LazyLock;

use crate::kafka::MAX_LENGTH;
use crate::kind::{Helper, TopicKind};
use crate::pattern::{Holds, Pattern, PatternProblem, Placeholder, Segment};
use crate::problem::TopicProblem;

const CHANGES: &str = "cdc";
const HEARTBEAT: &str = "__debezium-heartbeat";
const OURS: [(Holds, &str); 7] = [
    (Holds::Events, "<domain>.<entity>.<event>"),
    (Holds::Changes, "cdc.<system>.<container>.<table>"),
    (Holds::Helper(Helper::SchemaChanges), "cdc.<system>"),
    (Holds::Helper(Helper::SchemaHistory), "cdc.<system>.schema-history"),
    (Holds::Helper(Helper::Transaction), "cdc.<system>.transaction"),
    (Holds::Helper(Helper::Message), "cdc.<system>.message"),
    (Holds::Helper(Helper::Heartbeat), "__debezium-heartbeat.cdc.<system>"),
];
static DEFAULT: LazyLock<NamingRules> = LazyLock::new(|| NamingRules {
    // A test counts them: each is a pattern.
    patterns: OURS.iter().filter_map(|(holds, text)| Pattern::parse(text, *holds).ok()).collect(),
    letters: Letters::default(),
});

/// What may stand in the placeholders of patterns, beyond lowercase letters, digits and hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Letters {
    /// Capitals, everywhere.
    pub capitals: bool,
    /// Underscores, also in segments that are not a database's own names.
    pub underscores: bool,
}

/// The rules by which a text is a topic's name. The default is this crate's convention; an organisation may have others.
///
/// A name fits a pattern if it has as many segments and the same words. A word that begins a pattern is reserved: no pattern
/// that begins with a placeholder fits a name that begins with it. Of several that fit, the one with most words decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamingRules {
    patterns: Vec<Pattern>,
    letters: Letters,
}

/// Rules that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// No name would be allowed.
    #[error("there is no pattern, so no name would be allowed: write one")]
    Empty,
    /// A pattern that cannot be one.
    #[error("the pattern `{}` cannot be used: {problem}", pattern.escape_debug())]
    Pattern {
        /// As it is written.
        pattern: String,
        /// What is wrong.
        problem: PatternProblem,
    },
    /// Two patterns for the same names.
    #[error("the patterns `{0}` and `{1}` fit the same names: give one of them a word that the other does not have")]
    Ambiguous(String, String),
}

impl Default for NamingRules {
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl NamingRules {
    /// The convention of this crate, without making a copy.
    pub(crate) fn ours() -> &'static Self {
        &DEFAULT
    }

    /// Rules of patterns such as `cdc.<system>.<container>.<table>`.
    ///
    /// # Errors
    /// When there is no pattern, one cannot be used, or two fit the same names.
    pub fn new<'a>(patterns: impl IntoIterator<Item = (Holds, &'a str)>, letters: Letters) -> Result<Self, RulesError> {
        let parsed = patterns.into_iter().map(|(holds, text)| {
            Pattern::parse(text, holds).map_err(|problem| RulesError::Pattern { pattern: text.to_owned(), problem })
        });
        let patterns = parsed.collect::<Result<Vec<_>, _>>()?;
        if patterns.is_empty() {
            return Err(RulesError::Empty);
        }
        for (index, a) in patterns.iter().enumerate() {
            if let Some(b) = patterns.iter().skip(index + 1).find(|b| a.equals(b)) {
                return Err(RulesError::Ambiguous(a.text.clone(), b.text.clone()));
            }
        }
        Ok(Self { patterns, letters })
    }

    pub(crate) fn classify(&self, name: &str) -> Result<Shape, TopicProblem> {
        if name.is_empty() {
            return Err(TopicProblem::Empty);
        }
        let length = name.chars().count();
        if length > MAX_LENGTH {
            return Err(TopicProblem::TooLong(length));
        }
        let segments: Vec<&str> = name.split('.').collect();
        if let Some(empty) = segments.iter().position(|segment| segment.is_empty()) {
            return Err(TopicProblem::EmptySegment(empty + 1));
        }
        let pattern = self.pattern(&segments).ok_or_else(|| self.unmatched(&segments))?;
        for (index, (segment, text)) in pattern.segments.iter().zip(&segments).enumerate() {
            match segment {
                Segment::Word(_) => {}
                Segment::Placeholder(Placeholder::Container | Placeholder::Table) => {
                    self.letters.of_database(index + 1, text)?;
                }
                Segment::Placeholder(_) => self.letters.ours(index + 1, text)?,
            }
        }
        Ok(Shape::new(pattern, &segments))
    }

    fn pattern(&self, name: &[&str]) -> Option<&Pattern> {
        let first = *name.first()?;
        let reserved = self.patterns.iter().any(|pattern| pattern.first_word() == Some(first));
        let fits = |pattern: &&Pattern| pattern.fits(name) && (pattern.first_word().is_some() || !reserved);
        // Of equal ones the last: so the first of the list.
        self.patterns.iter().rev().filter(fits).max_by_key(|pattern| pattern.words())
    }

    fn unmatched(&self, name: &[&str]) -> TopicProblem {
        if self.patterns != DEFAULT.patterns {
            let patterns: Vec<_> = self.patterns.iter().map(|pattern| format!("`{}`", pattern.text)).collect();
            return TopicProblem::NoPattern(patterns.join(", "));
        }
        match name {
            [HEARTBEAT, ..] => TopicProblem::Heartbeat,
            [CHANGES] | [CHANGES, _, _] => TopicProblem::Connector,
            [CHANGES, ..] => TopicProblem::DottedTable(name.len()),
            _ => TopicProblem::Segments(name.len()),
        }
    }
}

impl Letters {
    /// Checks a segment that we name: words separated by hyphens.
    fn ours(self, segment: usize, text: &str) -> Result<(), TopicProblem> {
        for character in text.chars() {
            match character {
                'a'..='z' | '0'..='9' | '-' => {}
                '_' if self.underscores => {}
                'A'..='Z' if self.capitals => {}
                '_' => return Err(TopicProblem::Underscore(segment)),
                'A'..='Z' => return Err(TopicProblem::Capital { segment, character, database: false }),
                _ => return Err(TopicProblem::Character { segment, character }),
            }
        }
        if text.split('-').any(str::is_empty) {
            return Err(TopicProblem::Hyphen(segment));
        }
        // What is not a letter was refused above.
        if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Err(TopicProblem::Beginning(segment));
        }
        Ok(())
    }

    /// Checks a segment that the database named. Debezium copies it and replaces characters that Kafka refuses with `_`.
    fn of_database(self, segment: usize, text: &str) -> Result<(), TopicProblem> {
        for character in text.chars() {
            match character {
                'a'..='z' | '0'..='9' | '-' | '_' => {}
                'A'..='Z' if self.capitals => {}
                'A'..='Z' => return Err(TopicProblem::Capital { segment, character, database: true }),
                _ => return Err(TopicProblem::Character { segment, character }),
            }
        }
        Ok(())
    }
}

/// A part of a name, in bytes. A name that fits its pattern is ASCII and has fewer than 256 of them.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    begin: u8,
    end: u8,
}

impl Span {
    fn from(begin: usize, end: usize) -> Self {
        let byte = |at| u8::try_from(at).unwrap_or(u8::MAX);
        Self { begin: byte(begin), end: byte(end) }
    }

    fn of(self, name: &str) -> &str {
        name.get(self.begin.into()..self.end.into()).unwrap_or_default()
    }
}

/// Where in a name the parts of its pattern are. Small, because errors carry names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    holds: Holds,
    /// Domain, entity and event, or system, container and table.
    parts: [Span; 3],
    prefix: Option<Span>,
}

impl Shape {
    fn new(pattern: &Pattern, segments: &[&str]) -> Self {
        let mut at = 0;
        let span = |segment: &&str| {
            let begin = at;
            at += segment.len() + 1;
            Span::from(begin, begin + segment.len())
        };
        let spans: Vec<Span> = segments.iter().map(span).collect();
        let found = |wanted| {
            let index = pattern.segments.iter().position(|segment| *segment == Segment::Placeholder(wanted));
            index.and_then(|index| spans.get(index).copied())
        };
        // `Pattern::parse` has refused a pattern without its prefix.
        let prefix = pattern.prefix().ok().flatten().and_then(|within| {
            let whole = spans.get(within)?;
            Some(Span { begin: whole.first()?.begin, end: whole.last()?.end })
        });
        let (first, second, third) = match pattern.holds {
            Holds::Events => (found(Placeholder::Domain), Placeholder::Entity, Placeholder::Event),
            Holds::Changes | Holds::Helper(_) => {
                (found(Placeholder::System).or(prefix), Placeholder::Container, Placeholder::Table)
            }
        };
        let parts = [first, found(second), found(third)].map(Option::unwrap_or_default);
        Self { holds: pattern.holds, parts, prefix }
    }

    pub(crate) fn kind<'a>(&self, name: &'a str) -> TopicKind<'a> {
        let [first, second, third] = self.parts.map(|part| part.of(name));
        match self.holds {
            Holds::Events => TopicKind::DomainEvent { domain: first, entity: second, event: third },
            Holds::Changes => TopicKind::Change { system: first, container: second, table: third },
            Holds::Helper(helper) => TopicKind::Helper { system: first, helper },
        }
    }

    pub(crate) fn prefix<'a>(&self, name: &'a str) -> Option<&'a str> {
        self.prefix.map(|prefix| prefix.of(name))
    }

    /// Of `domain.entity.event`.
    pub(crate) fn of_stand_in() -> Self {
        let parts = [(0, 6), (7, 13), (14, 19)].map(|(begin, end)| Span::from(begin, end));
        Self { holds: Holds::Events, parts, prefix: None }
    }
}
