//! Decides how a write to a store fails, if it does: refused, without an answer, or late.

use std::time::Duration;

use event_runtime::StoreError;
use event_runtime::testing::WriteFault;

use super::scene::{Scene, Service};
use super::schedule::What;
use super::story::Answer;

/// The fate of a write of the delivery that is being polled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteFate {
    pub(crate) fault: Option<WriteFault>,
    /// How late it is applied, if it is.
    pub(crate) arrives_in: Option<Duration>,
    /// Whether its sender gets no answer at all, not even an error.
    pub(crate) silent: bool,
}

/// Longer than the processor waits for a store.
const GIVEN_UP: Duration = Duration::from_millis(1200);
/// Longer than most records take, shorter than the lease.
const LONG_GONE: Duration = Duration::from_millis(3500);
const A_MOMENT: Duration = Duration::from_millis(150);

pub(crate) fn write_fate(scene: &Scene, service: Service) -> WriteFate {
    let number = scene.decide(What::Write, 9);
    if number == 5 {
        scene.goes_down(service);
    }
    let (fault, arrives_in, silent) = match number {
        _ if scene.is_down(service) => (Some(WriteFault::NotApplied), None, false),
        0 => (None, None, false),
        1 => (Some(WriteFault::NotApplied), None, false),
        2 => (Some(WriteFault::Throttled(Duration::from_millis(300))), None, false),
        3 => (Some(WriteFault::AnswerLost), None, false),
        4 => (Some(WriteFault::SentTwice), None, false),
        6 => (Some(WriteFault::Late), Some(A_MOMENT), false),
        7 => (Some(WriteFault::Late), Some(GIVEN_UP), true),
        8 => (Some(WriteFault::Late), Some(LONG_GONE), true),
        _ => (Some(WriteFault::SecondLate), Some(A_MOMENT), false),
    };
    if fault.is_some() {
        scene.ledger(|ledger| ledger.store_fails(scene.delivery()));
    }
    WriteFate { fault, arrives_in, silent }
}

/// The answer in the story; `None` where the sender gets none.
pub(crate) fn answer_text(fault: Option<WriteFault>, answer: Option<Result<String, &StoreError>>) -> Answer {
    match (fault, answer) {
        (Some(WriteFault::SentTwice), Some(Ok(text))) => Answer::Received(format!("{text} (sent twice)")),
        (_, Some(Ok(text))) => Answer::Received(text),
        (Some(WriteFault::Throttled(_)), _) => Answer::Received("throttled".to_owned()),
        (Some(WriteFault::AnswerLost), _) => Answer::Lost("written".to_owned()),
        (Some(WriteFault::Late | WriteFault::SecondLate), _) => Answer::Lost("on its way".to_owned()),
        (Some(WriteFault::NotApplied | WriteFault::SentTwice) | None, _) => Answer::NotArrived,
    }
}
