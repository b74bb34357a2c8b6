//! Wirings: what a function declares, and how what it declares wrongly is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};

use event_functions::testing::Rows;
use event_functions::{
    AvroRead, Change, ChangeHandler, Claimed, Conditional, Config, Decided, Decision, Effect, Function, Guard,
    KeepNewest, Manifest, Op, Park, Performed, Repeat, Table, item,
};

#[derive(AvroRead)]
struct Ticket {}

#[derive(Config)]
struct Tables {
    /// DynamoDB table of the tickets.
    #[env("TICKETS_TABLE")]
    tickets: Table,
    /// Whether there is a second table.
    #[env("SECOND", default = "false")]
    second: bool,
}

const TOPIC: &str = "cdc.mysql.desk.tickets";

fn kept() -> Function {
    let function = Function::new("index-tickets").changes::<Ticket>(TOPIC);
    function.effect(|config: &Tables, aws| KeepNewest::in_table(aws, &config.tickets, |_| item! {})).schemas_elsewhere()
}

#[test]
fn problems_of_own_shared_and_pattern_variables_come_at_once() {
    let wrong =
        [("SECOND", "perhaps"), ("KEYS_IN_FLIGHT", "0"), ("TOMBSTONE_DAYS", "none"), ("DEAD_LETTER_QUEUE_URL", "")];
    let problems = kept().try_test(&wrong).err().unwrap().to_string();
    let named = ["TICKETS_TABLE", "SECOND", "KEYS_IN_FLIGHT", "TOMBSTONE_DAYS", "DEAD_LETTER_QUEUE_URL"];
    for variable in named {
        assert!(problems.contains(variable), "{variable} is missing in: {problems}");
    }
}

#[test]
fn what_is_taken_only_with_some_values_is_refused() {
    let function = Function::new("index-tickets").changes::<Ticket>(TOPIC).effect(|config: &Tables, aws| {
        if config.second {
            aws.client(&["ses:SendEmail"], "*", |_| ());
        }
        KeepNewest::in_table(aws, &config.tickets, |_| item! {})
    });
    let function = function.schemas_elsewhere();
    let test =
        |second| catch_unwind(AssertUnwindSafe(|| function.test(&[("TICKETS_TABLE", "tickets"), ("SECOND", second)])));
    assert!(test("false").is_ok());
    let panicked = test("true").err().unwrap();
    let said = panicked.downcast_ref::<String>().unwrap();
    let expected =
        "ses:SendEmail on * taken with these variables and not declared without them: take it whatever the values are";
    assert_eq!(said, expected);
}

/// Acts on inserts, under a claim or not.
struct Once<G>(std::marker::PhantomData<fn() -> G>);

/// How a guard decides.
trait Decides: Guard + Sized {
    fn decide(change: &Change<'_, Ticket>) -> Result<Decision<(), Self>, event_functions::Failed>;
}

impl Decides for Conditional {
    fn decide(_: &Change<'_, Ticket>) -> Result<Decision<(), Self>, event_functions::Failed> {
        Ok(Decision::conditional(()))
    }
}

impl<U: event_functions::Uncertain> Decides for Claimed<U> {
    fn decide(change: &Change<'_, Ticket>) -> Result<Decision<(), Self>, event_functions::Failed> {
        Ok(Decision::claimed(change.claim("ticket")?, ()))
    }
}

impl<G: Decides> ChangeHandler for Once<G> {
    type Row = Ticket;
    type Guard = G;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket>) -> Decided<Self> {
        G::decide(&change)
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn once<G: Decides>() -> Function {
    let function = Function::new("mail-tickets").changes::<Ticket>(TOPIC);
    function.effect(|_: &(), _| Once::<G>(std::marker::PhantomData)).schemas_elsewhere()
}

#[test]
fn only_a_claimed_effect_has_a_table_of_claims() {
    let claims = |manifest: &Manifest| {
        let table = manifest.tables.iter().any(|table| table.variable == "CLAIMS_TABLE");
        let variables = ["CLAIMS_TABLE", "CLAIM_SKEW_MS"].map(|name| manifest.variables.iter().any(|v| v.name == name));
        (table, variables)
    };
    assert_eq!(claims(&once::<Conditional>().manifest()), (false, [false, false]));
    assert_eq!(claims(&once::<Claimed<Park>>().manifest()), (true, [true, true]));
    assert_eq!(claims(&once::<Claimed<Repeat>>().manifest()), (true, [true, true]));
    assert_eq!(claims(&kept().manifest()), (false, [false, false]));
}

#[test]
fn a_claimed_effect_happens_once_for_each_row() {
    use event_functions::testing::Outcome;
    let insert = |function: Function| {
        let test = function.test(&[]);
        let tickets = Rows::<Ticket>::of(&test);
        [1, 2].map(|version| tickets.change(Op::Create, "42", version, Some(Ticket {})))
    };
    assert_eq!(insert(once::<Claimed<Park>>()), [Outcome::Done, Outcome::Duplicate]);
    assert_eq!(insert(once::<Conditional>()), [Outcome::Done, Outcome::Done]);
}

#[test]
#[should_panic(expected = "there is no events/topics/cdc.mysql.desk.tickets.json: write the topic's contract")]
fn a_topic_without_schemas_is_refused() {
    let function = Function::new("mail-tickets").changes::<Ticket>(TOPIC);
    function.effect(|_: &(), _| Once::<Conditional>(std::marker::PhantomData)).test(&[]);
}
