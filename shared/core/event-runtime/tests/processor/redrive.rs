//! Redriven records: how the invocation answers the redrive, and which records are too old.

use std::time::Duration;

use event_runtime::{BatchFailed, BatchReport, Outcome, Reporting, Settings};
use serde_json::{Value, json};

use crate::world::{World, outcomes};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn answer(report: BatchReport, reporting: Reporting) -> Result<Value, BatchFailed> {
    report.answer(reporting).map(|answer| serde_json::to_value(answer).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_finished_redrive_is_answered_with_the_name_of_its_letter() {
    for reporting in [Reporting::WholeBatch, Reporting::PartialBatch] {
        let world = World::new();
        for value in ["send:a", "send:a", "skip:a", "conditional:b"] {
            let report = world.redrive(value, "0f3c-redriven").await;
            assert_eq!(answer(report, reporting).unwrap(), json!({"finished": "0f3c-redriven"}), "{value}");
        }
        let delivered = world.deliver(&[("accounts-0", &["send:c"])]).await;
        assert_eq!(
            answer(delivered, reporting).unwrap(),
            json!({"batchItemFailures": []}),
            "the mapping knows no letter"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_redrive_fails_the_invocation_with_its_reason() {
    for reporting in [Reporting::WholeBatch, Reporting::PartialBatch] {
        let report = World::new().redrive("rejected:a", "0f3c-redriven").await;
        let failed = answer(report, reporting).unwrap_err().to_string();
        assert!(failed.contains("rejected: 1"), "{failed}");
    }
}

/// A later deletion may be forgotten by then, and the record would undo it.
#[tokio::test(start_paused = true)]
async fn a_redriven_record_older_than_its_guard_remembers_is_refused() {
    let guarded = || World::with(Settings { redrive_within: Some(30 * DAY), ..Settings::default() });
    for value in ["conditional:a", "send:a"] {
        let world = guarded();
        world.clock.advance(30 * DAY);
        assert_eq!(outcomes(&world.redrive(value, "0f3c").await), [(Outcome::Done, 1)], "{value}: on the last day");

        let world = guarded();
        world.clock.advance(30 * DAY + Duration::from_millis(1));
        let late = world.redrive(value, "0f3c").await;
        assert_eq!(outcomes(&late), [(Outcome::Unfinished("redrive_too_old"), 1)], "{value}");
        assert!(world.effects().is_empty() && world.letters.letters().is_empty(), "{value}: it keeps its letter");

        // Delivered in order, it is followed by the later changes.
        let delivered = world.deliver(&[("accounts-0", &[value])]).await;
        assert_eq!(outcomes(&delivered), [(Outcome::Done, 1)], "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redriven_record_of_unknown_age_is_refused_where_the_guard_forgets() {
    // No timestamp, one in microseconds, and one from a clock that is ahead by the tolerated maximum.
    for (timestamp, refused) in [(-1, true), (1_795_000_000_000_000, true), (1_795_003_600_000, false)] {
        let world = World::with(Settings { redrive_within: Some(30 * DAY), ..Settings::default() });
        let report = world.redrive_of("conditional:a", "0f3c", timestamp).await;
        let expected = if refused { Outcome::Unfinished("redrive_too_old") } else { Outcome::Done };
        assert_eq!(outcomes(&report), [(expected, 1)], "{timestamp}");
        let forgets_nothing = World::new().redrive_of("conditional:a", "0f3c", timestamp).await;
        assert_eq!(outcomes(&forgets_nothing), [(Outcome::Done, 1)], "{timestamp}");
    }
    let world = World::with(Settings { redrive_within: Some(30 * DAY), ..Settings::default() });
    let skipped = world.redrive_of("skip:a", "0f3c", -1).await;
    assert_eq!(outcomes(&skipped), [(Outcome::Skipped("on_purpose"), 1)], "it has no effect");
}
