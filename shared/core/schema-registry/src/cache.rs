//! One question per schema, whatever the number of records that wait for it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use tokio::{sync::Semaphore, time::Instant};

use crate::{FetchCounter, RegistryError, RegistryErrorKind, SchemaRef, SchemaText, Schemas, schemas::is_answered};

/// How much a [`SchemaCache`] keeps, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePolicy {
    /// Schemas kept, for ever since they never change; beyond that the oldest goes. Default 1,000: more than the
    /// versions of any topic that one function reads.
    pub max_schemas: usize,
    /// Bytes of those schemas, with all that they refer to. Default 64 MiB: beyond that the oldest goes, too.
    pub max_bytes: usize,
    /// How long "no such schema" (or an unusable one) is believed. Default 10 s: long enough to spare the registry a flood of broken records,
    /// short enough for a registry whose followers lag.
    pub missing_for: Duration,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self { max_schemas: 1_000, max_bytes: 64 << 20, missing_for: Duration::from_secs(10) }
    }
}

/// Questions under way at a time: what their answers take before they are kept is bounded by this.
const MAX_FETCHES: usize = 8;

/// How long a registry that denies what it gave before is taken for one that has lost its memory, and not for one in which
/// that was deleted.
const LOST_FOR: Duration = Duration::from_secs(600);

/// A registry with a memory: each schema is fetched once, by whoever asks first, and everybody who asks meanwhile gets
/// that answer. What was fetched is served also when the registry is down; its outages are never kept.
///
/// A registry that says "no such schema" is asked for one that it gave before, unless it has just given one. If it
/// denies that as well it has lost its memory, as some do for a while after a start, and its word costs no record.
pub struct SchemaCache<S> {
    registry: Arc<S>,
    preloaded: HashMap<SchemaRef, Arc<SchemaText>>,
    policy: CachePolicy,
    memory: Arc<Mutex<Memory>>,
    fetches: Arc<Semaphore>,
}

type Answer = Result<Arc<SchemaText>, RegistryError>;
type Fetch = BoxFuture<'static, Fetched>;

/// The answer to a request, for all that wait for it.
#[derive(Clone)]
struct Fetched {
    answer: Answer,
    took: Duration,
    /// Whether one of those that waited has counted the request.
    is_counted: Arc<AtomicBool>,
}

#[derive(Default)]
struct Memory {
    known: HashMap<SchemaRef, Arc<SchemaText>>,
    /// The keys of `known`, oldest first.
    order: VecDeque<SchemaRef>,
    /// What `known` takes.
    bytes: usize,
    /// When the registry last gave a schema.
    gave: Option<Instant>,
    /// Since when it has denied what it gave before.
    denies: Option<Instant>,
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
            preloaded: HashMap::new(),
            policy,
            memory: Arc::default(),
            fetches: Arc::new(Semaphore::new(MAX_FETCHES)),
        }
    }

    /// Adds schemas that never need to be fetched, such as those of a snapshot file. They stay for good and do not count
    /// towards the policy's bounds.
    #[must_use]
    pub fn with_preloaded(mut self, schemas: impl IntoIterator<Item = (SchemaRef, Arc<SchemaText>)>) -> Self {
        self.preloaded.extend(schemas);
        self
    }

    /// The schema if it is known already, without asking.
    pub fn known(&self, schema: SchemaRef) -> Option<Arc<SchemaText>> {
        if let Some(text) = self.preloaded.get(&schema) {
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

    fn fetch(&self, schema: SchemaRef) -> impl Future<Output = Fetched> + Send + use<S> {
        let registry = Arc::clone(&self.registry);
        let memory = Arc::clone(&self.memory);
        let fetches = Arc::clone(&self.fetches);
        let policy = self.policy;
        async move {
            // Refused only once closed, which it never is.
            let _turn = fetches.acquire().await;
            let asked = Instant::now();
            let answer = match registry.by_id(schema).await {
                Err(error) if error.kind() == RegistryErrorKind::NotFound => {
                    Err(believed(&*registry, &memory, error, policy).await)
                }
                answer => answer,
            };
            lock(&memory).learn(schema, &answer, policy);
            Fetched { answer, took: asked.elapsed(), is_counted: Arc::default() }
        }
    }
}

/// What "no such schema" means, coming from this registry now.
async fn believed(
    registry: &impl Schemas,
    memory: &Mutex<Memory>,
    error: RegistryError,
    policy: CachePolicy,
) -> RegistryError {
    let Some(given) = lock(memory).given_before(policy) else { return error };
    match registry.by_id(given).await {
        Err(denied) if denied.kind() == RegistryErrorKind::NotFound => {
            if lock(memory).has_lost_its_own() {
                error.with_kind(RegistryErrorKind::Lost)
            } else {
                error
            }
        }
        // It fails meanwhile, so its word of before may have been part of that.
        Err(failed) if failed.is_transient() => error.with_kind(failed.kind()).after(failed.retry_after()),
        Err(_) => error,
        Ok(_) => {
            lock(memory).has_given();
            error
        }
    }
}

impl Memory {
    /// A schema that the registry gave, to see whether it still knows it; `None` where it just gave one, or never did.
    fn given_before(&self, policy: CachePolicy) -> Option<SchemaRef> {
        let lately = self.gave.is_some_and(|gave| gave.elapsed() < policy.missing_for);
        self.order.back().copied().filter(|_| !lately)
    }

    fn has_given(&mut self) {
        self.gave = Some(Instant::now());
        self.denies = None;
    }

    /// It denied what it gave: whether that is taken for a loss of its memory.
    fn has_lost_its_own(&mut self) -> bool {
        self.denies.get_or_insert_with(Instant::now).elapsed() < LOST_FOR
    }

    fn learn(&mut self, schema: SchemaRef, answer: &Answer, policy: CachePolicy) {
        self.asked.remove(&schema);
        match answer {
            Ok(text) => {
                self.has_given();
                self.bytes += text.size();
                match self.known.insert(schema, Arc::clone(text)) {
                    Some(before) => self.bytes -= before.size(),
                    None => self.order.push_back(schema),
                }
                // The newest stays, whatever it takes: the registry's client bounds a single one.
                while self.order.len() > 1 && (self.order.len() > policy.max_schemas || self.bytes > policy.max_bytes) {
                    let Some(oldest) = self.order.pop_front() else { break };
                    self.bytes -= self.known.remove(&oldest).map_or(0, |text| text.size());
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
        match self.recall(schema) {
            Ok(answer) => std::future::ready(answer).boxed(),
            Err(fetch) => fetch.map(|fetched| fetched.answer).boxed(),
        }
    }

    fn by_id_counted<'a>(
        &'a self,
        schema: SchemaRef,
        counter: &'a FetchCounter,
    ) -> BoxFuture<'a, Result<Arc<SchemaText>, RegistryError>> {
        match self.recall(schema) {
            Ok(answer) => std::future::ready(answer).boxed(),
            Err(fetch) => fetch
                .map(|Fetched { answer, took, is_counted }| {
                    if !is_counted.swap(true, Ordering::Relaxed) {
                        counter.fetched(is_answered(&answer), took);
                    }
                    answer
                })
                .boxed(),
        }
    }
}

/// No code panics while it holds the lock, so a poisoned one holds nothing half-done.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
