//! `#[derive(Failure)]`: texts, causes, what a failure proves, and the table of its codes.

use std::error::Error;
use std::time::Duration;

use event_runtime::{Blame, Disposition, Failure, FailureCode, FailureCodes, FailureResult, code_table};

const MOST: usize = 100;

/// The address is wrong.
#[derive(Debug, Failure)]
#[failure("the address has {0} bytes and may have {MOST}", dead_letter, code = "address_malformed", blame = record)]
struct AddressError(usize);

#[derive(Debug, Failure)]
#[failure(retry, blame = record)]
enum SendError {
    /// The row has no address.
    ///
    /// This paragraph is for readers of the code.
    #[failure("no address in `{column}`", dead_letter, code = "address_missing", remedy = "Nothing.")]
    Missing { column: &'static str },
    #[failure(transparent)]
    Address(#[from] AddressError),
    /// More mails are waiting
    /// than the rate allows.
    #[failure("in {} ms, {kind}", after.as_millis(), kind = "turn", retry(after = after), code = "rate", blame = deployment)]
    Rate { after: Option<Duration>, unused: u8 },
    /// The answer was lost.
    #[failure(
        "the answer {{was}} lost",
        disposition = if *sent { Disposition::Uncertain } else { Disposition::Retry { after: None } },
        results = [uncertain, retry],
        code = "lost"
    )]
    Lost {
        sent: bool,
        #[source]
        cause: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The disk failed.
    #[failure("writing failed: {0}", code = if _0.kind() == std::io::ErrorKind::NotFound { "disk_missing" } else { "disk" },
        codes = ["disk", "disk_missing"])]
    Disk(#[source] std::io::Error),
    #[failure("within a send: {inner}", forward = inner)]
    Within { inner: AddressError, source: Box<dyn Error + Send + Sync> },
}

trait Millis {
    fn as_millis(&self) -> u128;
}

impl Millis for Option<Duration> {
    fn as_millis(&self) -> u128 {
        self.map_or(0, |after| after.as_millis())
    }
}

#[test]
fn texts_name_fields_constants_and_arguments() {
    assert_eq!(AddressError(120).to_string(), "the address has 120 bytes and may have 100");
    assert_eq!(SendError::Missing { column: "email" }.to_string(), "no address in `email`");
    assert_eq!(SendError::from(AddressError(1)).to_string(), AddressError(1).to_string());
    let rate = SendError::Rate { after: Some(Duration::from_secs(1)), unused: 0 };
    assert_eq!(rate.to_string(), "in 1000 ms, turn");
    assert_eq!(SendError::Lost { sent: true, cause: None }.to_string(), "the answer {was} lost");
}

#[test]
fn a_failure_proves_what_its_attribute_says() {
    let after = Some(Duration::from_secs(1));
    let disk = |kind| SendError::Disk(std::io::Error::from(kind));
    let within = SendError::Within { inner: AddressError(1), source: "cause".into() };
    let cases = [
        (SendError::Missing { column: "a" }, Disposition::DeadLetter, "address_missing", Blame::Record),
        (AddressError(1).into(), Disposition::DeadLetter, "address_malformed", Blame::Record),
        (SendError::Rate { after, unused: 0 }, Disposition::Retry { after }, "rate", Blame::Deployment),
        (SendError::Lost { sent: true, cause: None }, Disposition::Uncertain, "lost", Blame::Record),
        (SendError::Lost { sent: false, cause: None }, Disposition::Retry { after: None }, "lost", Blame::Record),
        (disk(std::io::ErrorKind::NotFound), Disposition::Retry { after: None }, "disk_missing", Blame::Record),
        (disk(std::io::ErrorKind::Other), Disposition::Retry { after: None }, "disk", Blame::Record),
        (within, Disposition::DeadLetter, "address_malformed", Blame::Record),
    ];
    for (failure, disposition, code, blame) in cases {
        assert_eq!((failure.disposition(), failure.code(), failure.blame()), (disposition, code, blame), "{failure:?}");
    }
}

#[test]
fn causes_are_errors_boxes_and_options_of_them() {
    let cause = |failure: &SendError| failure.source().map(ToString::to_string);
    assert_eq!(cause(&SendError::Missing { column: "a" }), None);
    assert_eq!(cause(&SendError::Lost { sent: true, cause: None }), None);
    assert_eq!(cause(&SendError::Lost { sent: true, cause: Some("reset".into()) }).as_deref(), Some("reset"));
    assert_eq!(cause(&SendError::Disk(std::io::Error::other("full"))).as_deref(), Some("full"));
    let within = SendError::Within { inner: AddressError(1), source: "named".into() };
    assert_eq!(cause(&within).as_deref(), Some("named"));
    // A transparent failure has the cause of its field, not the field as its cause.
    assert_eq!(cause(&AddressError(1).into()), None);
}

#[test]
fn the_table_has_a_row_for_what_is_said_of_each_code() {
    let expected = "\
| code | result | meaning | what to do |
|---|---|---|---|
| `address_missing` | dead letter | The row has no address. | Nothing. |
| `address_malformed` | dead letter | The address is wrong. |  |
| `rate` | retry | More mails are waiting than the rate allows. |  |
| `lost` | uncertain or retry | The answer was lost. |  |
| `disk`, `disk_missing` | retry | The disk failed. |  |
";
    assert_eq!(code_table(SendError::CODES), expected);
}

#[test]
fn a_row_says_whether_many_dead_letters_stop_the_partition() {
    let code = |code, result, blame, meaning| FailureCode { code, result, blame, meaning, remedy: "A | B." };
    let codes = [
        code("rejected", FailureResult::DeadLetter, Some(Blame::Deployment), "It is rejected."),
        code("wrong", FailureResult::DeadLetter, Some(Blame::Record), "It is wrong."),
        code("down", FailureResult::Retry, Some(Blame::Deployment), "It is down."),
        code("rejected", FailureResult::DeadLetter, Some(Blame::Record), "Or the record is too large."),
    ];
    let expected = "\
| `rejected` | dead letter | It is rejected. Or the record is too large. Many in a row stop the partition. | A \\| B. |
| `wrong` | dead letter | It is wrong. | A \\| B. |
| `down` | retry | It is down. | A \\| B. |
";
    assert!(code_table(&codes).ends_with(expected), "{}", code_table(&codes));
}
