//! One question per schema, whatever the number of records that wait for it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::time::Instant;

#[cfg(feature = "snapshot")]
use crate::Snapshot;
use crate::{RegistryError, SchemaRef, SchemaText, Schemas, activity};

/// How much a [`SchemaCache`] keeps, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// Schemas kept, for ever since they never change; beyond that the oldest goes. Default 1,000: more than the
    /// versions of any topic that one function reads.
    pub max_schemas: usize,
    /// How long "no such schema" (or an unusable one) is believed. Default 10 s: long enough to spare the registry a flood of broken records,
    /// short enough for a registry whose followers lag.
    pub missing_for: Duration,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self { max_schemas: 1_000, missing_for: Duration::from_secs(10) }
    }
}

/// A registry with a memory: each schema is fetched once, by whoever asks first, and everybody who asks meanwhile gets
/// that answer. What was fetched is served also when the registry is down; its outages are never kept.
pub struct SchemaCache<S> {
    registry: Arc<S>,
    #[cfg(feature = "snapshot")]
    snapshot: Snapshot,
    policy: CachePolicy,
    memory: Arc<Mutex<Memory>>,
}

type Answer = Result<Arc<SchemaText>, RegistryError>;
type Fetch = BoxFuture<'static, Answer>;

#[derive(Default)]
struct Memory {
    known: HashMap<SchemaRef, Arc<SchemaText>>,
    /// The keys of `known`, oldest first.
    order: VecDeque<SchemaRef>,
    /// What the registry does not have or nobody can use, and until when we believe it.
    missing: HashMap<SchemaRef, (Instant, RegistryError)>,
    /// Questions under way. Weak: when all who asked have gone, so has the question.
    asked: HashMap<SchemaRef, WeakShared<Fetch>>,
}

impl<S: Schemas + 'static> SchemaCache<S> {
    /// A cache before `registry`.
    pub fn new(registry: S, policy: CachePolicy) -> Self {
        Self {
            registry: Arc::new(registry),
            #[cfg(feature = "snapshot")]
            snapshot: Snapshot::default(),
            policy,
            memory: Arc::default(),
        }
    }

    /// Adds schemas that need not be asked for; they are kept beside those that are.
    #[cfg(feature = "snapshot")]
    #[must_use]
    pub fn with_snapshot(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = snapshot;
        self
    }

    /// The schema if it is known already, without asking.
    pub fn known(&self, schema: SchemaRef) -> Option<Arc<SchemaText>> {
        #[cfg(feature = "snapshot")]
        if let Some(text) = self.snapshot.get(schema) {
            return Some(Arc::clone(text));
        }
        lock(&self.memory).known.get(&schema).cloned()
    }

    /// The answer as far as memory has it, else the one question that is under way.
    fn recall(&self, schema: SchemaRef) -> Result<Answer, Shared<Fetch>> {
        if let Some(text) = self.known(schema) {
            return Ok(Ok(text));
        }
        let mut memory = lock(&self.memory);
        match memory.missing.get(&schema) {
            Some((until, error)) if *until > Instant::now() => return Ok(Err(error.clone())),
            Some(_) => {
                memory.missing.remove(&schema);
            }
            None => {}
        }
        if let Some(asked) = memory.asked.get(&schema).and_then(WeakShared::upgrade) {
            return Err(asked);
        }
        let fetch = self.fetch(schema).boxed().shared();
        memory.asked.retain(|_, asked| asked.upgrade().is_some());
        if let Some(asked) = fetch.downgrade() {
            memory.asked.insert(schema, asked);
        }
        Err(fetch)
    }

    fn fetch(&self, schema: SchemaRef) -> impl Future<Output = Answer> + Send + use<S> {
        let registry = Arc::clone(&self.registry);
        let memory = Arc::clone(&self.memory);
        let policy = self.policy;
        async move {
            let asked = Instant::now();
            let answer = registry.by_id(schema).await;
            let answered = answer.as_ref().err().is_none_or(|error| !error.is_transient());
            activity::fetched(answered, asked.elapsed());
            lock(&memory).learn(schema, &answer, policy);
            answer
        }
    }
}

impl Memory {
    fn learn(&mut self, schema: SchemaRef, answer: &Answer, policy: CachePolicy) {
        self.asked.remove(&schema);
        match answer {
            Ok(text) => {
                if self.known.insert(schema, Arc::clone(text)).is_none() {
                    self.order.push_back(schema);
                }
                while self.known.len() > policy.max_schemas.max(1) {
                    let Some(oldest) = self.order.pop_front() else { break };
                    self.known.remove(&oldest);
                }
            }
            Err(error) if !error.is_transient() => {
                let now = Instant::now();
                if self.missing.len() >= policy.max_schemas {
                    self.missing.retain(|_, (until, _)| *until > now);
                }
                // Still full: a flood of made-up ids. They are asked for again rather than remembered.
                if self.missing.len() < policy.max_schemas {
                    self.missing.insert(schema, (now + policy.missing_for, error.clone()));
                }
            }
            Err(_) => {}
        }
    }
}

impl<S: Schemas + 'static> Schemas for SchemaCache<S> {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        activity::missed();
        match self.recall(schema) {
            Ok(answer) => std::future::ready(answer).boxed(),
            Err(asked) => asked.boxed(),
        }
    }
}

/// No code panics while it holds the lock, so a poisoned one holds nothing half-done.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
