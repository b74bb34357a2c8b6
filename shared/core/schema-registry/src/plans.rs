//! Plans by schema: each writer schema compiled once for the type that reads it.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use avro_decode::{AvroType, Limits, Plan, ResolveError, Schema, SchemaError};

use crate::{FetchCounter, RegistryError, SchemaRef, SchemaText, Schemas};

/// How many plans are kept in the list that is searched first, without a lock. A topic rarely has more writer schemas.
const FIRST: usize = 8;
/// A larger schema's plan is not kept in that list, which never removes one. Schemas of hundreds of columns take 100 KB.
const MAX_FIRST_BYTES: usize = 1 << 20;
/// The most plans kept beyond those. A topic has a handful of writer schemas; beyond this all are dropped and compiled
/// again.
const MAX_PLANS: usize = 1_000;
/// The most bytes of schemas whose plans are kept beyond those: a plan grows with its schema.
const MAX_PLAN_BYTES: usize = 16 << 20;

/// The plans by which one type is read, fetched and compiled when first needed.
///
/// That a schema does not parse or does not resolve is kept as well: it will not change before the next deployment.
/// Errors of the registry are not kept.
pub struct PlanCache<T: AvroType> {
    schemas: Arc<dyn Schemas>,
    limits: Limits,
    /// The first plans, never removed, in the order of their compilation: found without a lock.
    first: [OnceLock<Known<T>>; FIRST],
    /// All others.
    later: RwLock<Later<T>>,
}

struct Later<T: AvroType> {
    plans: Plans<T>,
    /// The size of their schemas in bytes.
    bytes: usize,
}

type Known<T> = (SchemaRef, Result<Plan<T>, PlanError>);
type Plans<T> = HashMap<SchemaRef, Result<Plan<T>, PlanError>, BuildHasherDefault<IdHasher>>;

/// Why a schema has no plan.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// The schema could not be fetched.
    #[error(transparent)]
    Registry(RegistryError),
    /// The registry's text is not an Avro schema.
    #[error("{0}: the writer schema is not valid Avro")]
    Schema(SchemaRef, #[source] Arc<SchemaError>),
    /// The schema cannot be read as the type.
    #[error("{0}: the writer schema does not resolve against the reader")]
    Resolve(SchemaRef, #[source] Arc<ResolveError>),
}

/// The type cannot be read from plain text.
#[derive(Debug, Clone, thiserror::Error)]
#[error("plain text does not resolve against the reader")]
pub struct NoPlanOfText(#[source] Arc<dyn std::error::Error + Send + Sync>);

impl PlanError {
    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self {
            PlanError::Registry(error) => error.code(),
            PlanError::Schema(_, error) => error.code(),
            PlanError::Resolve(_, error) => error.code(),
        }
    }

    /// The registry's error, if it is one; see [`RegistryError::is_transient`]. The others are permanent.
    pub fn registry(&self) -> Option<&RegistryError> {
        match self {
            PlanError::Registry(error) => Some(error),
            PlanError::Schema(..) | PlanError::Resolve(..) => None,
        }
    }
}

impl<T: AvroType> PlanCache<T> {
    /// No plans yet; `schemas` is best a [`SchemaCache`](crate::SchemaCache) that several readers share.
    pub fn new(schemas: Arc<dyn Schemas>, limits: Limits) -> Self {
        Self {
            schemas,
            limits,
            first: Default::default(),
            later: RwLock::new(Later { plans: Plans::default(), bytes: 0 }),
        }
    }

    /// The plan for a schema, if it was compiled before: the path of nearly every record.
    #[inline(always)]
    pub fn known(&self, schema: SchemaRef) -> Option<Result<Cow<'_, Plan<T>>, PlanError>> {
        // Most topics have one writer schema at a time.
        let [first, ..] = &self.first;
        if let Some((known, Ok(plan))) = first.get()
            && *known == schema
        {
            return Some(Ok(Cow::Borrowed(plan)));
        }
        self.known_beyond(schema)
    }

    #[inline(never)]
    fn known_beyond(&self, schema: SchemaRef) -> Option<Result<Cow<'_, Plan<T>>, PlanError>> {
        for place in &self.first {
            // The places are filled in order.
            let Some((known, plan)) = place.get() else { break };
            if *known == schema {
                return Some(plan.as_ref().map(Cow::Borrowed).map_err(PlanError::clone));
            }
        }
        let later = self.later.read().unwrap_or_else(PoisonError::into_inner);
        later.plans.get(&schema).cloned().map(|plan| plan.map(Cow::Owned))
    }

    /// The plan for a schema, fetched and compiled if need be.
    ///
    /// # Errors
    /// When the schema cannot be fetched, is not an Avro schema, or does not resolve against `T`.
    pub async fn plan(&self, schema: SchemaRef) -> Result<Plan<T>, PlanError> {
        self.plan_counted(schema, &FetchCounter::default()).await
    }

    /// The same, counting a miss where the plan is not known, and what fetching its schema cost.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn plan_counted(&self, schema: SchemaRef, counter: &FetchCounter) -> Result<Plan<T>, PlanError> {
        if let Some(known) = self.known(schema) {
            return known.map(Cow::into_owned);
        }
        counter.missed();
        let text = self.schemas.by_id_counted(schema, counter).await.map_err(PlanError::Registry)?;
        let plan = self.compile(schema, &text);
        self.keep(schema, plan.clone(), text.size());
        plan
    }

    /// The plan for text that has no schema, such as keys that are plain text: text is read as an Avro string is, so its
    /// length has to stand before it.
    ///
    /// # Errors
    /// When `T` cannot be read from text.
    pub fn of_text(&self) -> Result<Plan<T>, NoPlanOfText> {
        let text = Schema::parse("\"string\"").map_err(|error| NoPlanOfText(Arc::new(error)))?;
        Plan::compile(&text, &self.limits).map_err(|error| NoPlanOfText(Arc::new(error)))
    }

    fn keep(&self, schema: SchemaRef, plan: Result<Plan<T>, PlanError>, bytes: usize) {
        // The lock orders the writers of the first places, too.
        let mut later = self.later.write().unwrap_or_else(PoisonError::into_inner);
        if self.known_first(schema) {
            return;
        }
        let mut entry = (schema, plan);
        for place in self.first.iter().filter(|_| bytes <= MAX_FIRST_BYTES) {
            match place.set(entry) {
                Ok(()) => return,
                Err(refused) => entry = refused,
            }
        }
        if later.plans.len() >= MAX_PLANS || later.bytes.saturating_add(bytes) > MAX_PLAN_BYTES {
            *later = Later { plans: Plans::default(), bytes: 0 };
        }
        if later.plans.insert(entry.0, entry.1).is_none() {
            later.bytes = later.bytes.saturating_add(bytes);
        }
    }

    fn known_first(&self, schema: SchemaRef) -> bool {
        self.first.iter().any(|place| place.get().is_some_and(|(known, _)| *known == schema))
    }

    fn compile(&self, schema: SchemaRef, text: &SchemaText) -> Result<Plan<T>, PlanError> {
        let references: Vec<&str> = text.references.iter().map(String::as_str).collect();
        let writer = Schema::parse_with_references(&text.text, &references)
            .map_err(|error| PlanError::Schema(schema, Arc::new(error)))?;
        Plan::compile(&writer, &self.limits).map_err(|error| PlanError::Resolve(schema, Arc::new(error)))
    }
}

impl<T: AvroType> fmt::Debug for PlanCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanCache").field("reader", &std::any::type_name::<T>()).finish_non_exhaustive()
    }
}

/// Mixes the few bytes of a [`SchemaRef`]. The map is small and bounded, so a keyed hash would cost time on every
/// record and gain nothing.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline]
    fn write_isize(&mut self, discriminant: isize) {
        self.write_u64(discriminant as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The map takes its bucket from the low bits and its tag from the high ones.
        self.0 ^ (self.0 >> 32)
    }
}
