//! Effects of one's own on domain events.

use std::future::Future;
use std::time::Duration;

use avro_decode::AvroType;
use event_runtime::Failed;

use crate::RowOf;
use crate::handlers::decision::{Decision, Performed};
use crate::handlers::event::Event;
use crate::handlers::guard::Guard;

/// What a function does about the events of a topic. See [`ChangeHandler`](crate::ChangeHandler) for how the runtime
/// calls it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an effect for these events",
    label = "does not implement `EventHandler`",
    note = "`.effect(|config: &Config, aws| …)` returns a pattern such as `AppendOnce::in_table(aws, &config.table, |event| item! {{ … }})`, or your own type with `impl EventHandler`"
)]
pub trait EventHandler: Send + Sync + 'static {
    /// The event's data. A type that borrows is named by its `'static` form: `type Data = Shipped<'static>;`.
    type Data: AvroType;
    /// What keeps the effect from happening twice.
    type Guard: Guard;
    /// What `perform` needs. It owns its data, because it outlives the record.
    type Work: Send + Sync;

    /// Whether records of different keys of a partition may be processed side by side.
    const KEYS_SIDE_BY_SIDE: bool = true;

    /// The maximum age of a redriven record, for effects whose guard forgets. `None`: it forgets nothing.
    fn redrive_within(&self) -> Option<Duration> {
        None
    }

    /// Decides what to do about an event. It asks nobody and changes nothing, because a retry decides again.
    ///
    /// # Errors
    /// A permanent fault of the event, such as a missing id.
    fn decide(&self, event: Event<'_, RowOf<'_, Self::Data>>) -> DecidedOnEvent<Self>;

    /// Takes the effect; write it as `async fn`.
    fn perform(&self, work: Self::Work) -> impl Future<Output = Performed> + Send;
}

/// What [`EventHandler::decide`] returns: `DecidedOnEvent<Self>`.
pub type DecidedOnEvent<H> = Result<Decision<<H as EventHandler>::Work, <H as EventHandler>::Guard>, Failed>;
