//! Effects of one's own on changes of a table or collection.

use std::future::Future;
use std::time::Duration;

use avro_decode::AvroType;
use debezium::Op;
use event_runtime::Failed;

use crate::RowOf;
use crate::handlers::change::Change;
use crate::handlers::decision::{Decision, Performed};
use crate::handlers::guard::Guard;

/// What a function does about changes of a table or collection.
///
/// The runtime reads the change, skips operations that are not acted on, calls `decide`, takes a claim if the guard is
/// [`Claimed`](crate::Claimed), and calls `perform`; it retries and dead-letters by what failures prove.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an effect for these changes",
    label = "does not implement `ChangeHandler`",
    note = "`.effect(|config: &Config, aws| …)` returns a pattern such as `KeepNewest::in_table(aws, &config.table, |row| item! {{ … }})`, or your own type with `impl ChangeHandler`"
)]
pub trait ChangeHandler: Send + Sync + 'static {
    /// The row. A type that borrows is named by its `'static` form: `type Row = Order<'static>;`.
    type Row: AvroType;
    /// What keeps the effect from happening twice: [`Conditional`](crate::Conditional), `Claimed<Park>` or
    /// `Claimed<Repeat>`.
    type Guard: Guard;
    /// What `perform` needs. It owns its data, because it outlives the record.
    type Work: Send + Sync;

    /// The operations that are acted on. All others are skipped and counted, each under its own name.
    const ACTS_ON: &'static [Op] = &[Op::Create, Op::Read, Op::Update, Op::Delete];

    /// Whether records of different keys of a partition may be processed side by side.
    const KEYS_SIDE_BY_SIDE: bool = true;

    /// The maximum age of a redriven record, for effects whose guard forgets. `None`: it forgets nothing.
    fn redrive_within(&self) -> Option<Duration> {
        None
    }

    /// Decides what to do about a change. It asks nobody and changes nothing, because a retry decides again.
    ///
    /// # Errors
    /// A permanent fault of the record, such as a missing address.
    fn decide(&self, change: Change<'_, RowOf<'_, Self::Row>>) -> Decided<Self>;

    /// Takes the effect; write it as `async fn`.
    fn perform(&self, work: Self::Work) -> impl Future<Output = Performed> + Send;
}

/// What [`ChangeHandler::decide`] returns: `Decided<Self>`.
pub type Decided<H> = Result<Decision<<H as ChangeHandler>::Work, <H as ChangeHandler>::Guard>, Failed>;
