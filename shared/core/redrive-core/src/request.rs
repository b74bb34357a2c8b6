//! What a run is asked to do: the Lambda's event, and what the command's options become.

use event_runtime::{DeadLetter, Decision};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a run is asked to do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// What to do.
    pub action: Action,
    /// Without it nothing is changed or invoked: the report says what would happen.
    #[serde(default)]
    pub yes: bool,
    /// Only these letters; the start of an id is enough where it is the start of one only. Empty means all.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Only letters with this error code.
    #[serde(default)]
    pub code: Option<String>,
    /// Only letters of this topic.
    #[serde(default)]
    pub topic: Option<String>,
    /// Only letters that this function gave up.
    #[serde(default)]
    pub function: Option<String>,
    /// Only letters that were given up at this time or later (RFC 3339).
    #[serde(default, deserialize_with = "time")]
    pub since: Option<Timestamp>,
    /// Only letters that were given up before this time (RFC 3339).
    #[serde(default, deserialize_with = "time")]
    pub until: Option<Timestamp>,
    /// At most so many letters, the first in order.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Invocations a second at most.
    #[serde(default = "Request::default_rate")]
    pub rate_per_second: u32,
    /// Stop after so many failures in a row.
    #[serde(default = "Request::default_stop_after")]
    pub stop_after: usize,
    /// Into this function in place of the one that gave up, where that has another name now.
    #[serde(default)]
    pub into: Option<String>,
    /// Into this version or alias of the function.
    #[serde(default)]
    pub qualifier: Option<String>,
    /// For `resolve`: what a person has decided about an effect that may have happened.
    #[serde(default, deserialize_with = "decision")]
    pub decision: Option<Decision>,
    /// For `resolve`: who that is; it is recorded on the claim.
    #[serde(default)]
    pub by: Option<String>,
    /// For `show`: the raw bytes too. They are row data.
    #[serde(default)]
    pub raw: bool,
    /// Also on-failure documents of batches that were given up more than 14 days ago. A function that forgets deletions by
    /// then may bring back what was deleted.
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
    /// Say which letters there are.
    List,
    /// Say everything about them.
    Show,
    /// Send their records to their function again. Those whose effect may have happened are left alone.
    Replay,
    /// Act on a person's decision about those whose effect may have happened.
    Resolve,
}

/// Where an S3 on-failure destination puts its documents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bucket {
    /// The bucket.
    pub bucket: String,
    /// What the keys begin with; S3 destinations write below `aws/lambda/<mapping's UUID>/`.
    #[serde(default)]
    pub prefix: String,
}

/// A request that contradicts itself.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A decision is missing.
    #[error("`resolve` needs a decision: repeat the effect, or take it for done")]
    NoDecision,
    /// A decision about everything is no decision.
    #[error("`resolve` needs the ids of the letters: an effect that may have happened is decided one by one")]
    NoIds,
    /// Nobody has decided.
    #[error("`resolve` needs to know who decides (`by`): it is recorded on the claim")]
    Nobody,
    /// A decision that no letter would get.
    #[error("only `resolve` takes a decision; `replay` leaves uncertain letters alone")]
    IdleDecision,
    /// A bound of zero.
    #[error("`{0}` has to be at least 1")]
    Zero(&'static str),
    /// Documents have no claims to resolve.
    #[error("on-failure documents have nothing to resolve: replay them, their function parks what it cannot handle")]
    DocumentsUndecided,
    /// Two sources.
    #[error("give either `onFailure` or `documents`, not both")]
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

    /// Slow enough for a person to watch and for a function beside its usual work.
    pub fn default_rate() -> u32 {
        5
    }

    /// A few: more in a row are no coincidence.
    pub fn default_stop_after() -> usize {
        5
    }

    pub(crate) fn check(&self) -> Result<(), RequestError> {
        let from_documents = self.on_failure.is_some() || !self.documents.is_empty();
        match self.action {
            Action::Resolve if from_documents => return Err(RequestError::DocumentsUndecided),
            Action::Resolve if self.decision.is_none() => return Err(RequestError::NoDecision),
            Action::Resolve if self.ids.is_empty() => return Err(RequestError::NoIds),
            Action::Resolve if self.by.as_deref().is_none_or(|by| by.trim().is_empty()) => {
                return Err(RequestError::Nobody);
            }
            Action::List | Action::Show | Action::Replay if self.decision.is_some() => {
                return Err(RequestError::IdleDecision);
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

    /// Whether a letter is asked for.
    pub(crate) fn concerns(&self, letter: &DeadLetter) -> bool {
        let at = i64::try_from(letter.given_up_by.at_ms).unwrap_or(i64::MAX);
        self.names(letter.id.as_str())
            && self.code.as_ref().is_none_or(|code| *code == letter.error.code)
            && self.topic.as_ref().is_none_or(|topic| *topic == letter.place.topic)
            && self.function.as_ref().is_none_or(|function| *function == letter.given_up_by.function)
            && self.since.is_none_or(|since| at >= since.as_millisecond())
            && self.until.is_none_or(|until| at < until.as_millisecond())
    }

    /// Whether an id is asked for.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|wanted| !wanted.is_empty() && id.starts_with(wanted.as_str()))
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is no time (RFC 3339)"))))
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
