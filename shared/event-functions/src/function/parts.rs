//! A function without its types.

use aws_config::SdkConfig;
use environment::{Env, Problems};
use futures_util::future::LocalBoxFuture;

use crate::lambda::HostError;
use crate::manifest::{Described, Manifest};
#[cfg(feature = "testing")]
use crate::testing::{memory::Memory, running::Running, schemas::Reader};

/// What may go wrong between a process's start and its first invocation.
pub(crate) enum StartFailure {
    Variables(Problems),
    Part(HostError),
}

impl From<Problems> for StartFailure {
    fn from(problems: Problems) -> Self {
        StartFailure::Variables(problems)
    }
}

/// A function without its types.
pub(crate) trait Parts {
    /// What it declares.
    fn manifest(&self, described: Described) -> Manifest;
    /// The variables that it reads.
    #[cfg(feature = "testing")]
    fn variables(&self) -> Vec<environment::Variable>;
    /// The types that it reads records into.
    #[cfg(feature = "testing")]
    fn readers(&self) -> Vec<Reader>;
    /// All problems of these variables, if the function's own or the runtime's have any. Those of a pattern alone are
    /// found by the wiring.
    fn check(&self, env: &Env) -> Result<(), Problems>;
    /// Its wiring with these variables: the future serves invocations.
    fn serve(
        &self,
        function: &'static str,
        env: &Env,
        sdk: &SdkConfig,
    ) -> Result<LocalBoxFuture<'static, Result<(), HostError>>, StartFailure>;
    /// The same in memory.
    #[cfg(feature = "testing")]
    fn in_memory(&self, function: &'static str, env: &Env, memory: &Memory) -> Result<Box<dyn Running>, Problems>;
}
