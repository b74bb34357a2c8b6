//! Checks `shared/core/event-runtime/SCENARIOS.md`: its diagrams, writes, log lines and metrics must be those of actual
//! runs.
//!
//! `make scenarios` rewrites the page's blocks; this test fails if they differ from the runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};

use event_runtime::{BatchReport, Order};
use simulation::{Actor, Answer, Fates, Record, Run, Schedule, Site, Step, Verb, What, World, diagram, run};
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/core/event-runtime/SCENARIOS.md");

fn one(verb: Verb) -> World {
    World::plain(vec![vec![Record { verb, key: Some(0), subject: 0 }]])
}

fn at(delivery: u32, what: What, nth: u32, fate: u32) -> (Site, u32) {
    (Site { delivery, what, nth }, fate)
}

/// The first await point of the first delivery at which a fault gives the wanted story.
fn at_await_point(fate: u32, more: &[(Site, u32)], world: &World, wanted: impl Fn(&[Step]) -> bool) -> Schedule {
    (0..60)
        .map(|nth| Schedule(more.iter().copied().chain([at(1, What::Await, nth, fate)]).collect()))
        .find(|schedule| wanted(&run(world, Fates::scheduled(schedule.clone()), true).story))
        .unwrap()
}

fn calls(story: &[Step], to: Actor, text: &str, answer: &str) -> bool {
    story.iter().any(|step| {
        let says = matches!(&step.answer, Answer::Received(said) if said.starts_with(answer));
        step.from == Actor::Worker(1) && step.to == to && step.text.starts_with(text) && says
    })
}

/// The scenarios, by the names of their blocks.
fn scenarios() -> Vec<(&'static str, World, Schedule)> {
    let send = one(Verb::Send);
    let all_well = Schedule::default();
    let redelivered = Schedule([at(1, What::Commit, 0, 1)].into());
    let claimed = |story: &[Step]| calls(story, Actor::Claims, "claim", "claimed");
    let sent = |story: &[Step]| calls(story, Actor::Service, "send", "done");
    let attended = World { operator: true, ..send.clone() };
    let before = at_await_point(1, &[], &send, |story| claimed(story) && !sent(story));
    let after = at_await_point(1, &[], &send, |story| sent(story) && !calls(story, Actor::Claims, "complete", ""));
    let shared = World { pollers: 2, ..send.clone() };
    let moved = at(1, What::Rebalance, 0, 1);
    let stale = at_await_point(2, &[moved], &shared, |story| calls(story, Actor::Claims, "", "refused"));
    let flood = World {
        fixed_after: 1,
        ..World::plain(vec![vec![Record { verb: Verb::Mismatch, key: Some(0), subject: 0 }; 12]])
    };
    let keys = (0..12).map(|key| Record { verb: Verb::Send, key: Some(key), subject: 0 }).collect();
    let by_key = Order::Key { in_flight: NonZeroUsize::MIN.saturating_add(15) };
    let many_keys = World { order: by_key, ..World::plain(vec![keys]) };
    vec![
        ("all-well", send.clone(), all_well.clone()),
        ("all-well-conditional", one(Verb::Version), all_well.clone()),
        ("duplicate", send.clone(), redelivered.clone()),
        ("duplicate-conditional", one(Verb::Version), redelivered),
        ("crash-before", attended.clone(), before),
        ("crash-after", attended.clone(), after),
        ("stale-owner", shared, stale),
        ("lost-answer-store", send.clone(), Schedule([at(1, What::Write, 0, 4)].into())),
        ("lost-answer-effect", attended, Schedule([at(1, What::Effect, 0, 3)].into())),
        ("throttle", send.clone(), Schedule([at(1, What::Effect, 0, 1)].into())),
        ("deadline", send, Schedule([at(1, What::Deadline, 0, 2500)].into())),
        (
            "poison",
            World::plain(vec![vec![Record { verb: Verb::Garbage, key: Some(0), subject: 0 }]]),
            all_well.clone(),
        ),
        ("outage", many_keys, Schedule([at(1, What::Write, 0, 5)].into())),
        ("flood", flood, all_well),
    ]
}

/// Log lines as an operator filters them, with how often each was written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<BTreeMap<String, usize>>>);

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields { message, code } = fields;
        let line = format!("{} \"{message}\" error_code={code}", event.metadata().level());
        *self.0.lock().unwrap().entry(line).or_default() += 1;
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    code: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "error_code" => self.code = format!("{value:?}").trim_matches('"').to_owned(),
            _ => {}
        }
    }
}

/// The metrics that telemetry writes for these reports, summed, without totals and durations.
fn metrics(reports: &[BatchReport]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for document in reports.iter().flat_map(|report| event_functions::telemetry::batch_metrics("f", report, 0)) {
        let dimension = ["SkipReason", "ErrorCode"].into_iter().find_map(|name| Some((name, document[name].as_str()?)));
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
            let (name, unit) = (metric["Name"].as_str().unwrap(), metric["Unit"].as_str().unwrap());
            let counted_by_code = ["RecordsParked", "RecordsSkipped", "RecordsUnfinished"].contains(&name);
            if unit != "Count" || name == "Records" || (counted_by_code && dimension.is_none()) {
                continue;
            }
            let name = dimension.map_or(name.to_owned(), |(key, value)| format!("{name}{{{key}={value}}}"));
            *sums.entry(name).or_default() += document[metric["Name"].as_str().unwrap()].as_u64().unwrap();
        }
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}

/// Leaves out the middle of repeated steps.
fn abridged(story: &[Step]) -> Vec<Step> {
    let shape = |step: &Step| {
        let text = step.text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
        (step.from, step.to, text, step.answer.clone())
    };
    let mut short = Vec::new();
    for alike in story.chunk_by(|one, next| shape(one) == shape(next)) {
        match alike {
            [first, .., last] if alike.len() > 3 => {
                let dots = Step { to: first.from, text: format!("{} more alike", alike.len() - 2), ..first.clone() };
                short.extend([first.clone(), Step { answer: Answer::None, ..dots }, last.clone()]);
            }
            _ => short.extend_from_slice(alike),
        }
    }
    short
}

fn block(result: &Run, lines: &BTreeMap<String, usize>) -> String {
    let mut text = format!("```mermaid\n{}```\n\n", diagram(&abridged(&result.story)));
    let listed = |counts: Vec<String>| if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    let times = |count: usize| if count == 1 { String::new() } else { format!(" ({count} times)") };
    let logs = listed(lines.iter().map(|(line, count)| format!("`{line}`{}", times(*count))).collect());
    let counted = listed(metrics(&result.reports).iter().map(|(name, sum)| format!("`{name}` {sum}")).collect());
    let _ = write!(
        text,
        "| | |\n|---|---|\n| writes to the claims table | {} |\n| conditional writes of the effect | {} |\n| letters | {} |\n| deliveries | {} |\n| log | {logs} |\n| metrics | {counted} |\n",
        result.claim_writes, result.effect_writes, result.letters, result.deliveries,
    );
    text
}

#[test]
fn the_page_of_scenarios_shows_what_happens() {
    let mut page = std::fs::read_to_string(Path::new(PAGE)).unwrap();
    let written = page.clone();
    for (name, world, schedule) in scenarios() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        let result = tracing::subscriber::with_default(subscriber, || run(&world, Fates::scheduled(schedule), true));
        assert_eq!(result.violation, None, "{name}");
        let block = block(&result, &lines.0.lock().unwrap());
        let (from, to) = (format!("<!-- run: {name} -->\n"), "<!-- end -->");
        let (head, rest) = page.split_once(&from).unwrap_or_else(|| panic!("the page has no block {name}"));
        let (_, tail) = rest.split_once(to).unwrap();
        page = format!("{head}{from}{block}{to}{tail}");
    }
    if std::env::var_os("WRITE_SCENARIOS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
        return;
    }
    assert!(
        page == written,
        "SCENARIOS.md differs from the runs: rewrite it with `make scenarios`, and check the change"
    );
}
