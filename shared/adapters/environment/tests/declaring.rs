//! Declaring: what would be made of the variables, without any.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use environment::{
    Configuration, Env, FromVariable, Problems, Resource, Secret, Table, bucket, list, number, one_of, queue, secret,
    table, text, url,
};

#[test]
fn nothing_is_a_problem_where_variables_are_only_declared() {
    let (sum, variables) = Env::declare(|env| {
        let number = env.required("N", "", number(1..=9));
        env.refuse("N", "is not liked");
        let bad = env.default("M", "", environment::number(1..=9), "10");
        number + bad
    });
    assert_eq!((sum, variables.len()), (2, 2));
}

#[test]
fn a_stand_in_tells_its_variable() {
    let ((), _) = Env::declare(|env| {
        assert_eq!(env.required("SENDER", "", text()), "${SENDER}");
        assert_eq!(env.required("API", "", url()), "${API}");
        assert_eq!(env.required("NAMES", "", list(text())), ["${NAMES}"]);
        let table = env.required("ORDERS_TABLE", "", table());
        assert_eq!((table.variable(), table.name()), ("ORDERS_TABLE", "${ORDERS_TABLE}"));
        assert_eq!(env.required("QUEUE_URL", "", queue()).url(), "${QUEUE_URL}");
        assert_eq!(env.required("BUCKET", "", bucket()).name(), "${BUCKET}");
    });
}

#[test]
fn what_may_be_left_out_is_declared_as_though_it_were_there() {
    let ((), variables) = Env::declare(|env| {
        assert_eq!(env.optional("TABLE", "", table()).unwrap().name(), "${TABLE}");
        assert_eq!(env.required_when(false, "MODE=live", "SENDER", "", text()).unwrap(), "${SENDER}");
        assert!(env.optional("PASSWORD", "", secret()).is_some());
    });
    assert_eq!(variables.iter().map(|v| v.name).collect::<Vec<_>>(), ["TABLE", "SENDER", "PASSWORD"]);
}

#[test]
fn a_default_is_declared_as_it_is_unless_its_variable_can_be_told() {
    let ((), _) = Env::declare(|env| {
        assert_eq!(env.default("RATE", "", number(1..=500), "10"), 10);
        assert_eq!(env.default("MODE", "", one_of([("live", 1), ("log", 2)]), "log"), 2);
        assert_eq!(env.default("SOURCE", "", text(), "/profiles"), "${SOURCE}");
    });
}

#[test]
fn a_variable_says_which_resource_fills_it() {
    let (_, variables) = Env::declare(|env| {
        env.required("TABLE", "", table());
        env.required("QUEUE", "", queue());
        env.required("BUCKET", "", bucket().example("letters"));
        env.required("TABLES", "", list(table()));
        env.required("TEXT", "", text());
    });
    let resources: Vec<_> = variables.iter().map(|v| v.resource).collect();
    let (table, queue, bucket) = (Some(Resource::Table), Some(Resource::Queue), Some(Resource::Bucket));
    assert_eq!(resources, [table, queue, bucket, table, None]);
    // They are written like any text and any address.
    assert_eq!(variables[0].expected, "single-line text");
    assert_eq!(variables[1].expected, "http or https URL without user or password");
    assert_eq!(variables[2].example, "letters");
}

#[test]
fn a_resource_remembers_its_variable() {
    let env = Env::from_pairs([("CLAIMS", " claims "), ("QUEUE", "sqs")]);
    let claims = env.read(|env| env.required("CLAIMS", "", table())).unwrap();
    assert_eq!((claims.variable(), claims.name()), ("CLAIMS", "claims"));
    let wrong = env.read(|env| env.required("QUEUE", "", queue())).unwrap_err();
    assert!(wrong.to_string().contains("QUEUE is not a URL"), "{wrong}");
}

#[test]
fn parts_read_one_after_the_other_report_their_problems_together() {
    let env = Env::from_pairs([("A", "x"), ("B", "2")]);
    let one = env.attempt(|env| env.required("A", "First.", number(1..=9)));
    let other = env.attempt(|env| (env.required("B", "", number(1..=9)), env.required("C", "Third.", text())));
    assert_eq!(other.value.0, 2);
    let read = one.variables.len() + other.variables.len();
    let problems = Problems::of([one.problems, other.problems].concat(), read).unwrap();
    assert_eq!(problems.iter().map(|p| p.variable()).collect::<Vec<_>>(), ["A", "C"]);
    assert!(problems.to_string().starts_with("2 problems in 3 environment variables:\n\nA is `x`"), "{problems}");
    assert_eq!(Problems::of(Vec::new(), 3), None);
}

struct Config {
    table: Table,
    secret: Secret,
    count: u16,
}

impl Configuration for Config {
    fn read(env: &mut environment::Reader<'_>) -> Self {
        Config {
            table: env.required("TABLE", "", Table::kind()),
            secret: env.required("TOKEN", "", Secret::kind()),
            count: env.default("COUNT", "", u16::kind(), "3"),
        }
    }
}

#[test]
fn a_configuration_reads_itself() {
    let config = Env::from_pairs([("TABLE", "t"), ("TOKEN", "s")]).read(Config::read).unwrap();
    assert_eq!((config.table.name(), &*config.secret.expose(), config.count), ("t", "s", 3));
    assert_eq!(Env::describe(<()>::read), []);
}

#[test]
fn types_know_their_kind() {
    fn reads<T: FromVariable>(value: &str) -> Option<T> {
        Env::from_pairs([("V", value)]).read(|env| env.required("V", "", T::kind())).ok()
    }
    assert_eq!(reads::<String>("a").as_deref(), Some("a"));
    assert_eq!(reads::<bool>("true"), Some(true));
    assert_eq!((reads::<u16>("65535"), reads::<u16>("65536")), (Some(u16::MAX), None));
    assert_eq!((reads::<u32>("0"), reads::<u32>("-1")), (Some(0), None));
    assert_eq!((reads::<u64>("18446744073709551615"), reads::<usize>("7")), (Some(u64::MAX), Some(7)));
    assert_eq!(reads::<i64>("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(reads::<jiff::Timestamp>("1970-01-01T00:00:00Z"), Some(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(reads::<topic_names::KafkaTopic>("desk.ticket.opened").unwrap().as_str(), "desk.ticket.opened");
    assert_eq!(reads::<environment::Bucket>("b").unwrap().name(), "b");
}
