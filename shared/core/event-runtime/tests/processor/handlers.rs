//! What a processor may be asked of any handler.

use std::future::{Future, ready};
use std::sync::Arc;

use event_runtime::testing::MemoryDeadLetters;
use event_runtime::{
    BatchReport, Deadline, Effect, Failed, Fault, Intent, NoClaims, Outcome, Processor, RawRecord, RecordHandler,
    Settings,
};
use tokio::task::JoinHandle;

use crate::world::{event, invocation, outcomes};

/// Reads what its records' values say, which may borrow from them, and panics as soon as the effect is asked for where that
/// is "panic".
struct Hasty;

impl RecordHandler for Hasty {
    type Read<'de> = &'de [u8];
    type Work = Vec<u8>;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<&'de [u8], Fault> {
        tokio::task::yield_now().await;
        Ok(record.value.unwrap_or_default())
    }

    fn decide(&self, value: &[u8]) -> Result<Intent<Vec<u8>>, Failed> {
        Ok(Intent::Conditional(value.to_vec()))
    }

    fn perform(&self, work: Vec<u8>) -> impl Future<Output = Result<Effect, Failed>> + Send {
        assert!(work != b"panic", "a defect");
        ready(Ok(Effect::Done))
    }
}

/// Processes a batch in a task that may move from thread to thread, which a Lambda host does.
fn spawn<H: RecordHandler>(handler: H, values: &[&str]) -> JoinHandle<BatchReport> {
    let letters = Arc::new(MemoryDeadLetters::default());
    let processor = Processor::new(handler, Arc::new(NoClaims), letters, Settings::default());
    let event = event(&[("accounts-0", values)]).to_string();
    tokio::spawn(async move { processor.process(event.as_bytes(), &invocation(Deadline::unknown())).await.unwrap() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_any_handler_may_move_between_threads() {
    let report = spawn(Hasty, &["one", "two"]).await.unwrap();
    assert_eq!(outcomes(&report), [(Outcome::Done, 2)]);
}

#[tokio::test]
async fn a_panic_before_the_future_of_an_effect_is_its_records_alone() {
    let report = spawn(Hasty, &["one", "panic", "two"]).await.unwrap();
    assert_eq!(outcomes(&report), [(Outcome::Done, 2), (Outcome::DeadLettered("handler_panicked"), 1)]);
}
