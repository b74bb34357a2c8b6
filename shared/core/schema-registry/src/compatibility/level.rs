//! Compatibility levels, by the names that schema registries give them.

use std::fmt;
use std::str::FromStr;

/// What a new version of a schema must be compatible with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Nothing: every version is allowed.
    None,
    /// Readers of the new version can read what the latest one before it wrote: consumers are deployed first.
    Backward,
    /// As backward, with every version before it: for consumers that read a topic from its beginning.
    BackwardTransitive,
    /// Readers of the latest version before it can read what the new one writes: producers are deployed first.
    Forward,
    /// As forward, with every version before it: for consumers that were not deployed for long.
    ForwardTransitive,
    /// Backward and forward: deployed in any order.
    Full,
    /// Full, with every version before it.
    FullTransitive,
}

/// Which version reads the other's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The new version reads what an older one wrote.
    Backward,
    /// An older version reads what the new one wrote.
    Forward,
}

/// Not the name of a level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a compatibility level; write NONE, BACKWARD, FORWARD or FULL, the last three also with _TRANSITIVE",
    .0.escape_debug()
)]
pub struct UnknownLevel(pub String);

impl Level {
    /// All levels.
    pub const ALL: [Level; 7] = [
        Level::None,
        Level::Backward,
        Level::BackwardTransitive,
        Level::Forward,
        Level::ForwardTransitive,
        Level::Full,
        Level::FullTransitive,
    ];

    /// Which directions must hold.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Level::None => &[],
            Level::Backward | Level::BackwardTransitive => &[Direction::Backward],
            Level::Forward | Level::ForwardTransitive => &[Direction::Forward],
            Level::Full | Level::FullTransitive => &[Direction::Backward, Direction::Forward],
        }
    }

    /// Whether all versions before count, or only the latest.
    pub fn is_transitive(self) -> bool {
        match self {
            Level::BackwardTransitive | Level::ForwardTransitive | Level::FullTransitive => true,
            Level::None | Level::Backward | Level::Forward | Level::Full => false,
        }
    }

    /// The name that registries use.
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "NONE",
            Level::Backward => "BACKWARD",
            Level::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Level::Forward => "FORWARD",
            Level::ForwardTransitive => "FORWARD_TRANSITIVE",
            Level::Full => "FULL",
            Level::FullTransitive => "FULL_TRANSITIVE",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Level::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}
