//! The variables as a table, for a README and for the test that keeps it true.

use std::fmt;

/// One variable as the code reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it has to be set, and what holds if it is not.
    pub necessity: Necessity,
    /// What it may hold.
    pub expected: String,
    /// A value that it could have.
    pub example: String,
    /// Whether its value must not be shown.
    pub secret: bool,
}

/// Whether a variable has to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Necessity {
    /// It has to be.
    Required,
    /// It has to be under this condition.
    RequiredWhen(&'static str),
    /// Without it, this holds.
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
            Necessity::Optional => f.write_str("optional"),
        }
    }
}

/// The variables as a Markdown table.
///
/// A function's README holds exactly this text, and a test of the function says so:
///
/// ```
/// use environment::{Env, number, table};
///
/// let variables = Env::describe(|env| env.default("RATE", "Mails a second.", number(1..=500), "10"));
/// let readme = "\
/// | variable | unless set | what it holds | meaning |
/// |---|---|---|---|
/// | `RATE` | `10` | a number from 1 to 500 | Mails a second. |
/// ";
/// assert!(readme.contains(&table(&variables)));
/// ```
pub fn table(variables: &[Variable]) -> String {
    let mut table = String::from("| variable | unless set | what it holds | meaning |\n|---|---|---|---|\n");
    for Variable { name, doc, necessity, expected, .. } in variables {
        table.push_str(&format!("| `{name}` | {necessity} | {} | {doc} |\n", expected.replace('|', "\\|")));
    }
    table
}
