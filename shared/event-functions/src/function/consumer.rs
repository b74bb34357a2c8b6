//! A function on a Kafka topic: its wiring, run to serve, to test, or only to declare.

use std::marker::PhantomData;
use std::sync::Arc;

use aws_config::SdkConfig;
use environment::{Configuration, Env, Problems};
use event_runtime::{Claims, NoClaims, Order, Processor, RecordHandler, Settings};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use schema_registry::KeyFormat;

use super::kind::RecordKind;
use super::parts::{Parts, StartFailure};
use super::wiring::{self, Declared, Wiring};
use crate::aws::{Aws, Wired, World};
use crate::lambda::{self, HostError};
use crate::manifest::{Consumption, Described, Manifest, TableUse};
#[cfg(feature = "testing")]
use crate::testing::{memory::Memory, running::Running, schemas::Reader};
use crate::variables::{ClaimSettings, Consumer, EFFECT_TIMEOUT, PARTIAL_RESPONSES, SideBySide};

/// A function that reads records of one kind.
pub(crate) struct Consuming<K, T, C, H, F> {
    topic: &'static str,
    wire: F,
    _kind: PhantomData<K>,
    _of: PhantomData<fn(C, T) -> H>,
}

/// What the runtime reads beside the function's own configuration.
pub(crate) struct Shared {
    consumer: Consumer,
    side_by_side: Option<SideBySide>,
    claims: Option<ClaimSettings>,
}

impl<K, T, C, H, F> Wiring for Consuming<K, T, C, H, F>
where
    K: RecordKind<H>,
    C: Configuration,
    F: Fn(&C, &Aws<T>) -> H,
{
    type Config = (C, Shared);
    type Made = H;

    fn read(env: &mut environment::Reader<'_>) -> (C, Shared) {
        let own = C::read(env);
        let shared = Shared {
            claims: K::WHEN_UNCERTAIN.map(|_| ClaimSettings::read(env)),
            side_by_side: K::SIDE_BY_SIDE.then(|| SideBySide::read(env)),
            consumer: Consumer::read(env),
        };
        (own, shared)
    }

    fn wire(&self, (own, shared): &(C, Shared), world: World, env: Option<Env>) -> (H, Wired) {
        let aws = Aws::new(world, env, shared.consumer.effect_timeout);
        let handler = (self.wire)(own, &aws);
        let consumer = &shared.consumer;
        let rights = consumer.dead_letters.rights().into_iter().chain(consumer.registry.rights());
        rights.for_each(|actions| aws.uses(actions));
        if let Some(claims) = &shared.claims {
            aws.take_table(claims_table(claims));
        }
        (handler, aws.into_wired())
    }
}

impl<K, T, C, H, F> Consuming<K, T, C, H, F>
where
    K: RecordKind<H>,
    C: Configuration,
    F: Fn(&C, &Aws<T>) -> H,
{
    pub(crate) fn new(topic: &'static str, wire: F) -> Self {
        Consuming { topic, wire, _kind: PhantomData, _of: PhantomData }
    }

    /// The settings that it runs with.
    fn settings(shared: &Shared, handler: &H) -> Settings {
        let settings = shared.consumer.settings(shared.side_by_side.as_ref());
        let skew = shared.claims.as_ref().map_or(settings.lease_skew, |claims| claims.skew);
        Settings {
            uncertain: K::WHEN_UNCERTAIN.unwrap_or_default(),
            lease_skew: skew,
            redrive_within: K::redrive_within(handler),
            frames: K::frames(settings.frames),
            ..settings
        }
    }

    fn processor<R: RecordHandler>(
        records: R,
        function: &str,
        shared: &Shared,
        world: &World,
        settings: Settings,
    ) -> Processor<R> {
        let claims: Arc<dyn Claims> = match &shared.claims {
            Some(claims) => world.claims(function, &claims.table),
            None => Arc::new(NoClaims),
        };
        let processor = Processor::new(records, claims, world.dead_letters(&shared.consumer.dead_letters), settings);
        processor.with_clock(world.clock())
    }
}

fn claims_table(claims: &ClaimSettings) -> TableUse {
    TableUse {
        variable: claims.table.variable(),
        partition_key: dynamodb::attribute::KEY,
        sort_key: None,
        ttl: Some(dynamodb::attribute::EXPIRES_AT),
        indexes: Vec::new(),
        person: &[],
        actions: &["dynamodb:PutItem", "dynamodb:UpdateItem"],
    }
}

/// Where the handler is any [`RecordHandler`]: where its type is known, the compiler cannot show that the future may be
/// sent between threads (rust-lang/rust issue 100013).
fn serve<R: RecordHandler>(
    processor: Processor<R>,
    reporting: event_runtime::Reporting,
) -> LocalBoxFuture<'static, Result<(), HostError>> {
    lambda::serve(processor, reporting).boxed_local()
}

impl<K, T, C, H, F> Parts for Consuming<K, T, C, H, F>
where
    K: RecordKind<H>,
    C: Configuration,
    F: Fn(&C, &Aws<T>) -> H,
{
    fn manifest(&self, described: Described) -> Manifest {
        let Declared { config: (_, shared), made: handler, variables, taken } = wiring::declared(self);
        let settings = Self::settings(&shared, &handler);
        let consumption = Consumption {
            topic: self.topic,
            key_format: match settings.frames.keys {
                KeyFormat::Text => "text",
                KeyFormat::Framed(_) => "avro",
            },
            value_format: "avro",
            guard: K::GUARD,
            order: match settings.order {
                Order::Key { .. } => "key",
                Order::Partition => "partition",
            },
            redrive_within_seconds: settings.redrive_within.map(|within| within.as_secs()),
            batch: described.batch,
            effect_timeout: EFFECT_TIMEOUT,
            partial_responses: PARTIAL_RESPONSES,
        };
        Manifest::of(described, K::trigger(consumption), &variables, taken)
    }

    #[cfg(feature = "testing")]
    fn variables(&self) -> Vec<environment::Variable> {
        wiring::declared(self).variables
    }

    #[cfg(feature = "testing")]
    fn readers(&self) -> Vec<Reader> {
        K::readers(self.topic)
    }

    fn check(&self, env: &Env) -> Result<(), Problems> {
        wiring::check(self, env)
    }

    fn serve(
        &self,
        function: &'static str,
        env: &Env,
        sdk: &SdkConfig,
    ) -> Result<LocalBoxFuture<'static, Result<(), HostError>>, StartFailure> {
        let world = World::Live(Box::new(sdk.clone()));
        let ((_, shared), handler) = wiring::live(self, env, &world)?;
        let settings = Self::settings(&shared, &handler);
        let schemas = shared.consumer.registry.schemas(sdk).map_err(|error| StartFailure::Part(error.into()))?;
        let records = K::records(handler, &schemas, settings.frames);
        let processor = Self::processor(records, function, &shared, &world, settings);
        Ok(serve(processor, shared.consumer.reporting()))
    }

    #[cfg(feature = "testing")]
    fn in_memory(&self, function: &'static str, env: &Env, memory: &Memory) -> Result<Box<dyn Running>, Problems> {
        let world = World::Memory(memory.clone());
        let ((_, shared), handler) = wiring::live(self, env, &world)?;
        let settings = Self::settings(&shared, &handler);
        let records = K::records(handler, &memory.schemas(), settings.frames);
        let live = Self::processor(records, function, &shared, &world, settings);
        // A second handler, wired in the same way, gets what a test makes up. Made-up values are there once: no retries.
        let ((_, shared), handler) = wiring::live(self, env, &world)?;
        let mut settings = Self::settings(&shared, &handler);
        settings.retry.attempts = 1;
        let typed = K::typed(handler);
        let inbox = crate::testing::running::inbox_of(&typed);
        let typed = Self::processor(typed, function, &shared, &world, settings);
        Ok(crate::testing::running::consumer(live, typed, inbox))
    }
}
