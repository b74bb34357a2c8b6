//! The request of a run: the Lambda's event, and what the command makes of its options.

use event_runtime::{DeadLetter, Decision, Failure};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::on_failure::OnFailureDocument;

/// What one run is to do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What to do.
    pub action: Action,
    /// Carry it out. Without it nothing is changed or invoked, and the report says what would happen.
    #[serde(default)]
    pub yes: bool,
    /// Only these letters, by their id or an unambiguous start of it. Empty selects all.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Only letters with this error code.
    #[serde(default)]
    pub code: Option<String>,
    /// Only letters of this topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// Only letters of this function.
    #[serde(default)]
    pub function: Option<String>,
    /// Only letters that were written at this time or later (RFC 3339).
    #[serde(default, deserialize_with = "time")]
    pub since: Option<Timestamp>,
    /// Only letters that were written before this time (RFC 3339).
    #[serde(default, deserialize_with = "time")]
    pub until: Option<Timestamp>,
    /// At most this many letters, the first in order.
    #[serde(default)]
    pub limit: Option<usize>,
    /// At most this many invocations a second.
    #[serde(default = "Request::default_rate")]
    pub rate_per_second: u32,
    /// Stop after this many failures in a row.
    #[serde(default = "Request::default_stop_after")]
    pub stop_after: usize,
    /// Invoke this function in place of the one that the letter names, for example because it was renamed.
    #[serde(default)]
    pub into: Option<String>,
    /// Invoke this version or alias of the function.
    #[serde(default)]
    pub qualifier: Option<String>,
    /// For `resolve`: a person's decision about an effect that may have happened.
    #[serde(default, deserialize_with = "decision")]
    pub decision: Option<Decision>,
    /// For `resolve`: the person who decides. The name is recorded on the claim.
    #[serde(default)]
    pub by: Option<String>,
    /// For `show`: include the raw bytes. They are row data.
    #[serde(default)]
    pub raw: bool,
    /// Also send on-failure documents of batches that failed more than 14 days ago. A function that has forgotten a
    /// deletion by then may bring the deleted row back.
    #[serde(default)]
    pub accept_old: bool,
    /// Work on the documents of an S3 on-failure destination in place of the queue.
    #[serde(default)]
    pub on_failure: Option<Bucket>,
    /// Work on these on-failure documents, such as the messages of an on-failure topic, in place of the queue.
    #[serde(default)]
    pub documents: Vec<Box<RawValue>>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// List the letters.
    List,
    /// Show everything that the letters hold.
    Show,
    /// Send the records of the letters to their functions again. Letters whose effect may have happened are left alone.
    Replay,
    /// Carry out a person's decision about letters.
    Resolve,
}

impl Action {
    /// Whether the action changes nothing.
    pub(crate) fn is_read_only(self) -> bool {
        matches!(self, Action::List | Action::Show)
    }
}

/// Where an S3 on-failure destination writes its documents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bucket {
    /// The bucket.
    pub bucket: String,
    /// The prefix of the keys; S3 destinations write below `aws/lambda/<mapping's UUID>/`.
    #[serde(default)]
    pub prefix: String,
}

/// Why a request contradicts itself.
#[derive(Debug, Failure)]
#[failure(dead_letter, code = "request_contradictory", remedy = "Correct the request.")]
pub enum RequestError {
    /// `resolve` without a decision.
    #[failure("`resolve` needs a `decision`: `repeat` sends the record again, `done` closes its claim")]
    NoDecision,
    /// `resolve` for all letters at once.
    #[failure("`resolve` needs the `ids` of the letters: each effect that may have happened needs its own decision")]
    NoIds,
    /// `resolve` without the person who decides.
    #[failure("`resolve` needs the person who decides (`by`): the name is recorded on the claim")]
    NoDecider,
    /// A decision for another action.
    #[failure("only `resolve` takes a `decision`; `replay` leaves letters alone whose effect may have happened")]
    UnusedDecision,
    /// A limit of zero.
    #[failure("`{0}` has to be at least 1")]
    Zero(&'static str),
    /// On-failure documents have no claims to resolve.
    #[failure(
        "on-failure documents have nothing to resolve: use `replay`; their function dead-letters the records that it \
         cannot handle"
    )]
    ResolveDocuments,
    /// Two sources of documents.
    #[failure("the request has both `onFailure` and `documents`: give one of them")]
    TwoSources,
}

impl Request {
    /// A request with every option at its default.
    pub fn new(action: Action) -> Self {
        Request {
            action,
            yes: false,
            ids: Vec::new(),
            code: None,
            topic: None,
            function: None,
            since: None,
            until: None,
            limit: None,
            rate_per_second: Self::default_rate(),
            stop_after: Self::default_stop_after(),
            into: None,
            qualifier: None,
            decision: None,
            by: None,
            raw: false,
            accept_old: false,
            on_failure: None,
            documents: Vec::new(),
        }
    }

    /// Invocations a second: slow enough for a person to follow, and for a function that has its usual load as well.
    pub fn default_rate() -> u32 {
        5
    }

    /// Failures in a row: more than that are hardly a coincidence.
    pub fn default_stop_after() -> usize {
        5
    }

    /// Whether the run is over on-failure documents in place of the queue.
    pub(crate) fn is_over_documents(&self) -> bool {
        self.on_failure.is_some() || !self.documents.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), RequestError> {
        match self.action {
            Action::Resolve if self.is_over_documents() => return Err(RequestError::ResolveDocuments),
            Action::Resolve if self.decision.is_none() => return Err(RequestError::NoDecision),
            Action::Resolve if self.ids.is_empty() => return Err(RequestError::NoIds),
            Action::Resolve if self.by.as_deref().is_none_or(|by| by.trim().is_empty()) => {
                return Err(RequestError::NoDecider);
            }
            Action::List | Action::Show | Action::Replay if self.decision.is_some() => {
                return Err(RequestError::UnusedDecision);
            }
            Action::List | Action::Show | Action::Replay | Action::Resolve => {}
        }
        if self.on_failure.is_some() && !self.documents.is_empty() {
            return Err(RequestError::TwoSources);
        }
        for (name, zero) in [
            ("ratePerSecond", self.rate_per_second == 0),
            ("stopAfter", self.stop_after == 0),
            ("limit", self.limit == Some(0)),
        ] {
            if zero {
                return Err(RequestError::Zero(name));
            }
        }
        Ok(())
    }

    /// Whether the filters select a letter.
    pub(crate) fn selects_letter(&self, letter: &DeadLetter) -> bool {
        let at = i64::try_from(letter.given_up_by.at_ms).unwrap_or(i64::MAX);
        self.selects_id(letter.id.as_str())
            && self.code.as_ref().is_none_or(|code| *code == letter.error.code)
            && self.topic.as_ref().is_none_or(|topic| *topic == letter.place.topic)
            && self.function.as_ref().is_none_or(|function| *function == letter.given_up_by.function)
            && self.since.is_none_or(|since| at >= since.as_millisecond())
            && self.until.is_none_or(|until| at < until.as_millisecond())
    }

    /// Whether the filters select an on-failure document. One without a readable time passes `since` and `until`.
    pub(crate) fn selects_document(&self, document: &OnFailureDocument) -> bool {
        let at = document.failed_at();
        self.code.as_ref().is_none_or(|code| code == document.condition.code())
            && self.function.as_deref().is_none_or(|function| document.function_name() == Some(function))
            && self.topic.as_ref().is_none_or(|topic| document.topics().contains(topic.as_str()))
            && self.since.is_none_or(|since| at.is_none_or(|at| at >= since))
            && self.until.is_none_or(|until| at.is_none_or(|at| at < until))
    }

    /// Whether the request names an id, or names none at all.
    pub(crate) fn selects_id(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|wanted| !wanted.is_empty() && id.starts_with(wanted.as_str()))
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| {
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!("{text:?} is not a time as in RFC 3339, such as 2026-11-01T00:00:00Z"))
        })
    })
    .transpose()
}

fn decision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decision>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    match text.as_deref() {
        None => Ok(None),
        Some("repeat") => Ok(Some(Decision::Repeat)),
        Some("done") => Ok(Some(Decision::Done)),
        Some(other) => Err(serde::de::Error::unknown_variant(other, &["repeat", "done"])),
    }
}
