//! Why a document cannot be used.

/// Why a document cannot be used. Says where, never what: a payload is row data.
#[derive(Debug, thiserror::Error)]
pub enum OnFailureError {
    /// It is no JSON, or a part has another type than any that AWS is known to write.
    #[error("this is no on-failure document: line {line}, column {column}: {problem}")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What kind of problem.
        problem: &'static str,
    },
    /// It is JSON of something else.
    #[error("this is no on-failure document: it has no {0}")]
    Foreign(&'static str),
    /// The payload is neither an event nor a record.
    #[error("the document's payload is neither an event with records nor one record: {0}")]
    Payload(&'static str),
}

impl From<serde_json::Error> for OnFailureError {
    fn from(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let problem = match error.classify() {
            Category::Io | Category::Syntax => "broken JSON",
            Category::Eof => "the JSON ends early",
            Category::Data => "a part has another type than expected",
        };
        OnFailureError::Unreadable { line: error.line(), column: error.column(), problem }
    }
}
