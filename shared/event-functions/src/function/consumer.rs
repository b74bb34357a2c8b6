//! A function on a Kafka topic: its wiring, run to serve, to test, or only to declare.

use std::marker::PhantomData;
use std::sync::Arc;

use aws_config::SdkConfig;
use environment::{Attempt, Configuration, Env, Problems};
use event_runtime::{Claims, NoClaims, Processor, RecordHandler, Settings};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::kind::RecordKind;
use super::parts::{Parts, StartFailure};
use crate::aws::{Aws, Wired, World};
use crate::lambda::{self, HostError};
use crate::manifest::{ActionUse, DeclaredVariable, Manifest, TableUse};
#[cfg(feature = "testing")]
use crate::testing::{memory::Memory, running::Running, schemas::Reader};
use crate::variables::{ClaimSettings, Consumer, SideBySide};

/// A function that reads records of one kind.
pub(crate) struct Consuming<K, T, C, H, F> {
    topic: &'static str,
    wire: F,
    _kind: PhantomData<K>,
    _of: PhantomData<fn(C, T) -> H>,
}

/// What the runtime reads beside the function's own configuration.
struct Shared {
    consumer: Consumer,
    side_by_side: Option<SideBySide>,
    claims: Option<ClaimSettings>,
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

    fn read(env: &mut environment::Reader<'_>) -> (C, Shared) {
        let own = C::read(env);
        let shared = Shared {
            claims: K::WHEN_UNCERTAIN.map(|_| ClaimSettings::read(env)),
            side_by_side: K::SIDE_BY_SIDE.then(|| SideBySide::read(env)),
            consumer: Consumer::read(env),
        };
        (own, shared)
    }

    fn wire(&self, own: &C, shared: &Shared, world: World, env: Option<Env>) -> (H, Wired) {
        let aws = Aws::new(world, env, shared.consumer.effect_timeout);
        let handler = (self.wire)(own, &aws);
        for (actions, resource) in shared.consumer.dead_letters.rights() {
            aws.take_actions(ActionUse { actions, resource });
        }
        if let Some(claims) = &shared.claims {
            aws.take_table(claims_table(claims));
        }
        (handler, aws.into_wired())
    }

    /// The wiring with these variables, or all of their problems.
    fn live(&self, env: &Env, world: &World) -> Result<(H, Shared, Wired), Problems> {
        let Attempt { value: (own, shared), variables, problems } = env.attempt(Self::read);
        // With problems the wiring runs for its variables alone: what it builds reaches nothing.
        let world = if problems.is_empty() { world.clone() } else { World::Declaring };
        let (handler, wired) = self.wire(&own, &shared, world, Some(env.clone()));
        let read = variables.len() + wired.variables.len();
        match Problems::of([problems, wired.problems.clone()].concat(), read) {
            None => Ok((handler, shared, wired)),
            Some(problems) => Err(problems),
        }
    }

    fn declared(&self) -> (Vec<environment::Variable>, Wired) {
        let ((own, shared), mut variables) = Env::declare(Self::read);
        let (_, wired) = self.wire(&own, &shared, World::Declaring, None);
        variables.extend(wired.variables.iter().cloned());
        (variables, wired)
    }

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
    fn manifest(&self, function: &'static str) -> Manifest {
        let (variables, wired) = self.declared();
        Manifest {
            function,
            trigger: K::trigger(self.topic),
            variables: variables.iter().map(DeclaredVariable::from).collect(),
            tables: wired.taken.tables,
            actions: wired.taken.actions,
        }
    }

    #[cfg(feature = "testing")]
    fn variables(&self) -> Vec<environment::Variable> {
        self.declared().0
    }

    #[cfg(feature = "testing")]
    fn readers(&self) -> Vec<Reader> {
        K::readers(self.topic)
    }

    fn check(&self, env: &Env) -> Result<(), Problems> {
        match env.attempt(Self::read).problems.is_empty() {
            true => Ok(()),
            false => self.live(env, &World::Declaring).map(drop),
        }
    }

    fn serve(
        &self,
        function: &'static str,
        env: &Env,
        sdk: &SdkConfig,
    ) -> Result<LocalBoxFuture<'static, Result<(), HostError>>, StartFailure> {
        let world = World::Live(Box::new(sdk.clone()));
        let (handler, shared, _) = self.live(env, &world)?;
        let settings = Self::settings(&shared, &handler);
        let schemas = shared.consumer.registry.schemas(sdk).map_err(|error| StartFailure::Part(error.into()))?;
        let records = K::records(handler, &schemas, settings.frames);
        let processor = Self::processor(records, function, &shared, &world, settings);
        Ok(serve(processor, shared.consumer.reporting()))
    }

    #[cfg(feature = "testing")]
    fn in_memory(&self, function: &'static str, env: &Env, memory: &Memory) -> Result<Box<dyn Running>, Problems> {
        let world = World::Memory(memory.clone());
        let (handler, shared, wired) = self.live(env, &world)?;
        let undeclared = wired.taken.missing_in(&self.declared().1.taken);
        assert!(
            undeclared.is_empty(),
            "{} taken with these variables and not declared without them: take it whatever the values are",
            undeclared.join(" and ")
        );
        let settings = Self::settings(&shared, &handler);
        let records = K::records(handler, &memory.schemas(), settings.frames);
        let live = Self::processor(records, function, &shared, &world, settings);
        // A second handler, wired in the same way, gets what a test makes up. Made-up values are there once: no retries.
        let (handler, shared, _) = self.live(env, &world)?;
        let mut settings = Self::settings(&shared, &handler);
        settings.retry.attempts = 1;
        let typed = K::typed(handler);
        let inbox = crate::testing::running::inbox_of(&typed);
        let typed = Self::processor(typed, function, &shared, &world, settings);
        Ok(crate::testing::running::consumer(live, typed, inbox))
    }
}
