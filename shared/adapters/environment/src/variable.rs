//! What is known of a variable without its value, and the table of variables for a README.

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
    /// Its value on a laptop, where the example or the default will not do.
    pub local: Option<&'static str>,
    /// Whether its value must not be shown.
    pub secret: bool,
    /// Which resource of the deployment fills it.
    pub resource: Option<Resource>,
}

/// Which resource of the deployment fills a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A DynamoDB table, by its name.
    Table,
    /// An SQS queue, by its URL.
    Queue,
    /// An S3 bucket, by its name.
    Bucket,
    /// A Kafka topic, by its name.
    Topic,
    /// A secret in AWS Secrets Manager, by its ARN.
    Secret,
}

impl Resource {
    /// Its name in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Resource::Table => "table",
            Resource::Queue => "queue",
            Resource::Bucket => "bucket",
            Resource::Topic => "topic",
            Resource::Secret => "secret",
        }
    }
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
/// use environment::{Env, markdown, number};
///
/// let (_, variables) = Env::declare(|env| env.default("RATE", "Mails a second.", number(1..=500), "10"));
/// let readme = "\
/// | variable | type | default | description |
/// |---|---|---|---|
/// | `RATE` | number from 1 to 500 | `10` | Mails a second. |
/// ";
/// assert!(readme.contains(&markdown(&variables)));
/// ```
pub fn markdown(variables: &[Variable]) -> String {
    let mut table = String::from("| variable | type | default | description |\n|---|---|---|---|\n");
    for Variable { name, doc, necessity, expected, .. } in variables {
        table.push_str(&format!("| `{name}` | {} | {necessity} | {doc} |\n", expected.replace('|', "\\|")));
    }
    table
}
