//! An error with its causes, in one line.

use std::error::Error;

/// An error and what caused it: a registry's reason, for example, is in the cause.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
