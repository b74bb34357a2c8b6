//! Reads the answer of an invoked function: whether it confirms that the event is finished.

use serde_json::Value;

use crate::ports::{ExpectedAnswer, Invoked};

/// The longest error text of a function that is kept, in characters.
const MAX_ERROR_TEXT: usize = 500;

/// What a function answered before it named letters.
const OLDER_VERSION: &str = "the function answered as it answers its event source mapping, without the id of the letter: a version is deployed \
    that does not name letters yet. Deploy a newer one and run again (a record that is finished is then a duplicate); or `into` \
    names another function than the one that gave the record up";
const OTHER_FUNCTION: &str = "the function did not confirm that it finished the event: does `into` (or the function's \
    name in the letter) lead to another function, or to an old version of it?";

/// Reads the answer of a function that did not fail.
pub fn read_answer(answer: &[u8], expected: &ExpectedAnswer) -> Invoked {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let failures = answer.get("batchItemFailures").and_then(Value::as_array).map(Vec::len);
    let finished = answer.get("finished").and_then(Value::as_str);
    match (expected, finished, failures) {
        (_, None, Some(1..)) => Invoked::Failed(format!("reported as unfinished: {}", failures.unwrap_or_default())),
        (ExpectedAnswer::Finished(letter), Some(finished), _) if finished == letter => Invoked::Finished,
        (ExpectedAnswer::Finished(_), Some(_), _) => {
            Invoked::Unconfirmed("the function reports that it finished another letter, not this one".to_owned())
        }
        (ExpectedAnswer::Finished(_), None, Some(0)) => Invoked::Unconfirmed(OLDER_VERSION.to_owned()),
        (ExpectedAnswer::NoFailures, None, Some(0)) => Invoked::Finished,
        (ExpectedAnswer::Finished(_) | ExpectedAnswer::NoFailures, _, _) => {
            Invoked::Unconfirmed(OTHER_FUNCTION.to_owned())
        }
    }
}

/// The error text of a function that failed, from Lambda's error document; at most 500 characters.
pub fn error_text(document: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ErrorDocument {
        error_type: Option<String>,
        error_message: Option<String>,
    }
    let text = match serde_json::from_slice(document) {
        Ok(ErrorDocument { error_type, error_message }) => {
            [error_type, error_message].into_iter().flatten().collect::<Vec<_>>().join(": ")
        }
        Err(_) => String::new(),
    };
    match text.is_empty() {
        true => "the function failed without an error text; see its log".to_owned(),
        false => text.chars().take(MAX_ERROR_TEXT).collect(),
    }
}
