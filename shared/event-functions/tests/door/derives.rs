//! The derives as a function uses them: everything that they name lies below `event_functions`.

use std::time::Duration;

use environment::{Env, Necessity, one_of};
use event_functions::{AvroRead, Config, Configuration, Disposition, Failure, Kind, Reader};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Live,
    Allowlist,
}

fn modes() -> Kind<Mode> {
    one_of([("live", Mode::Live), ("allowlist", Mode::Allowlist)])
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn days(days: u32) -> Duration {
    DAY * days
}

#[derive(Debug, PartialEq, Config)]
#[env(check = Settings::fits)]
struct Settings {
    /// DynamoDB table
    /// of the orders.
    ///
    /// It exists.
    #[env("ORDERS_TABLE", example = "orders")]
    table: String,
    /// Who gets mail.
    #[env("MODE", kind = modes(), default = "live")]
    mode: Mode,
    /// Who gets mail in the mode `allowlist`.
    #[env("ALLOWED", kind = list(text()), required_when(mode == Mode::Allowlist, "MODE=allowlist"))]
    allowed: Option<Vec<String>>,
    /// How long an entry is kept.
    #[env("RETENTION_DAYS", kind = number(1..=36_500_u32), map = days)]
    retention: Option<Duration>,
    /// How long a mail may take.
    #[env("TIMEOUT_MS", kind = number(1..=60_000), default = "10", map = |ms: u64| Duration::from_millis(ms))]
    timeout: Duration,
    // A name that the generated code must not be confused by.
    #[env(flatten)]
    env: Nested,
}

#[derive(Debug, PartialEq, Config)]
struct Nested {
    /// The footer.
    #[env("FOOTER")]
    footer: Option<String>,
}

impl Settings {
    fn fits(&self, env: &mut Reader<'_>) {
        if self.retention == Some(13 * DAY) {
            env.refuse("RETENTION_DAYS", "is 13");
        }
    }
}

fn read(values: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let read = Env::from_pairs(values.iter().copied()).read(Settings::read);
    read.map_err(|problems| problems.iter().map(|p| format!("{} {}", p.variable(), p.wrong())).collect())
}

#[test]
fn a_configuration_is_read_from_its_variables() {
    let least = Settings {
        table: "orders".to_owned(),
        mode: Mode::Live,
        allowed: None,
        retention: None,
        timeout: Duration::from_millis(10),
        env: Nested { footer: None },
    };
    assert_eq!(read(&[("ORDERS_TABLE", "orders")]), Ok(least));
    let values = [
        ("ORDERS_TABLE", "orders"),
        ("MODE", "allowlist"),
        ("ALLOWED", "a,b"),
        ("RETENTION_DAYS", "2"),
        ("TIMEOUT_MS", "7"),
        ("FOOTER", "bye"),
    ];
    let all = read(&values).unwrap();
    assert_eq!((all.mode, all.allowed), (Mode::Allowlist, Some(vec!["a".to_owned(), "b".to_owned()])));
    assert_eq!((all.retention, all.timeout), (Some(2 * DAY), Duration::from_millis(7)));
    assert_eq!(all.env.footer.as_deref(), Some("bye"));
}

#[test]
fn problems_are_reported_together_with_those_of_the_check() {
    let problems = read(&[("MODE", "allowlist"), ("RETENTION_DAYS", "13")]).unwrap_err();
    let said =
        ["ORDERS_TABLE is not set", "ALLOWED is not set, but is required when MODE=allowlist", "RETENTION_DAYS is 13"];
    assert_eq!(problems, said);
}

#[test]
fn variables_are_described_by_doc_comments_and_attributes() {
    let variables = Env::describe(Settings::read);
    let names: Vec<_> = variables.iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["ORDERS_TABLE", "MODE", "ALLOWED", "RETENTION_DAYS", "TIMEOUT_MS", "FOOTER"]);
    let table = &variables[0];
    assert_eq!((table.doc, table.example.as_str()), ("DynamoDB table of the orders. It exists.", "orders"));
    let necessities: Vec<_> = variables.iter().map(|variable| variable.necessity).collect();
    let expected = [
        Necessity::Required,
        Necessity::Default("live"),
        Necessity::RequiredWhen("MODE=allowlist"),
        Necessity::Optional,
        Necessity::Default("10"),
        Necessity::Optional,
    ];
    assert_eq!(necessities, expected);
}

#[derive(Debug, AvroRead)]
struct Order<'a> {
    status: Option<&'a str>,
}

#[test]
fn a_row_is_read_by_a_function_that_names_only_the_door() {
    let schema = r#"{"type":"record","name":"Order","fields":[{"name":"status","type":["null","string"]}]}"#;
    let schema = avro_decode::Schema::parse(schema).unwrap();
    let plan = avro_decode::Plan::<Order<'static>>::compile(&schema, &avro_decode::Limits::default()).unwrap();
    assert_eq!(plan.decode(&[2, 4, b'o', b'k']).unwrap().status, Some("ok"));
}

/// The order has no status.
#[derive(Debug, Failure)]
#[failure("the order has no status", dead_letter, code = "status_missing")]
struct NoStatus;

#[test]
fn a_failure_of_a_function_that_names_only_the_door() {
    assert_eq!((NoStatus.code(), NoStatus.disposition()), ("status_missing", Disposition::DeadLetter));
}
