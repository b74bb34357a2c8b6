//! A function that a schedule or a person invokes.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use environment::{Configuration, Env, Problems};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::parts::{Parts, StartFailure};
use super::wiring::{self, Declared, Wiring};
use crate::aws::{Aws, Wired, World};
use crate::handlers::task::Task;
use crate::lambda::{self, HostError};
use crate::manifest::{Described, Manifest, Trigger};
#[cfg(feature = "testing")]
use crate::testing::{memory::Memory, running::Running, schemas::Reader};

/// A function that runs a task.
pub(crate) struct Invoked<C, K, E, F> {
    wire: F,
    _of: PhantomData<fn(C) -> (K, E)>,
}

impl<C, K, E, F> Invoked<C, K, E, F>
where
    F: Fn(&C, &Aws<()>) -> Result<K, E>,
{
    pub(crate) fn new(wire: F) -> Self {
        Invoked { wire, _of: PhantomData }
    }
}

impl<C, K, E, F> Wiring for Invoked<C, K, E, F>
where
    C: Configuration,
    F: Fn(&C, &Aws<()>) -> Result<K, E>,
{
    type Config = C;
    type Made = Result<K, E>;

    fn read(env: &mut environment::Reader<'_>) -> C {
        C::read(env)
    }

    fn wire(&self, own: &C, world: World, env: Option<Env>) -> (Result<K, E>, Wired) {
        let aws = Aws::new(world, env, Duration::ZERO);
        let task = (self.wire)(own, &aws);
        (task, aws.into_wired())
    }
}

impl<C, K, E, F> Parts for Invoked<C, K, E, F>
where
    C: Configuration,
    F: Fn(&C, &Aws<()>) -> Result<K, E>,
    K: Task,
    E: Into<HostError>,
{
    fn manifest(&self, described: Described) -> Manifest {
        let Declared { variables, taken, .. } = wiring::declared(self);
        Manifest::of(described, Trigger::Invocation, &variables, taken)
    }

    #[cfg(feature = "testing")]
    fn variables(&self) -> Vec<environment::Variable> {
        wiring::declared(self).variables
    }

    #[cfg(feature = "testing")]
    fn readers(&self) -> Vec<Reader> {
        Vec::new()
    }

    fn check(&self, env: &Env) -> Result<(), Problems> {
        wiring::check(self, env)
    }

    fn serve(
        &self,
        _: &'static str,
        env: &Env,
        sdk: &SdkConfig,
    ) -> Result<LocalBoxFuture<'static, Result<(), HostError>>, StartFailure> {
        let (_, task) = wiring::live(self, env, &World::Live(Box::new(sdk.clone())))?;
        let task = Arc::new(task.map_err(|error| StartFailure::Part(error.into()))?);
        Ok(lambda::serve_task(task).boxed_local())
    }

    #[cfg(feature = "testing")]
    #[allow(clippy::panic, reason = "a test that meets a surprise must fail")]
    fn in_memory(&self, _: &'static str, env: &Env, memory: &Memory) -> Result<Box<dyn Running>, Problems> {
        match wiring::live(self, env, &World::Memory(memory.clone()))?.1 {
            Ok(task) => Ok(crate::testing::running::task(task)),
            Err(error) => crate::testing::running::unbuildable(&error.into()),
        }
    }
}
