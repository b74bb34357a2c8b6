//! What a report holds, however many letters there are.

use std::sync::Mutex;

use super::stage::{MemoryQueue, Stage, finished, letter, offset, outcomes, replay};
use crate::ports::Invoked;
use crate::progress::Progress;
use crate::report::{Entry, ForeignMessage, Omitted, Report};
use crate::request::{Action, Request};

/// What Lambda takes for an answer.
const ANSWER: usize = 6 * 1024 * 1024;
const MANY: i64 = 20_000;

/// Counts what it is told.
#[derive(Default)]
struct Told(Mutex<(usize, usize)>);

impl Progress for Told {
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
        stage.park(&letter);
    }
}

fn bytes(report: &Report) -> usize {
    serde_json::to_vec(report).unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn the_report_on_twenty_thousand_letters_fits_an_answer_of_lambda_and_counts_them_all() {
    let stage = Stage::new(finished);
    many(&stage);
    for request in [Request::new(Action::List), Request::new(Action::Show), replay()] {
        let told = Told::default();
        let report = stage.redrive.run(&request, &told).await.unwrap();
        assert!(bytes(&report) < ANSWER * 3 / 4, "{:?}: {} bytes", request.action, bytes(&report));
        let counted: usize = report.counts.values().sum();
        assert_eq!(counted, usize::try_from(MANY).unwrap(), "{:?}", request.action);
        assert_eq!(report.entries.len() + report.omitted.entries, counted, "{:?}", request.action);
        assert!(report.omitted.entries > 0, "{:?}", request.action);
        if request.action != Action::List {
            assert_eq!(told.0.lock().unwrap().0, counted, "whoever reads along is told all of them, with all details");
        }
    }
    assert!(stage.queue.bodies().is_empty(), "all of them were sent");
}

/// The last of very many is the one that somebody has to look at.
#[tokio::test(start_paused = true)]
async fn what_asks_for_somebody_is_shown_before_what_went_well() {
    let stage = Stage::new(|event| match offset(event) {
        19_990.. => Ok(Invoked::Failed("no".to_owned())),
        _ => Ok(Invoked::Finished),
    });
    many(&stage);
    let report = stage.redrive.run(&Request { stop_after: 100, ..replay() }, &Told::default()).await.unwrap();
    assert_eq!(report.counts["failed_again"], 10);
    let shown = outcomes(&report).into_iter().filter(|fate| *fate == "failed_again").count();
    assert!(shown == 10 && report.omitted.entries > 0, "{shown} shown, {:?}", report.omitted);
}

#[tokio::test(start_paused = true)]
async fn details_that_do_not_fit_are_left_out_and_their_letter_is_shown() {
    let stage = Stage::new(finished);
    let mut large = letter(1);
    large.raw.value = Some("A".repeat(5 << 20));
    stage.park(&large);
    stage.park(&letter(2));
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
async fn twenty_thousand_messages_that_are_no_letters_fit_as_well() {
    let stage = Stage::new(finished);
    (0..MANY).for_each(|number| MemoryQueue::put(&stage.queue, format!("{number}")));
    let told = Told::default();
    let report = stage.redrive.run(&Request::new(Action::List), &told).await.unwrap();
    let all = usize::try_from(MANY).unwrap();
    assert_eq!((report.foreign.len() + report.omitted.foreign, told.0.lock().unwrap().1), (all, all));
    assert!(bytes(&report) < ANSWER * 3 / 4, "{} bytes", bytes(&report));
}
