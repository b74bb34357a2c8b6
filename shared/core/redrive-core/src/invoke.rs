//! Invoking the function that gave up.

use futures_util::future::BoxFuture;
use serde_json::Value;

/// Which function, and which of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub function: String,
    /// A version or alias; the unpublished version without it.
    pub qualifier: Option<String>,
    /// Which of its answers is success.
    pub success: Success,
}

/// Which answer of a function says that it is finished with what it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Success {
    /// `{"finished": …}` with this name of a letter, and nothing else. A function that was invoked by mistake, or that knows
    /// no redrive, answers something too, and the letter would be lost by it.
    Finished(String),
    /// `{"batchItemFailures": []}`, as a function answers its mapping: for what is sent without the mark of a redrive.
    /// The mapping takes less for success (`{}`, nothing at all); so little is no proof that a record was seen.
    NothingListed,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// What was sent is finished.
    Finished,
    /// The function failed, or reported a record as unfinished: what it said.
    Failed(String),
    /// It answered, but not that it is finished with what it was sent: what to look at. What it did, nobody knows.
    Unconfirmed(String),
    /// Nobody knows: the invocation has begun, and no answer came.
    Unknown(String),
}

/// The function was not invoked; nothing happened.
#[derive(Debug, thiserror::Error)]
pub enum NotInvoked {
    /// Too many invocations at once.
    #[error("Lambda throttles `{0}`; lower the rate or wait")]
    Throttled(String),
    /// There is no such function, or not in this region or account.
    #[error("there is no function `{0}` here; `into` names another one, AWS_REGION another region")]
    Missing(String),
    /// The caller may not.
    #[error("not allowed to invoke `{0}`; it takes lambda:InvokeFunction")]
    Denied(String),
    /// Lambda takes 6 MB.
    #[error("the event is too large for an invocation of `{0}`")]
    TooLarge(String),
    /// Lambda did not take it for another reason.
    #[error("Lambda did not invoke `{function}` ({code})")]
    Refused {
        /// The function.
        function: String,
        /// Lambda's own name of the error.
        code: String,
    },
    /// No connection, no credentials.
    #[error("Lambda cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Something that invokes functions and waits for their answer.
pub trait Invoker: Send + Sync {
    /// Invokes once. Never again by itself: whether that is safe is for others to say.
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>>;
}

/// The most that is kept of what a function says.
const SAID: usize = 500;

/// What the answer of a function that did not fail means.
pub fn understood(answer: &[u8], success: &Success) -> Invoked {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let listed = answer.get("batchItemFailures").and_then(Value::as_array).map(Vec::len);
    let named = answer.get("finished").and_then(Value::as_str);
    match (success, named, listed) {
        (_, None, Some(1..)) => Invoked::Failed(format!("reported as unfinished: {}", listed.unwrap_or_default())),
        (Success::Finished(letter), Some(named), _) if named == letter => Invoked::Finished,
        (Success::Finished(_), Some(_), _) => {
            Invoked::Unconfirmed("the function says that it finished another letter, not this one".to_owned())
        }
        (Success::Finished(_), None, Some(0)) => Invoked::Unconfirmed(OLDER.to_owned()),
        (Success::NothingListed, None, Some(0)) => Invoked::Finished,
        (Success::Finished(_) | Success::NothingListed, _, _) => Invoked::Unconfirmed(ELSEWHERE.to_owned()),
    }
}

/// The answer of every function of ours before it named letters.
const OLDER: &str = "the function answered as it answers its mapping, without the name of the letter: a version is deployed \
    that does not name letters yet. Deploy a newer one and run again (what is finished is a duplicate then); or `into` \
    names another function than the one that gave the letter up";
const ELSEWHERE: &str = "the answer is not that of a function that finished what it was sent: does `into` (or the function's \
    name in the letter) lead to another function, or to an old version of it?";

/// What a failed function says, from Lambda's error document.
pub fn said(document: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        error_type: Option<String>,
        error_message: Option<String>,
    }
    let text = match serde_json::from_slice(document) {
        Ok(Document { error_type, error_message }) => {
            [error_type, error_message].into_iter().flatten().collect::<Vec<_>>().join(": ")
        }
        Err(_) => String::new(),
    };
    if text.is_empty() { "the function failed without a word".to_owned() } else { text.chars().take(SAID).collect() }
}
