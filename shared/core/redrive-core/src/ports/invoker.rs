//! The port that invokes the function of a letter and waits for its answer.

use futures_util::future::BoxFuture;

/// Which function to invoke, and which of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The function's name.
    pub function: String,
    /// A version or alias; `None` invokes the unpublished version.
    pub qualifier: Option<String>,
    /// The answer that means success.
    pub expected: ExpectedAnswer,
}

/// The answer by which a function confirms that it finished the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedAnswer {
    /// `{"finished": …}` with this name of a letter, and nothing else. A function that was invoked by mistake, or that
    /// does not support redrives, also answers something; taking that for success would lose the letter.
    Finished(String),
    /// `{"batchItemFailures": []}`, as a function answers its mapping: for events without the mark of a redrive. The
    /// mapping also accepts `{}` and an empty answer, but those do not prove that a record was seen.
    NoFailures,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// The function finished the event.
    Finished,
    /// The function failed, or reported a record as unfinished, with its error text.
    Failed(String),
    /// The function answered, but did not confirm that it finished the event. What it did is unknown; the text says what
    /// to check.
    Unconfirmed(String),
    /// The invocation was started and no answer came. What the function did is unknown.
    Unknown(String),
}

/// Why a function was not invoked; it did nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotInvoked {
    /// Too many invocations at once.
    #[error("Lambda throttles invocations of `{0}`: lower the rate, or run again later")]
    Throttled(String),
    /// The function does not exist in this region and account.
    #[error(
        "there is no function `{0}` in this region and account: `into` names another function, AWS_REGION another region"
    )]
    Missing(String),
    /// The role has no right to invoke it.
    #[error("not allowed to invoke `{0}`: grant lambda:InvokeFunction on it")]
    Denied(String),
    /// Lambda takes at most 6 MB.
    #[error("the event is too large for an invocation of `{0}` (6 MB): read the record from its topic")]
    TooLarge(String),
    /// Lambda rejected the call for another reason.
    #[error("Lambda did not invoke `{function}` ({code})")]
    Refused {
        /// The function.
        function: String,
        /// Lambda's own name of the error.
        code: String,
    },
    /// No connection, or no credentials.
    #[error("Lambda cannot be reached: check the network, the credentials and AWS_REGION")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Invokes functions and waits for their answers.
pub trait Invoker: Send + Sync {
    /// Invokes the function once. It never retries by itself: only the caller can decide whether that is safe.
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>>;
}
