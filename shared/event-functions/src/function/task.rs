//! A function that a schedule or a person invokes.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use environment::{Attempt, Configuration, Env, Problems};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::parts::{Parts, StartFailure};
use crate::aws::{Aws, Wired, World};
use crate::handlers::task::Task;
use crate::lambda::{self, HostError};
use crate::manifest::{DeclaredVariable, Manifest, Trigger};
#[cfg(feature = "testing")]
use crate::testing::{memory::Memory, running::Running, schemas::Reader};

/// A function that runs a task.
pub(crate) struct Invoked<C, K, E, F> {
    wire: F,
    _of: PhantomData<fn(C) -> (K, E)>,
}

impl<C, K, E, F> Invoked<C, K, E, F>
where
    C: Configuration,
    F: Fn(&C, &Aws<()>) -> Result<K, E>,
    E: Into<HostError>,
{
    pub(crate) fn new(wire: F) -> Self {
        Invoked { wire, _of: PhantomData }
    }

    fn live(&self, env: &Env, world: &World) -> Result<K, StartFailure> {
        let Attempt { value: own, variables, problems } = env.attempt(C::read);
        let world = if problems.is_empty() { world.clone() } else { World::Declaring };
        let (task, wired) = self.wired(&own, world, Some(env.clone()));
        let read = variables.len() + wired.variables.len();
        match Problems::of([problems, wired.problems].concat(), read) {
            None => task.map_err(|error| StartFailure::Part(error.into())),
            Some(problems) => Err(problems.into()),
        }
    }

    fn declared(&self) -> (Vec<environment::Variable>, Wired) {
        let (own, mut variables) = Env::declare(C::read);
        let (_, wired) = self.wired(&own, World::Declaring, None);
        variables.extend(wired.variables.iter().cloned());
        (variables, wired)
    }

    fn wired(&self, own: &C, world: World, env: Option<Env>) -> (Result<K, E>, Wired) {
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
    fn manifest(&self, function: &'static str) -> Manifest {
        let (variables, wired) = self.declared();
        Manifest {
            function,
            trigger: Trigger::Invocation,
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
        Vec::new()
    }

    fn check(&self, env: &Env) -> Result<(), Problems> {
        match env.attempt(C::read).problems.is_empty() {
            true => Ok(()),
            false => match self.live(env, &World::Declaring) {
                Err(StartFailure::Variables(problems)) => Err(problems),
                Ok(_) | Err(StartFailure::Part(_)) => Ok(()),
            },
        }
    }

    fn serve(
        &self,
        _: &'static str,
        env: &Env,
        sdk: &SdkConfig,
    ) -> Result<LocalBoxFuture<'static, Result<(), HostError>>, StartFailure> {
        let task = Arc::new(self.live(env, &World::Live(Box::new(sdk.clone())))?);
        Ok(lambda::serve_task(task).boxed_local())
    }

    #[cfg(feature = "testing")]
    #[allow(clippy::panic, reason = "a test that meets a surprise must fail")]
    fn in_memory(&self, _: &'static str, env: &Env, memory: &Memory) -> Result<Box<dyn Running>, Problems> {
        match self.live(env, &World::Memory(memory.clone())) {
            Ok(task) => Ok(crate::testing::running::task(task)),
            Err(StartFailure::Variables(problems)) => Err(problems),
            Err(StartFailure::Part(error)) => crate::testing::running::unbuildable(&error),
        }
    }
}
