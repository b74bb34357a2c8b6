//! The two sides of a record: its key and its value.

use std::fmt;

/// Which half of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl Side {
    /// The variable that says how this side names its schemas.
    pub(crate) fn variable(self) -> &'static str {
        match self {
            Side::Key => "KEY_FRAME",
            Side::Value => "VALUE_FRAME",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Key => "key",
            Side::Value => "value",
        })
    }
}
