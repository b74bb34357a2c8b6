//! Schema resolution cases: a writer's schema, a reader's, a datum, and the expected result.

use avro_decode::{Limits, Plan, Schema};
use serde_json::Value as Json;

use crate::compare::differences;
use crate::rendering::render;

/// One case of a file of cases.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// As text: JSON as registries hold it, also with comments.
    writer: String,
    reader: String,
    datum: Vec<u8>,
    /// `None` for an error, of any kind.
    expected: Option<Json>,
}

/// The result of a case.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected; for an error, which one.
    Pass(String),
    /// Not as expected, and how.
    Fail(String),
}

/// A file of cases is malformed.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// Not JSON, or not an array.
    #[error("a file of cases is a JSON array: {0}")]
    Format(String),
    /// One case lacks something.
    #[error("case {index} ({name}): {problem}")]
    Case {
        /// Its position, from 1.
        index: usize,
        /// Its name, if it has one.
        name: String,
        /// What is missing or wrong.
        problem: &'static str,
    },
}

/// Reads `[{"name", "writer" | "writerText", "reader" | "readerText", "hex", "expect" | "error": true}]`. A schema that
/// is not plain JSON is given as text. Without a reader it is the writer's. Other keys are ignored.
///
/// # Errors
/// When the text is not such an array.
pub fn read_cases(json: &str) -> Result<Vec<Case>, CasesError> {
    let list: Json = serde_json::from_str(json).map_err(|e| CasesError::Format(e.to_string()))?;
    let Json::Array(list) = list else {
        return Err(CasesError::Format("something else was found".into()));
    };
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(index, case)| {
            let name = case.get("name").and_then(Json::as_str).unwrap_or("without name").to_owned();
            Case::read(&case, name.clone()).map_err(|problem| CasesError::Case { index: index + 1, name, problem })
        })
        .collect()
}

impl Case {
    fn read(case: &Json, name: String) -> Result<Self, &'static str> {
        let schema = |json: &str, text: &str| match (case.get(json), case.get(text)) {
            (_, Some(text)) => text.as_str().map(str::to_owned),
            (schema, None) => schema.map(Json::to_string),
        };
        let writer = schema("writer", "writerText").ok_or("`writer` is missing")?;
        let reader = schema("reader", "readerText").unwrap_or_else(|| writer.clone());
        let hex: String =
            case.get("hex").and_then(Json::as_str).ok_or("`hex` is missing")?.split_whitespace().collect();
        let datum = hex::decode(hex).map_err(|_| "`hex` is not hexadecimal")?;
        let error = match case.get("error") {
            None => false,
            Some(error) => error.as_bool().ok_or("`error` is not true or false")?,
        };
        let expected = match (case.get("expect"), error) {
            (_, true) => None,
            (Some(expected), false) => Some(expected.clone()),
            (None, false) => return Err("neither `expect` nor `\"error\": true`"),
        };
        Ok(Self { name, writer, reader, datum, expected })
    }

    /// Compiles a plan and decodes the datum.
    pub fn run(&self) -> Outcome {
        match (self.decode(), &self.expected) {
            (Err(error), None) => Outcome::Pass(error),
            (Ok(_), None) => Outcome::Fail("decoded, an error was expected".into()),
            (Err(error), Some(_)) => Outcome::Fail(error),
            (Ok(actual), Some(expected)) => match differences(&actual, expected, 3) {
                found if found.is_empty() => Outcome::Pass(String::new()),
                found => Outcome::Fail(found.join("; ")),
            },
        }
    }

    fn decode(&self) -> Result<Json, String> {
        let writer = Schema::parse(&self.writer).map_err(|e| format!("writer's {e}"))?;
        let reader = Schema::parse(&self.reader).map_err(|e| format!("reader's {e}"))?;
        let plan = Plan::compile_with_reader(&writer, &reader, &Limits::default()).map_err(|e| e.to_string())?;
        let value = plan.decode(&self.datum).map_err(|e| e.to_string())?;
        Ok(render(&value))
    }
}
