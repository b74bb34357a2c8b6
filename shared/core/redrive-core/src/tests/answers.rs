//! Which answers let a letter go.

use super::stage::{Stage, letter, outcomes, replay};
use crate::answer::read_answer;
use crate::ports::{ExpectedAnswer, Invoked};
use crate::report::{RedriveOutcome, RunStatus};

const NAME: &str = "0a-redriven";

fn of_a_letter(answer: &str) -> Invoked {
    read_answer(answer.as_bytes(), &ExpectedAnswer::Finished(NAME.to_owned()))
}

#[test]
fn only_an_answer_that_names_the_letter_says_that_it_is_finished() {
    assert_eq!(of_a_letter(r#"{"finished":"0a-redriven"}"#), Invoked::Finished);
    assert_eq!(of_a_letter(r#"{"finished":"0a-redriven","took":3}"#), Invoked::Finished);
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
        assert!(matches!(of_a_letter(answer), Invoked::Unconfirmed(_)), "{answer}: {:?}", of_a_letter(answer));
    }
    let listed = of_a_letter(r#"{"batchItemFailures":[{"itemIdentifier":{}}]}"#);
    assert_eq!(listed, Invoked::Failed("reported as unfinished: 1".to_owned()));
}

#[test]
fn an_answer_that_is_not_believed_is_told_with_what_to_look_at() {
    for (answer, look_at) in [
        (r#"{"batchItemFailures":[]}"#, "a version is deployed that does not name letters yet"),
        (r#"{"finished":"0b-redriven"}"#, "another letter"),
        (r#"{"statusCode":200}"#, "does `into`"),
        ("", "does `into`"),
    ] {
        assert!(matches!(of_a_letter(answer), Invoked::Unconfirmed(said) if said.contains(look_at)), "{answer}");
    }
}

/// What is sent without a mark is answered as the mapping is: by a list of failures, and nothing less.
#[test]
fn a_batch_is_finished_only_by_an_answer_that_lists_no_failure() {
    let of_a_batch = |answer: &str| read_answer(answer.as_bytes(), &ExpectedAnswer::NoFailures);
    assert_eq!(of_a_batch(r#"{"batchItemFailures":[]}"#), Invoked::Finished);
    for answer in
        ["", "null", "{}", "[]", r#"{"batchItemFailures":null}"#, r#"{"statusCode":200}"#, r#"{"finished":"0a"}"#]
    {
        assert!(matches!(of_a_batch(answer), Invoked::Unconfirmed(_)), "{answer}");
    }
    assert!(matches!(of_a_batch(r#"{"batchItemFailures":[{}]}"#), Invoked::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_letter_stays_with_its_attempt_counted_when_the_answer_does_not_name_it() {
    let stage = Stage::new(|_| Ok(read_answer(br#"{"statusCode":200}"#, &ExpectedAnswer::Finished(NAME.to_owned()))));
    stage.park(&letter(1));
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["unconfirmed"], RunStatus::Remaining));
    assert!(
        matches!(&report.entries[0].outcome, RedriveOutcome::Unconfirmed { attempts: 1, error } if error.contains("`into`"))
    );
    let bodies = stage.queue.bodies();
    assert_eq!((bodies.len(), &bodies[0]["redriven"]["attempts"]), (1, &1.into()));
}
