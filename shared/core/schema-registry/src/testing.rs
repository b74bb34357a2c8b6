//! A registry in memory, and the contract suite of [`Schemas`].

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{RegistryError, RegistryErrorKind, RegistryTarget, SchemaId, SchemaRef, SchemaText, Schemas};

/// The health of a registry under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// It answers.
    #[default]
    Up,
    /// It fails: 503 where there is HTTP.
    Down,
    /// It throttles and wants us to wait that many seconds: 429 where there is HTTP.
    Throttling(u64),
}

/// A registry in memory that counts its requests, and can be made to fail or to hold its answers back.
#[derive(Debug, Default)]
pub struct InMemorySchemas {
    schemas: Mutex<HashMap<SchemaRef, Arc<SchemaText>>>,
    health: Mutex<Health>,
    requests: AtomicUsize,
    held: watch::Sender<bool>,
}

impl InMemorySchemas {
    /// Registers a schema.
    pub fn put(&self, schema: SchemaRef, text: impl Into<String>, references: &[&str]) {
        let references = references.iter().map(|text| (*text).to_owned()).collect();
        lock(&self.schemas).insert(schema, Arc::new(SchemaText { text: text.into(), references }));
    }

    /// Forgets all schemas, like a registry whose store is lost or not yet read.
    pub fn forget(&self) {
        lock(&self.schemas).clear();
    }

    /// Sets its health from now on.
    pub fn set_health(&self, health: Health) {
        *lock(&self.health) = health;
    }

    /// How many requests it has had.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Holds all answers back until [`release`](Self::release).
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Releases the answers.
    pub fn release(&self) {
        self.held.send_replace(false);
    }
}

impl Schemas for InMemorySchemas {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        async move {
            self.requests.fetch_add(1, Ordering::SeqCst);
            // Fails only without a sender, and `self` is the sender.
            let _ = self.held.subscribe().wait_for(|held| !held).await;
            let kind = match *lock(&self.health) {
                Health::Up => RegistryErrorKind::NotFound,
                Health::Down => return Err(RegistryError::new(schema, RegistryErrorKind::Unavailable)),
                Health::Throttling(seconds) => {
                    let error = RegistryError::new(schema, RegistryErrorKind::Throttled);
                    return Err(error.after(Some(Duration::from_secs(seconds))));
                }
            };
            lock(&self.schemas).get(&schema).cloned().ok_or_else(|| RegistryError::new(schema, kind))
        }
        .boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The schema that [`contract`] expects under id 7 and [`GUID`]; it refers to [`MIDDLE`].
pub const OUTER: &str = r#"{"type":"record","name":"Outer","fields":[{"name":"middle","type":"Middle"}]}"#;
/// A schema that [`OUTER`] refers to, subject `middle`, version 1; it refers to [`INNER`].
pub const MIDDLE: &str = r#"{"type":"record","name":"Middle","fields":[{"name":"inner","type":"Inner"}]}"#;
/// A schema that [`MIDDLE`] refers to, subject `inner/of it`, version 2.
pub const INNER: &str = r#"{"type":"enum","name":"Inner","symbols":["ONE"]}"#;
/// The GUID of [`OUTER`].
pub const GUID: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);

/// The contract that every implementation of [`Schemas`] passes. The registry behind `schemas` has [`OUTER`] and what it
/// refers to; `set_health` makes it fail.
///
/// # Panics
/// When the contract does not hold.
#[allow(clippy::panic, reason = "it is a test that other crates call")]
pub async fn contract(schemas: &dyn Schemas, set_health: impl Fn(Health)) {
    let seven = SchemaRef::Id(SchemaId(7));
    for schema in [seven, SchemaRef::Guid(GUID)] {
        match schemas.by_id(schema).await {
            Ok(found) => {
                assert_eq!(found.text, OUTER, "{schema}");
                assert_eq!(found.references, [INNER, MIDDLE], "references come after those that they need");
            }
            Err(error) => panic!("{error}"),
        }
    }
    for unknown in [SchemaRef::Id(SchemaId(8)), SchemaRef::Guid(Uuid::from_u128(8))] {
        match schemas.by_id(unknown).await {
            Err(error) => {
                assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::NotFound, false));
                assert_eq!((error.target(), error.code()), (&RegistryTarget::Schema(unknown), "schema_not_found"));
            }
            Ok(_) => panic!("{unknown} was never registered"),
        }
    }
    set_health(Health::Down);
    match schemas.by_id(seven).await {
        Err(error) => assert!(error.is_transient() && error.kind() == RegistryErrorKind::Unavailable, "{error}"),
        Ok(_) => panic!("it is down"),
    }
    set_health(Health::Throttling(3));
    match schemas.by_id(seven).await {
        Err(error) => {
            assert!(error.is_transient() && error.kind() == RegistryErrorKind::Throttled, "{error}");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
        }
        Ok(_) => panic!("it is throttling"),
    }
    set_health(Health::Up);
    assert!(schemas.by_id(seven).await.is_ok(), "it recovers");
}
