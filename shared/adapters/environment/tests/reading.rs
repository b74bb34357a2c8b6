//! Reading variables: what is accepted, what is refused, and with which words.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::time::Duration;

use environment::{
    Env, Kind, Necessity, Problems, boolean, list, milliseconds, number, one_of, secret, text, time, topic, url,
};

/// Reads one required variable `V`.
fn read<T>(value: &str, kind: Kind<T>) -> Result<T, String> {
    let read = Env::from_pairs([("V", value)]).read(|env| env.required("V", "A value.", kind));
    read.map_err(|problems| problems.iter().map(|p| p.wrong().to_owned()).collect())
}

fn everything(env: &Env) -> Result<(), Problems> {
    env.read(|env| {
        env.required("TABLE", "Table of claims.", text().example("claims"));
        env.required("QUEUE_URL", "Queue of dead letters.", url());
        let mode = env.required("MODE", "What becomes of a mail.", one_of([("live", 1), ("allowlist", 2)]));
        env.required_when(mode == 2, "MODE=allowlist", "ALLOWLIST", "Who may get mail.", list(text()));
        env.default("RATE", "Mails a second.", number(1..=500_u32), "10");
        env.optional("PASSWORD", "Password of the registry.", secret());
        env.optional("START", "Older rows get no mail.", time());
    })
}

#[test]
fn all_problems_are_reported_at_once_with_what_is_expected() {
    let env = Env::from_pairs([("MODE", "allowlist"), ("RATE", "501"), ("PASSWORD", "hunter2\nx"), ("START", "soon")]);
    let problems = everything(&env).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "\
6 problems in 7 environment variables:

TABLE is not set
  meaning   Table of claims.
  expected  single-line text
  example   TABLE=claims

QUEUE_URL is not set
  meaning   Queue of dead letters.
  expected  http or https URL without user or password
  example   QUEUE_URL=https://example.com

ALLOWLIST is not set, but is required when MODE=allowlist
  meaning   Who may get mail.
  expected  comma-separated list of: single-line text
  example   ALLOWLIST=some-name

RATE is `501`, which is out of range
  meaning   Mails a second.
  expected  number from 1 to 500
  example   RATE=1

PASSWORD contains a control character or a line break
  meaning   Password of the registry.
  expected  secret text
  example   PASSWORD=(not shown)

START is `soon`, which is not an RFC 3339 time with an offset
  meaning   Older rows get no mail.
  expected  RFC 3339 time with an offset
  example   START=2026-01-31T08:00:00Z"
    );
}

#[test]
fn a_secret_is_shown_nowhere() {
    let read = Env::from_pairs([("P", "hunter2")]).read(|env| env.required("P", "", secret())).unwrap();
    assert_eq!(&*read.expose(), "hunter2");
    assert!(!format!("{read:?}").contains("hunter2"));

    let leaks = [
        read_debug("hunter2\u{7}", secret()),
        read_debug("https://me:hunter2@example.com", url()),
        read_debug("hunter2:", url()),
        read_debug("a,hunter2\u{7}", list(secret())),
    ];
    for told in leaks {
        assert!(!told.contains("hunter2"), "{told}");
    }
}

fn read_debug<T>(value: &str, kind: Kind<T>) -> String {
    let problems = Env::from_pairs([("V", value)]).read(|env| env.required("V", "", kind)).err().unwrap();
    format!("{problems} {problems:?}")
}

#[test]
fn an_empty_value_counts_as_not_set() {
    let env = Env::from_pairs([("A", ""), ("B", "  "), ("C", "")]);
    let read = env.read(|env| (env.optional("A", "", text()), env.default("B", "", number(1..=9), "3")));
    assert_eq!(read.unwrap(), (None, 3));
    assert_eq!(env.read(|env| env.required("C", "", text())).unwrap_err().iter().next().unwrap().wrong(), "is not set");
}

#[test]
fn a_default_that_its_own_kind_refuses_is_a_problem() {
    let problems = Env::from_pairs::<&str, &str>([]).read(|env| env.default("N", "", number(1..=9), "10")).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().wrong(), "has an invalid default: it is `10`, which is out of range");
}

#[test]
fn a_problem_between_variables_is_reported_like_any_other() {
    let env = Env::from_pairs([("LOW", "5"), ("HIGH", "3")]);
    let problems = env
        .read(|env| {
            let low = env.required("LOW", "Lower end.", number(0..=9));
            let high = env.required("HIGH", "Upper end.", number(0..=9));
            if low > high {
                env.refuse("HIGH", "is below LOW");
            }
        })
        .unwrap_err();
    assert!(problems.to_string().contains("HIGH is below LOW\n  meaning   Upper end."));
}

#[test]
fn milliseconds_are_whole_and_in_their_range() {
    assert_eq!(read("250", milliseconds(1..=1000)), Ok(Duration::from_millis(250)));
    for value in ["0", "1001", "1s", "1.5", "-1"] {
        assert!(read(value, milliseconds(1..=1000)).is_err(), "{value}");
    }
}

#[test]
fn booleans_are_true_or_false_and_nothing_looser() {
    assert_eq!(read("true", boolean()), Ok(true));
    assert_eq!(read("false", boolean()), Ok(false));
    for value in ["1", "yes", "on", "True", "FALSE"] {
        assert_eq!(read(value, boolean()), Err(format!("is `{value}`, which is not one of the choices")));
    }
}

#[test]
fn numbers_stay_in_their_range() {
    assert_eq!(read("500", number(1..=500)), Ok(500));
    assert_eq!(read("0.5", number(0.0..=1.0)), Ok(0.5));
    assert!(read("NaN", number(0.0..=1.0)).is_err());
    for value in ["0", "501"] {
        assert_eq!(read(value, number(1..=500)), Err(format!("is `{value}`, which is out of range")));
    }
    for value in ["ten", "1e2", "99999999999999999999"] {
        assert_eq!(read(value, number(1..=500)), Err(format!("is `{value}`, which is not a valid number")));
    }
}

#[test]
fn a_long_or_strange_value_cannot_forge_a_line() {
    assert_eq!(
        read("live\n{\"level\":\"INFO\"}", one_of([("live", 1)])),
        Err("is `live\\n{\\\"level\\\":\\\"INFO\\\"}`, which is not one of the choices".into())
    );
    let told = read(&"x".repeat(10_000), boolean()).unwrap_err();
    assert!(told.len() < 100, "{told}");
}

#[test]
fn a_list_has_at_least_one_item_and_no_empty_one() {
    assert_eq!(read("a, b ,c", list(text())), Ok(vec!["a".into(), "b".into(), "c".into()]));
    assert_eq!(read("a,b,", list(text())), Ok(vec!["a".into(), "b".into()]));
    assert_eq!(read("a,,c", list(text())), Err("has an empty item 2".into()));
    assert_eq!(read(",", list(text())), Err("has an empty item 1".into()));
    assert_eq!(read("1,x", list(number(1..=9))), Err("has an item 2 that is `x`, which is not a valid number".into()));
}

#[test]
fn urls_are_passed_on_as_written() {
    assert_eq!(read("http://127.0.0.1:4566", url()), Ok("http://127.0.0.1:4566".into()));
    assert_eq!(
        read("https://sqs.eu-central-1.amazonaws.com/1/q", url()),
        Ok("https://sqs.eu-central-1.amazonaws.com/1/q".into())
    );
    assert_eq!(read("ftp://example.com", url()), Err("is neither an http nor an https URL".into()));
    assert_eq!(read("https://a:b@example.com", url()), Err("contains a user or password".into()));
    assert!(read("localhost:8081", url()).is_err());
    assert!(read("https://", url()).is_err());
}

#[test]
fn times_name_their_offset() {
    assert_eq!(read("2026-01-31T09:00:00+01:00", time()), Ok("2026-01-31T08:00:00Z".parse().unwrap()));
    for value in ["2026-01-31", "2026-01-31T09:00:00", "1769846400"] {
        assert!(read(value, time()).is_err(), "{value}");
    }
}

#[cfg(unix)]
#[test]
fn a_process_variable_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStringExt;

    // The variables of a process can only be set from outside it, so this test runs itself once more.
    let garbage = std::ffi::OsString::from_vec(vec![0xff, 0xfe]);
    let told = Env::from_process().read(|env| env.required("ENV_CONFIG_GARBAGE", "", text()));
    match std::env::var_os("ENV_CONFIG_GARBAGE") {
        Some(_) => assert_eq!(told.unwrap_err().iter().next().unwrap().wrong(), "is not UTF-8 text"),
        None => {
            let again = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "a_process_variable_that_is_not_text_is_named"])
                .env("ENV_CONFIG_GARBAGE", garbage)
                .output()
                .unwrap();
            assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
        }
    }
}

#[test]
fn the_table_lists_the_variables_although_none_is_set() {
    let variables = Env::describe(|env| {
        env.required("MODE", "What becomes of a mail.", one_of([("live", 1), ("log", 2)]));
        env.required_when(false, "MODE=log", "FILE", "Where to.", text());
        env.default("RATE", "Mails a second.", number(1..=500), "10");
        env.optional("PASSWORD", "Password.", secret());
    });
    let told = variables.iter().map(|v| (v.name, v.necessity, v.secret)).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            ("MODE", Necessity::Required, false),
            ("FILE", Necessity::RequiredWhen("MODE=log"), false),
            ("RATE", Necessity::Default("10"), false),
            ("PASSWORD", Necessity::Optional, true),
        ]
    );
    assert_eq!(
        environment::markdown(&variables),
        "\
| variable | type | default | description |
|---|---|---|---|
| `MODE` | one of live, log | required | What becomes of a mail. |
| `FILE` | single-line text | required when MODE=log | Where to. |
| `RATE` | number from 1 to 500 | `10` | Mails a second. |
| `PASSWORD` | secret text | none | Password. |
"
    );
}

#[test]
fn a_topic_is_what_kafka_takes_and_is_not_repeated_when_refused() {
    // An environment may call a topic by a name of its own.
    for name in ["cdc.postgres.public.tickets", "staging.support.ticket.Closed"] {
        assert_eq!(read(name, topic()).unwrap().as_str(), name);
    }
    let wrong = read("support/ticket", topic()).unwrap_err();
    assert!(wrong.starts_with("is not a topic's name: a topic's name has 1 to 249 letters"), "{wrong}");
    assert!(!wrong.contains("support"), "{wrong}");
}

#[test]
fn a_former_name_that_is_still_set_is_a_problem_and_no_variable() {
    let build = |env: &mut environment::Reader<'_>| {
        env.renamed("ORDERS_EPOCH", "VERSION_EPOCH");
        env.default("VERSION_EPOCH", "Raise it by one.", number(0..=9), "0")
    };
    let read = |pairs: &[(&'static str, &'static str)]| Env::from_pairs(pairs.iter().copied()).read(build);
    // An empty value counts as left out.
    assert_eq!(read(&[("VERSION_EPOCH", "3"), ("ORDERS_EPOCH", "")]), Ok(3));
    for pairs in [&[("ORDERS_EPOCH", "3")][..], &[("ORDERS_EPOCH", "3"), ("VERSION_EPOCH", "3")]] {
        let told = read(pairs).unwrap_err().to_string();
        let renamed = "ORDERS_EPOCH was renamed to VERSION_EPOCH: set VERSION_EPOCH instead";
        assert_eq!(told, format!("1 problem in 1 environment variables:\n\n{renamed}"));
    }
    let names: Vec<_> = Env::describe(build).iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["VERSION_EPOCH"]);
}
