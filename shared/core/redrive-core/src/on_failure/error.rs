//! Errors of reading a document.

/// Why a document cannot be used. It names the position and never quotes the document: a payload is row data.
#[derive(Debug, thiserror::Error)]
pub enum OnFailureError {
    /// It is not JSON, or a part has a type that AWS is not known to write.
    #[error("not a document of an on-failure destination: line {line}, column {column}: {problem}")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What kind of problem.
        problem: &'static str,
    },
    /// It is JSON without this part.
    #[error("not a document of an on-failure destination: `{0}` is missing")]
    Missing(&'static str),
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
