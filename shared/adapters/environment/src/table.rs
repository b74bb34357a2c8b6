//! The table of variables for a README, and for the test that compares the README with it.

use std::fmt;

/// One variable as the code reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it must be set, and its default.
    pub necessity: Necessity,
    /// What it may contain.
    pub expected: String,
    /// An example of a value.
    pub example: String,
    /// Whether its value must not be shown.
    pub secret: bool,
}

/// Whether a variable must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Necessity {
    /// It must be set.
    Required,
    /// It must be set under this condition.
    RequiredWhen(&'static str),
    /// It has this default.
    Default(&'static str),
    /// It may be left out.
    Optional,
}

impl fmt::Display for Necessity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Necessity::Required => f.write_str("required"),
            Necessity::RequiredWhen(when) => write!(f, "required when {when}"),
            Necessity::Default(default) => write!(f, "`{default}`"),
            Necessity::Optional => f.write_str("none"),
        }
    }
}

/// The variables as a Markdown table.
///
/// A function's README contains exactly this text; a test of the function compares them:
///
/// ```
/// use environment::{Env, number, table};
///
/// let variables = Env::describe(|env| env.default("RATE", "Mails a second.", number(1..=500), "10"));
/// let readme = "\
/// | variable | type | default | description |
/// |---|---|---|---|
/// | `RATE` | number from 1 to 500 | `10` | Mails a second. |
/// ";
/// assert!(readme.contains(&table(&variables)));
/// ```
pub fn table(variables: &[Variable]) -> String {
    let mut table = String::from("| variable | type | default | description |\n|---|---|---|---|\n");
    for Variable { name, doc, necessity, expected, .. } in variables {
        table.push_str(&format!("| `{name}` | {} | {necessity} | {doc} |\n", expected.replace('|', "\\|")));
    }
    table
}
