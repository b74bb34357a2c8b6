//! Invoking the function that gave up.

use futures_util::future::BoxFuture;

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
    /// What the event source mapping takes for success: nothing is reported as unfinished.
    NothingReported,
    /// `{"finished": …}` with this id of a letter, and no other: a function that fetches for itself answers its schedule
    /// too, and a deployment that knows no redrive would take the event for that.
    Finished(String),
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// Every record in the event is finished.
    Finished,
    /// The function failed, or reported a record as unfinished: what it said.
    Failed(String),
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
    match success {
        Success::NothingReported => reported(answer),
        Success::Finished(letter) => finished(answer, letter),
    }
}

fn finished(answer: &[u8], letter: &str) -> Invoked {
    #[derive(serde::Deserialize)]
    struct Answer {
        finished: String,
    }
    match serde_json::from_slice(answer) {
        Ok(Answer { finished }) if finished == letter => Invoked::Finished,
        Ok(_) | Err(_) => Invoked::Failed("the answer does not say that the letter's item is finished".to_owned()),
    }
}

/// As the event source mapping reads it: `null`, nothing, `{}` and an empty `batchItemFailures` are success.
fn reported(answer: &[u8]) -> Invoked {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        batch_item_failures: Option<Vec<serde_json::Value>>,
    }
    if answer.trim_ascii().is_empty() {
        return Invoked::Finished;
    }
    match serde_json::from_slice::<Option<Answer>>(answer) {
        Ok(None) => Invoked::Finished,
        Ok(Some(Answer { batch_item_failures })) => match batch_item_failures.as_deref() {
            None | Some([]) => Invoked::Finished,
            Some(items) => Invoked::Failed(format!("reported as unfinished: {}", items.len())),
        },
        Err(_) => Invoked::Failed("the answer is not that of a function that handles Kafka records".to_owned()),
    }
}

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
