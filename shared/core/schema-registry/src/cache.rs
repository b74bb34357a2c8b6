//! Caches schemas: each is fetched once, for all records that wait for it.

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
    /// Schemas kept, for good since they never change; beyond that the oldest is dropped. Default 1,000: more than the
    /// versions of any topic that one function reads.
    pub max_schemas: usize,
    /// Bytes of those schemas, references included; beyond that the oldest is dropped, too. Default 64 MiB.
    pub max_bytes: usize,
    /// How long the answer "no such schema", or an unusable one, is kept. Default 10 s: long enough to spare the registry a
    /// flood of broken records, short enough for a registry whose followers lag.
    pub missing_for: Duration,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self { max_schemas: 1_000, max_bytes: 64 << 20, missing_for: Duration::from_secs(10) }
    }
}

/// Requests at a time: bounds the memory that answers take before they are cached.
const MAX_FETCHES: usize = 8;

/// How long a registry that no longer has a schema that it returned before counts as one that has lost its store. After that
/// the schema counts as deleted.
const LOST_FOR: Duration = Duration::from_secs(600);

/// A cache in front of a registry. The first caller that needs a schema fetches it; callers that come meanwhile wait for the
/// same request. Cached schemas are served while the registry is down; outages are not cached.
///
/// When a registry answers "no such schema", the cache asks it for a schema that it returned before, unless it has just
/// returned one. If that is missing as well, the registry has lost its store, as some do for a while after a start: the
/// answer becomes [`RegistryErrorKind::Lost`], and no record is dead-lettered for it.
pub struct SchemaCache<S> {
    registry: Arc<S>,
    preloaded: HashMap<SchemaRef, Arc<SchemaText>>,
    policy: CachePolicy,
    state: Arc<Mutex<State>>,
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
struct State {
    known: HashMap<SchemaRef, Arc<SchemaText>>,
    /// The keys of `known`, oldest first.
    order: VecDeque<SchemaRef>,
    /// The size of `known`.
    bytes: usize,
    /// When the registry last returned a schema.
    last_returned: Option<Instant>,
    /// Since when it has lacked a schema that it returned before.
    lacking_since: Option<Instant>,
    /// Schemas that the registry does not have, or that are unusable, and until when that answer is kept.
    missing: HashMap<SchemaRef, (Instant, RegistryError)>,
    /// Requests under way. Weak: a request ends when all its callers have gone.
    fetching: HashMap<SchemaRef, WeakShared<Fetch>>,
}

impl<S: Schemas + 'static> SchemaCache<S> {
    /// A cache in front of `registry`.
    pub fn new(registry: S, policy: CachePolicy) -> Self {
        Self {
            registry: Arc::new(registry),
            preloaded: HashMap::new(),
            policy,
            state: Arc::default(),
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

    /// The schema, if it is cached or preloaded.
    pub fn known(&self, schema: SchemaRef) -> Option<Arc<SchemaText>> {
        if let Some(text) = self.preloaded.get(&schema) {
            return Some(Arc::clone(text));
        }
        lock(&self.state).known.get(&schema).cloned()
    }

    /// The cached answer, or the request that will bring it.
    fn cached_or_fetch(&self, schema: SchemaRef) -> Result<Answer, Shared<Fetch>> {
        if let Some(text) = self.known(schema) {
            return Ok(Ok(text));
        }
        let mut state = lock(&self.state);
        match state.missing.get(&schema) {
            Some((until, error)) if *until > Instant::now() => return Ok(Err(error.clone())),
            Some(_) => {
                state.missing.remove(&schema);
            }
            None => {}
        }
        if let Some(fetch) = state.fetching.get(&schema).and_then(WeakShared::upgrade) {
            return Err(fetch);
        }
        let fetch = self.fetch(schema).boxed().shared();
        state.fetching.retain(|_, fetch| fetch.upgrade().is_some());
        if let Some(weak) = fetch.downgrade() {
            state.fetching.insert(schema, weak);
        }
        Err(fetch)
    }

    fn fetch(&self, schema: SchemaRef) -> impl Future<Output = Fetched> + Send + use<S> {
        let registry = Arc::clone(&self.registry);
        let state = Arc::clone(&self.state);
        let fetches = Arc::clone(&self.fetches);
        let policy = self.policy;
        async move {
            // Fails only for a closed semaphore, and this one is never closed.
            let _turn = fetches.acquire().await;
            let requested = Instant::now();
            let answer = match registry.by_id(schema).await {
                Err(error) if error.kind() == RegistryErrorKind::NotFound => {
                    Err(verified(&*registry, &state, error, policy).await)
                }
                answer => answer,
            };
            lock(&state).learn(schema, &answer, policy);
            Fetched { answer, took: requested.elapsed(), is_counted: Arc::default() }
        }
    }
}

/// What "no such schema" means, coming from this registry at this time.
async fn verified(
    registry: &impl Schemas,
    state: &Mutex<State>,
    error: RegistryError,
    policy: CachePolicy,
) -> RegistryError {
    let Some(returned) = lock(state).returned_before(policy) else { return error };
    match registry.by_id(returned).await {
        Err(lacking) if lacking.kind() == RegistryErrorKind::NotFound => {
            if lock(state).counts_as_lost() {
                error.with_kind(RegistryErrorKind::Lost)
            } else {
                error
            }
        }
        // It is failing now, so the first answer may have been part of that.
        Err(failed) if failed.is_transient() => error.with_kind(failed.kind()).after(failed.retry_after()),
        Err(_) => error,
        Ok(_) => {
            lock(state).has_returned();
            error
        }
    }
}

impl State {
    /// A schema that the registry returned before, to check whether it still has it; `None` if it has just returned one, or
    /// never did.
    fn returned_before(&self, policy: CachePolicy) -> Option<SchemaRef> {
        let recently = self.last_returned.is_some_and(|at| at.elapsed() < policy.missing_for);
        self.order.back().copied().filter(|_| !recently)
    }

    fn has_returned(&mut self) {
        self.last_returned = Some(Instant::now());
        self.lacking_since = None;
    }

    /// Whether a registry that lacks a schema that it returned before counts as one that has lost its store.
    fn counts_as_lost(&mut self) -> bool {
        self.lacking_since.get_or_insert_with(Instant::now).elapsed() < LOST_FOR
    }

    fn learn(&mut self, schema: SchemaRef, answer: &Answer, policy: CachePolicy) {
        self.fetching.remove(&schema);
        match answer {
            Ok(text) => {
                self.has_returned();
                self.bytes += text.size();
                match self.known.insert(schema, Arc::clone(text)) {
                    Some(before) => self.bytes -= before.size(),
                    None => self.order.push_back(schema),
                }
                // The newest stays, however large: the registry's client bounds a single schema.
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
                // Still full: a flood of made-up ids. Those are requested again rather than kept.
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
        match self.cached_or_fetch(schema) {
            Ok(answer) => std::future::ready(answer).boxed(),
            Err(fetch) => fetch.map(|fetched| fetched.answer).boxed(),
        }
    }

    fn by_id_counted<'a>(
        &'a self,
        schema: SchemaRef,
        counter: &'a FetchCounter,
    ) -> BoxFuture<'a, Result<Arc<SchemaText>, RegistryError>> {
        match self.cached_or_fetch(schema) {
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

/// No code panics while it holds the lock, so a poisoned lock guards a consistent state.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
