//! Variables that a resource of the deployment fills: tables, queues, buckets.

use crate::kind::Kind;
use crate::kinds::{text, url};
use crate::variable::Resource;

/// A DynamoDB table, and the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    variable: &'static str,
    name: String,
    person: &'static [&'static str],
}

impl Table {
    /// The variable that names it.
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same table, with the attributes that say whom an item is about. A manifest lists them, for anybody who has to find
    /// or remove what is stored about a person.
    #[must_use]
    pub fn with_person(&self, attributes: &'static [&'static str]) -> Self {
        Table { person: attributes, ..self.clone() }
    }

    /// The attributes that say whom an item is about.
    pub fn person(&self) -> &'static [&'static str] {
        self.person
    }
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    url: String,
}

impl Queue {
    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    name: String,
}

impl Bucket {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A DynamoDB table.
///
/// ```
/// use environment::{Env, table};
///
/// let claims = Env::from_pairs([("CLAIMS_TABLE", "claims")]).read(|env| env.required("CLAIMS_TABLE", "", table()))?;
/// assert_eq!((claims.variable(), claims.name()), ("CLAIMS_TABLE", "claims"));
/// # Ok::<(), environment::Problems>(())
/// ```
pub fn table() -> Kind<Table> {
    text().example("some-table").of_resource(Resource::Table, |variable, name| Table { variable, name, person: &[] })
}

/// An SQS queue, by its URL.
pub fn queue() -> Kind<Queue> {
    url()
        .example("https://sqs.eu-central-1.amazonaws.com/123456789012/some-queue")
        .of_resource(Resource::Queue, |_, url| Queue { url })
}

/// An S3 bucket, by its name.
pub fn bucket() -> Kind<Bucket> {
    text().example("some-bucket").of_resource(Resource::Bucket, |_, name| Bucket { name })
}
