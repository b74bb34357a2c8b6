//! Functions that no topic triggers: schedules, and commands of an operator.

use std::future::Future;

use event_runtime::{Failed, Invocation};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a function does when it is invoked by a schedule or a person.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    label = "does not implement `Task`",
    note = "`.task().run_by(|config: &Config, aws| …)` returns your own type with `impl Task`, in a `Result`: `Ok(…)`"
)]
pub trait Task: Send + Sync + 'static {
    /// The event: JSON.
    type Input: DeserializeOwned + Send;
    /// The answer: JSON.
    type Output: Serialize;

    /// Does it; write it as `async fn`. It must end before the invocation's deadline.
    ///
    /// # Errors
    /// Any failure fails the invocation under its code; the caller's own retry follows.
    fn run(
        &self,
        input: Self::Input,
        invocation: Invocation,
    ) -> impl Future<Output = Result<Self::Output, Failed>> + Send;
}
