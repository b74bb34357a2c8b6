//! Secret values, which are never shown.

use std::fmt;

use crate::kind::{Kind, parsed};

/// A value that is shown neither by `Debug` nor in a problem.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Text that is never shown, such as a password.
pub fn secret() -> Kind<Secret> {
    parsed(
        "secret text",
        "(not shown)",
        || Secret(String::new()),
        |value| match value.contains(char::is_control) {
            true => Err("contains a control character or a line break".to_owned()),
            false => Ok(Secret(value.to_owned())),
        },
    )
    .hidden()
}
