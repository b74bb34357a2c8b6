//! The size and the contents of reports on many letters.

use std::sync::Mutex;

use super::stage::{MemoryQueue, Stage, finished, letter, offset, outcomes, replay};
use crate::ports::Invoked;
use crate::progress::Progress;
use crate::report::{Entry, ForeignMessage, Omitted, Report};
use crate::request::{Action, Request};

/// The largest answer of a Lambda function.
const ANSWER: usize = 6 * 1024 * 1024;
const MANY: i64 = 20_000;

/// Counts entries and foreign messages.
#[derive(Default)]
struct Counting(Mutex<(usize, usize)>);

impl Progress for Counting {
    fn collected(&self, _: usize) {}
    fn settled(&self, _: usize, _: usize, entry: &Entry) {
        self.0.lock().unwrap().0 += usize::from(entry.details.is_some() || entry.outcome.name() != "listed");
    }
    fn foreign(&self, _: &ForeignMessage) {
        self.0.lock().unwrap().1 += 1;
    }
}

fn many(stage: &Stage) {
    for offset in 0..MANY {
        let mut letter = letter(offset);
        letter.error.chain = vec!["a reason that takes its place".to_owned(); 4];
        stage.put(&letter);
    }
}

fn bytes(report: &Report) -> usize {
    serde_json::to_vec(report).unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_report_on_20_000_letters_fits_a_lambda_answer_and_counts_all() {
    let stage = Stage::new(finished);
    many(&stage);
    for request in [Request::new(Action::List), Request::new(Action::Show), replay()] {
        let counting = Counting::default();
        let report = stage.redrive.run(&request, &counting).await.unwrap();
        assert!(bytes(&report) < ANSWER * 3 / 4, "{:?}: {} bytes", request.action, bytes(&report));
        let counted: usize = report.counts.values().sum();
        assert_eq!(counted, usize::try_from(MANY).unwrap(), "{:?}", request.action);
        assert_eq!(report.entries.len() + report.omitted.entries, counted, "{:?}", request.action);
        assert!(report.omitted.entries > 0, "{:?}", request.action);
        if request.action != Action::List {
            assert_eq!(counting.0.lock().unwrap().0, counted, "progress gets every entry with its details");
        }
    }
    assert!(stage.queue.bodies().is_empty(), "all of them were sent");
}

/// The last of many entries are the ones that need attention.
#[tokio::test(start_paused = true)]
async fn entries_that_need_attention_are_kept_first() {
    let stage = Stage::new(|event| match offset(event) {
        19_990.. => Ok(Invoked::Failed("no".to_owned())),
        _ => Ok(Invoked::Finished),
    });
    many(&stage);
    let report = stage.redrive.run(&Request { stop_after: 100, ..replay() }, &Counting::default()).await.unwrap();
    assert_eq!(report.counts["failed_again"], 10);
    let shown = outcomes(&report).into_iter().filter(|outcome| *outcome == "failed_again").count();
    assert!(shown == 10 && report.omitted.entries > 0, "{shown} shown, {:?}", report.omitted);
}

#[tokio::test(start_paused = true)]
async fn details_that_do_not_fit_are_omitted_and_their_entry_stays() {
    let stage = Stage::new(finished);
    let mut large = letter(1);
    large.raw.value = Some("A".repeat(5 << 20));
    stage.put(&large);
    stage.put(&letter(2));
    let report = stage.run(&Request { raw: true, ..Request::new(Action::Show) }).await;
    assert_eq!(report.omitted, Omitted { details: 1, ..Omitted::default() });
    let details: Vec<_> = report.entries.iter().map(|entry| entry.details.is_some()).collect();
    assert_eq!(details, [false, true]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["leftOut"], serde_json::json!({"entries": 0, "details": 1, "foreign": 0}));
    let nothing = stage.run(&Request::new(Action::List)).await;
    assert_eq!(serde_json::to_value(&nothing).unwrap().get("leftOut"), None);
}

#[tokio::test(start_paused = true)]
async fn a_report_on_20_000_foreign_messages_fits_a_lambda_answer() {
    let stage = Stage::new(finished);
    (0..MANY).for_each(|number| MemoryQueue::put(&stage.queue, format!("{number}")));
    let counting = Counting::default();
    let report = stage.redrive.run(&Request::new(Action::List), &counting).await.unwrap();
    let all = usize::try_from(MANY).unwrap();
    assert_eq!((report.foreign.len() + report.omitted.foreign, counting.0.lock().unwrap().1), (all, all));
    assert!(bytes(&report) < ANSWER * 3 / 4, "{} bytes", bytes(&report));
}
