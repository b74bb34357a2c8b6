//! One form that names of topics may have: words, and placeholders such as `<domain>`.

use crate::kafka;
use crate::kind::Helper;

/// What the topics of a pattern hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holds {
    /// Domain events. The pattern has `<domain>`, `<entity>` and `<event>`.
    Events,
    /// Changed rows of a table. The pattern has `<container>` and `<table>`, behind the connector's prefix.
    Changes,
    /// A connector's own topic. The pattern has the connector's prefix.
    Helper(Helper),
}

/// A segment that a name fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholder {
    Domain,
    Entity,
    Event,
    System,
    Container,
    Table,
    /// Any other one; it means nothing here.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Word(String),
    Placeholder(Placeholder),
}

/// A pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) holds: Holds,
    pub(crate) segments: Vec<Segment>,
}

/// A pattern that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternProblem {
    /// Neither a word nor a placeholder.
    #[error("segment {0} is neither a word of letters, digits, `-` and `_` nor a placeholder such as `<domain>`")]
    Segment(usize),
    /// A placeholder that what the topics hold needs.
    #[error("it has no `<{0}>`, which says what the topics hold")]
    Missing(&'static str),
    /// A placeholder that is there twice, or belongs to another kind of topic.
    #[error("`<{0}>` is there twice, or belongs to another kind of topic")]
    Misplaced(&'static str),
    /// No room for the `topic.prefix` of a connector.
    #[error("there is no place for the connector's `topic.prefix`, with which all its topics begin")]
    NoPrefix,
}

const NAMED: [(&str, Placeholder); 6] = [
    ("domain", Placeholder::Domain),
    ("entity", Placeholder::Entity),
    ("event", Placeholder::Event),
    ("system", Placeholder::System),
    ("container", Placeholder::Container),
    ("table", Placeholder::Table),
];

impl Pattern {
    pub(crate) fn parse(text: &str, holds: Holds) -> Result<Self, PatternProblem> {
        let segments = text.split('.').enumerate().map(|(index, segment)| {
            let name = segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
            let letters = |text: &str| !text.is_empty() && text.chars().all(|c| c != '.' && kafka::takes(c));
            match name.unwrap_or(segment) {
                word if !letters(word) => Err(PatternProblem::Segment(index + 1)),
                word if name.is_none() => Ok(Segment::Word(word.to_owned())),
                name => {
                    let known = NAMED.iter().find(|(known, _)| *known == name);
                    Ok(Segment::Placeholder(known.map_or(Placeholder::Other, |(_, placeholder)| *placeholder)))
                }
            }
        });
        let pattern = Pattern { text: text.to_owned(), holds, segments: segments.collect::<Result<_, _>>()? };
        pattern.placeholders()?;
        pattern.prefix().map(|_| pattern)
    }

    fn placeholders(&self) -> Result<(), PatternProblem> {
        let (needed, allowed): (&[&str], &[&str]) = match self.holds {
            Holds::Events => (&["domain", "entity", "event"], &[]),
            Holds::Changes => (&["container", "table"], &["system"]),
            Holds::Helper(_) => (&[], &["system"]),
        };
        for (name, placeholder) in NAMED {
            match self.segments.iter().filter(|segment| **segment == Segment::Placeholder(placeholder)).count() {
                0 if needed.contains(&name) => return Err(PatternProblem::Missing(name)),
                0 => {}
                1 if needed.contains(&name) || allowed.contains(&name) => {}
                _ => return Err(PatternProblem::Misplaced(name)),
            }
        }
        Ok(())
    }

    /// Which segments are the connector's `topic.prefix`; none for domain events.
    pub(crate) fn prefix(&self) -> Result<Option<std::ops::Range<usize>>, PatternProblem> {
        let count = self.segments.len();
        let range = match self.holds {
            Holds::Events => return Ok(None),
            Holds::Changes => {
                let of_database = |segment: &Segment| {
                    matches!(segment, Segment::Placeholder(Placeholder::Container | Placeholder::Table))
                };
                0..self.segments.iter().position(of_database).unwrap_or(0)
            }
            Holds::Helper(Helper::Heartbeat) => 1..count,
            Holds::Helper(Helper::SchemaChanges) => 0..count,
            Holds::Helper(Helper::Transaction | Helper::Message | Helper::SchemaHistory) => 0..count.saturating_sub(1),
        };
        if range.is_empty() { Err(PatternProblem::NoPrefix) } else { Ok(Some(range)) }
    }

    /// Whether each word is the name's.
    pub(crate) fn fits(&self, name: &[&str]) -> bool {
        let equal = |(segment, given): (&Segment, &&str)| match segment {
            Segment::Word(word) => word == given,
            Segment::Placeholder(_) => true,
        };
        self.segments.len() == name.len() && self.segments.iter().zip(name).all(equal)
    }

    /// How many segments are words: of two patterns that fit, the one with more of them says more.
    pub(crate) fn words(&self) -> usize {
        self.segments.iter().filter(|segment| matches!(segment, Segment::Word(_))).count()
    }

    pub(crate) fn first_word(&self) -> Option<&str> {
        match self.segments.first() {
            Some(Segment::Word(word)) => Some(word),
            Some(Segment::Placeholder(_)) | None => None,
        }
    }

    /// Whether two patterns have the same words at the same places, so that neither says more.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let equal = |(a, b): (&Segment, &Segment)| match (a, b) {
            (Segment::Word(a), Segment::Word(b)) => a == b,
            (Segment::Placeholder(_), Segment::Placeholder(_)) => true,
            (Segment::Word(_), Segment::Placeholder(_)) | (Segment::Placeholder(_), Segment::Word(_)) => false,
        };
        self.segments.len() == other.segments.len() && self.segments.iter().zip(&other.segments).all(equal)
    }
}
