//! Secrets that are fetched: when the process starts, and again when the other side refuses them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::Instant;

use super::arn::{Address, SecretArn};
use super::error::{SecretError, SecretProblem, SecretsError};

/// How often a secret is fetched again at most, however often it is refused.
const PAUSE: Duration = Duration::from_secs(30);
/// The same after a request that failed for the moment: the next one may succeed.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Where the texts of secrets come from.
pub trait SecretSource: Send + Sync {
    /// The current text of a secret.
    fn fetch<'a>(&'a self, arn: &'a SecretArn) -> BoxFuture<'a, Result<String, SecretError>>;
}

/// The secrets that were read from an environment and have to be fetched: one for each ARN.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<BTreeMap<SecretArn, Arc<Stored>>>>);

impl Secrets {
    /// Whether there is nothing to fetch.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Fetches all of them, and keeps the source for later. Called once, before anything is served.
    ///
    /// # Errors
    /// When any secret cannot be read: all of those.
    pub async fn fill(&self, source: Arc<dyn SecretSource>) -> Result<(), SecretsError> {
        let stored: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let fetched = join_all(stored.iter().map(|stored| stored.fill(Arc::clone(&source)))).await;
        let errors: Vec<_> = fetched.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() { Ok(()) } else { Err(SecretsError(errors)) }
    }

    /// The secret of an address, and which part of it is meant.
    pub(super) fn at(&self, address: Address, lines: Lines) -> (Arc<Stored>, Part) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = all.entry(address.arn).or_insert_with_key(|arn| Arc::new(Stored::new(arn.clone())));
        let part = Part { key: address.key, lines };
        stored.want(&part);
        (Arc::clone(stored), part)
    }
}

/// Which part of a secret's text is wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    key: Option<String>,
    lines: Lines,
}

/// How many lines a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lines {
    One,
    Any,
}

impl Part {
    fn of(&self, arn: &SecretArn, text: &str) -> Result<Arc<str>, SecretError> {
        let wrong = |problem| SecretError::new(arn, problem);
        let value = match &self.key {
            None => text.to_owned(),
            Some(key) => value_of(text, key).ok_or_else(|| wrong(SecretProblem::KeyMissing(key.clone())))?,
        };
        // An editor's line break at the end does not belong to a secret.
        match value.trim() {
            "" => Err(wrong(SecretProblem::Empty)),
            value if self.lines == Lines::One && value.contains(char::is_control) => {
                Err(wrong(SecretProblem::ControlCharacter))
            }
            value => Ok(value.into()),
        }
    }
}

fn value_of(text: &str, key: &str) -> Option<String> {
    let mut object: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    match object.remove(key)? {
        serde_json::Value::String(value) => Some(value),
        _ => None,
    }
}

/// A request after a refusal, when and how it ended.
struct Renewal {
    at: Instant,
    end: Result<(), SecretError>,
}

impl Renewal {
    /// Whether it is too early for another request.
    fn is_recent(&self) -> bool {
        let transient = self.end.as_ref().is_err_and(SecretError::is_transient);
        self.at.elapsed() < if transient { RETRY_PAUSE } else { PAUSE }
    }
}

/// One secret, shared by all variables that name it.
pub(super) struct Stored {
    arn: SecretArn,
    source: OnceLock<Arc<dyn SecretSource>>,
    /// `None` until it is fetched.
    values: RwLock<BTreeMap<Part, Option<Arc<str>>>>,
    /// The last time that it was fetched again. Locked meanwhile, so that all who come wait for that one request.
    renewed: tokio::sync::Mutex<Option<Renewal>>,
}

impl Stored {
    fn new(arn: SecretArn) -> Self {
        Stored { arn, source: OnceLock::new(), values: RwLock::default(), renewed: tokio::sync::Mutex::default() }
    }

    pub(super) fn arn(&self) -> &SecretArn {
        &self.arn
    }

    fn want(&self, part: &Part) {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        values.entry(part.clone()).or_insert(None);
    }

    pub(super) fn value(&self, part: &Part) -> Option<Arc<str>> {
        self.values.read().unwrap_or_else(PoisonError::into_inner).get(part).cloned().flatten()
    }

    async fn fill(&self, source: Arc<dyn SecretSource>) -> Result<(), SecretError> {
        self.fetch(&**self.source.get_or_init(|| source)).await
    }

    /// Takes over all parts, or none of them.
    async fn fetch(&self, source: &dyn SecretSource) -> Result<(), SecretError> {
        let text = source.fetch(&self.arn).await?;
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let fetched = values.keys().map(|part| Ok((part.clone(), Some(part.of(&self.arn, &text)?))));
        *values = fetched.collect::<Result<_, SecretError>>()?;
        Ok(())
    }

    pub(super) async fn refused(&self, part: &Part, refused: &str) -> Result<bool, SecretError> {
        let changed = || self.value(part).is_some_and(|value| *value != *refused);
        if changed() {
            return Ok(true);
        }
        let mut renewed = self.renewed.lock().await;
        // Another one may have fetched it meanwhile.
        if changed() {
            return Ok(true);
        }
        if let Some(last) = renewed.as_ref().filter(|last| last.is_recent()) {
            return last.end.clone().map(|()| false);
        }
        let source = self.source.get().ok_or_else(|| SecretError::new(&self.arn, SecretProblem::NoSource))?;
        // A caller that gives up here leaves nothing behind: the next one asks.
        let end = self.fetch(&**source).await;
        *renewed = Some(Renewal { at: Instant::now(), end: end.clone() });
        end.map(|()| changed())
    }
}
