//! Answers of a function that remove a letter, and those that do not.

use super::stage::{Stage, letter, outcomes, replay};
use crate::answer::read_answer;
use crate::ports::{ExpectedAnswer, Invoked};
use crate::report::{RedriveOutcome, RunStatus};

const NAME: &str = "0a-redriven";

fn read(answer: &str) -> Invoked {
    read_answer(answer.as_bytes(), &ExpectedAnswer::Finished(NAME.to_owned()))
}

#[test]
fn only_an_answer_that_names_the_letter_finishes_it() {
    assert_eq!(read(r#"{"finished":"0a-redriven"}"#), Invoked::Finished);
    assert_eq!(read(r#"{"finished":"0a-redriven","took":3}"#), Invoked::Finished);
    for answer in [
        "",
        "null",
        "{}",
        "[]",
        "true",
        "not JSON",
        r#""0a-redriven""#,
        r#"["0a-redriven"]"#,
        r#"{"statusCode":200,"body":"{\"finished\":\"0a-redriven\"}"}"#,
        r#"{"pages":1,"published":3,"parked":0,"ended":"caught_up"}"#,
        r#"{"finished":"0b-redriven"}"#,
        r#"{"finished":"0a"}"#,
        r#"{"finished":true}"#,
        r#"{"finished":["0a-redriven"]}"#,
        r#"{"batchItemFailures":null}"#,
        r#"{"batchItemFailures":[]}"#,
    ] {
        assert!(matches!(read(answer), Invoked::Unconfirmed(_)), "{answer}: {:?}", read(answer));
    }
    let listed = read(r#"{"batchItemFailures":[{"itemIdentifier":{}}]}"#);
    assert_eq!(listed, Invoked::Failed("reported as unfinished: 1".to_owned()));
}

#[test]
fn an_unconfirmed_answer_says_what_to_check() {
    for (answer, check) in [
        (r#"{"batchItemFailures":[]}"#, "a version is deployed that does not name letters yet"),
        (r#"{"finished":"0b-redriven"}"#, "another letter"),
        (r#"{"statusCode":200}"#, "does `into`"),
        ("", "does `into`"),
    ] {
        assert!(matches!(read(answer), Invoked::Unconfirmed(text) if text.contains(check)), "{answer}");
    }
}

/// An event without a mark is answered as the mapping is: with a list of failures.
#[test]
fn only_an_answer_without_failures_finishes_a_batch() {
    let read_batch = |answer: &str| read_answer(answer.as_bytes(), &ExpectedAnswer::NoFailures);
    assert_eq!(read_batch(r#"{"batchItemFailures":[]}"#), Invoked::Finished);
    for answer in
        ["", "null", "{}", "[]", r#"{"batchItemFailures":null}"#, r#"{"statusCode":200}"#, r#"{"finished":"0a"}"#]
    {
        assert!(matches!(read_batch(answer), Invoked::Unconfirmed(_)), "{answer}");
    }
    assert!(matches!(read_batch(r#"{"batchItemFailures":[{}]}"#), Invoked::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn an_unconfirmed_letter_stays_with_its_attempt_counted() {
    let stage = Stage::new(|_| Ok(read_answer(br#"{"statusCode":200}"#, &ExpectedAnswer::Finished(NAME.to_owned()))));
    stage.put(&letter(1));
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["unconfirmed"], RunStatus::Remaining));
    assert!(
        matches!(&report.entries[0].outcome, RedriveOutcome::Unconfirmed { attempts: 1, error } if error.contains("`into`"))
    );
    let bodies = stage.queue.bodies();
    assert_eq!((bodies.len(), &bodies[0]["redriven"]["attempts"]), (1, &1.into()));
}
