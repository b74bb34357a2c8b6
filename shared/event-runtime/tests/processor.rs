//! What the processor promises, with in-memory ports and paused time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_runtime::testing::{ManualClock, MemoryClaims, MemoryDeadLetters};
use event_runtime::{
    BatchReport, Claim, ClaimKey, Claims, Deadline, Disposition, Effect, Failure, Fault, Intent, Invocation, Order,
    Outcome, Processor, RawRecord, RecordHandler, Settings, Stage, UnixMillis,
};
use serde_json::json;

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// A record's value tells the handler what to do: `<verb>:<account>`.
#[derive(Clone, Default)]
struct Scripted {
    effects: Arc<Mutex<Vec<String>>>,
    tries: Arc<Mutex<BTreeMap<String, u32>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the script says {0}")]
struct Says(&'static str);

impl Failure for Says {
    fn disposition(&self) -> Disposition {
        match self.0 {
            "rejected" => Disposition::DeadLetter,
            "answer_lost" => Disposition::Uncertain,
            _ => Disposition::Retry { after: None },
        }
    }
    fn code(&self) -> &'static str {
        self.0
    }
}

impl RecordHandler for Scripted {
    type Event<'de> = (&'de str, &'de str);

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Event<'de>, Fault> {
        let text = std::str::from_utf8(record.value.unwrap_or(b"skip:tombstone")).unwrap();
        match text.split_once(':') {
            Some(("undecodable", _)) | None => Err(Fault::new(Stage::Decode, Says("rejected"))),
            Some(("unreadable_panic", _)) => panic!("a defect"),
            Some(event) => Ok(event),
        }
    }

    fn intent(&self, (verb, account): &Self::Event<'_>) -> Result<Intent, Fault> {
        match *verb {
            "skip" => Ok(Intent::Skip("on_purpose")),
            "conditional" => Ok(Intent::Conditional),
            _ => Ok(Intent::Claimed(ClaimKey::new("welcome", account)?.into())),
        }
    }

    async fn handle(&self, (verb, account): &Self::Event<'_>) -> Result<Effect, Fault> {
        let tries = {
            let mut tries = self.tries.lock().unwrap();
            let tries = tries.entry((*account).to_owned()).or_default();
            *tries += 1;
            *tries
        };
        match *verb {
            "throttled_once" if tries == 1 => return Err(Says("throttled").into()),
            "throttled" => return Err(Says("throttled").into()),
            "rejected" => return Err(Says("rejected").into()),
            "answer_lost" => {
                self.effects.lock().unwrap().push((*account).to_owned());
                return Err(Says("answer_lost").into());
            }
            "slow" => tokio::time::sleep(Duration::from_millis(20)).await,
            "hangs" => std::future::pending().await,
            "panics" => panic!("a defect"),
            _ => {}
        }
        let effect = if *verb == "conditional" { format!("{account} again") } else { (*account).to_owned() };
        self.effects.lock().unwrap().push(effect);
        Ok(Effect::Done)
    }
}

struct World {
    handler: Scripted,
    clock: ManualClock,
    claims: MemoryClaims,
    letters: MemoryDeadLetters,
    processor: Processor<Scripted>,
}

impl World {
    fn new() -> Self {
        World::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let (handler, clock) = (Scripted::default(), ManualClock::at(NOW));
        let claims = MemoryClaims::new(Arc::new(clock.clone()));
        let letters = MemoryDeadLetters::default();
        let processor = Processor::new(handler.clone(), Arc::new(claims.clone()), Arc::new(letters.clone()), settings)
            .with_clock(Arc::new(clock.clone()));
        World { handler, clock, claims, letters, processor }
    }

    async fn deliver(&self, lanes: &[(&str, &[&str])]) -> BatchReport {
        self.deliver_within(lanes, Deadline::unknown()).await
    }

    async fn deliver_within(&self, lanes: &[(&str, &[&str])], deadline: Deadline) -> BatchReport {
        let records: serde_json::Map<_, _> = lanes
            .iter()
            .map(|(lane, values)| {
                let records = values.iter().enumerate().map(|(offset, value)| {
                    // A record's key is the account it is about.
                    let key = value.split_once(':').map(|(_, account)| base64_simd::STANDARD.encode_to_string(account));
                    let value = base64_simd::STANDARD.encode_to_string(value);
                    json!({"topic": "accounts", "partition": 0, "offset": offset, "timestamp": NOW.0,
                           "timestampType": "CREATE_TIME", "key": key, "value": value, "headers": []})
                });
                ((*lane).to_owned(), records.collect())
            })
            .collect();
        let body = json!({"eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:cluster", "records": records});
        let invocation = Invocation {
            request_id: "8476a536".to_owned(),
            function: "send-welcome-email".to_owned(),
            function_version: "1".to_owned(),
            deadline,
        };
        self.processor.process(body.to_string().as_bytes(), &invocation).await.unwrap()
    }

    fn effects(&self) -> Vec<String> {
        self.handler.effects.lock().unwrap().clone()
    }

    async fn claim(&self, account: &str) -> Claim {
        let key = ClaimKey::new("welcome", account).unwrap();
        self.claims.claim(&key.into(), Duration::from_secs(15)).await.unwrap()
    }
}

fn outcomes(report: &BatchReport) -> Vec<(Outcome, usize)> {
    report.outcomes.iter().map(|(outcome, count)| (*outcome, *count)).collect()
}

fn unfinished(report: &BatchReport) -> serde_json::Value {
    serde_json::to_value(&report.unfinished).unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_account_takes_effect_once_however_often_it_is_delivered() {
    let world = World::new();
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["send:a", "skip:x", "send:b", "send:a"])];
    let first = world.deliver(batch).await;
    assert_eq!(outcomes(&first), [(Outcome::Done, 2), (Outcome::Duplicate, 1), (Outcome::Skipped("on_purpose"), 1)]);
    let second = world.deliver(batch).await;
    assert_eq!(outcomes(&second), [(Outcome::Duplicate, 3), (Outcome::Skipped("on_purpose"), 1)]);
    assert_eq!(world.effects(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_effect_is_tried_again_within_the_invocation() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["throttled_once:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1)]);
    assert_eq!(report.retries, 1);
}

#[tokio::test(start_paused = true)]
async fn what_stays_throttled_is_reported_with_everything_behind_it_and_leaves_its_claim_free() {
    let world = World::new();
    let report =
        world.deliver(&[("accounts-0", &["send:a", "throttled:b", "send:c"]), ("accounts-1", &["send:d"])]).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Done, 2), (Outcome::Unfinished("lane_stopped"), 1), (Outcome::Unfinished("throttled"), 1)]
    );
    assert_eq!(
        unfinished(&report),
        json!({"batchItemFailures": [
            {"itemIdentifier": {"partition": "accounts-0", "offset": 1}},
            {"itemIdentifier": {"partition": "accounts-0", "offset": 2}}]})
    );
    assert!(matches!(world.claim("b").await, Claim::Claimed(_)));
    assert!(world.letters.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_costs_one_dead_letter_and_the_lane_goes_on() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["rejected:a", "undecodable:x", "send:b"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::Parked("rejected"), 2)]);
    let letters = world.letters.letters();
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| !letter.error.uncertain && letter.raw.value.is_some()));
    assert!(matches!(world.claim("a").await, Claim::Parked(Some(_))));
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_effect_is_parked_and_never_repeated() {
    for verb in ["answer_lost:a", "hangs:a", "panics:a"] {
        let world = World::new();
        let report = world.deliver(&[("accounts-0", &[verb])]).await;
        assert_eq!(report.unfinished_records(), 0, "{verb}");
        assert!(world.letters.letters()[0].error.uncertain, "{verb}");
        let again = world.deliver(&[("accounts-0", &[verb])]).await;
        assert_eq!(outcomes(&again), [(Outcome::Duplicate, 1)], "{verb}");
        assert_eq!(world.letters.letters().len(), 1, "{verb}");
        assert_eq!(world.handler.tries.lock().unwrap()["a"], 1, "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_a_dead_worker_left_is_parked_once() {
    let world = World::new();
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)));
    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("effect_uncertain"), 1)]);
    let again = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&again), [(Outcome::Duplicate, 1)]);
    assert_eq!(world.letters.letters().len(), 1);
    assert!(world.effects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_another_worker_holds_is_reported_not_parked() {
    let world = World::new();
    assert!(matches!(world.claim("a").await, Claim::Claimed(_)));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claim_held"), 1)]);
    assert!(world.letters.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_dead_letter_the_record_stays_owed() {
    let world = World::new();
    world.letters.set_down(true);
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["rejected:a", "send:b"])];
    let report = world.deliver(batch).await;
    assert_eq!(
        outcomes(&report),
        [(Outcome::Unfinished("dead_letters_unavailable"), 1), (Outcome::Unfinished("lane_stopped"), 1)]
    );
    assert!(world.effects().is_empty());

    world.letters.set_down(false);
    let report = world.deliver(batch).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::Parked("rejected"), 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_uncertain_effect_without_a_dead_letter_is_not_repeated_either() {
    let world = World::new();
    world.letters.set_down(true);
    let report = world.deliver(&[("accounts-0", &["answer_lost:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("dead_letters_unavailable"), 1)]);

    world.letters.set_down(false);
    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["answer_lost:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("effect_uncertain"), 1)]);
    assert_eq!(world.effects(), ["a"], "sent once, although nobody could write that down");
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_cannot_be_recorded_is_owed_and_not_repeated() {
    let world = World::new();
    for _ in 0..10 {
        world.claims.fail_next("complete");
    }
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Unfinished("claim_unsettled"), 1)]);
    assert_eq!(world.effects(), ["a"]);

    world.clock.advance(Duration::from_secs(60));
    let report = world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("effect_uncertain"), 1)]);
    assert_eq!(world.effects(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn no_effect_starts_that_might_not_end_within_the_invocation() {
    let world = World::new();
    let needed = Settings::default().effect_timeout + Settings::default().settle_reserve;
    let batch: &[(&str, &[&str])] = &[("accounts-0", &["skip:x", "send:a"])];
    let late = world.deliver_within(batch, Deadline::within(needed - Duration::from_millis(1))).await;
    assert_eq!(outcomes(&late), [(Outcome::Skipped("on_purpose"), 1), (Outcome::Unfinished("deadline_near"), 1)]);
    assert!(world.effects().is_empty());

    let in_time = world.deliver_within(batch, Deadline::within(needed)).await;
    assert_eq!(in_time.unfinished_records(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_record() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["unreadable_panic:x", "send:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::Parked("handler_panicked"), 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_is_an_error_never_no_protection() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["send:"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("key_missing"), 1)]);
    assert!(world.effects().is_empty());
}

fn by_key(in_flight: usize) -> Settings {
    Settings { order: Order::Key { in_flight: in_flight.try_into().unwrap() }, ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn ordered_by_key_different_keys_run_together_and_equal_keys_in_turn() {
    let world = World::with(by_key(4));
    let started = tokio::time::Instant::now();
    let report = world.deliver(&[("accounts-0", &["slow:a", "slow:b", "slow:c", "slow:d", "conditional:a"])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 5)]);
    assert!(started.elapsed() < Duration::from_millis(40), "four slow effects ran side by side");
    let effects = world.effects();
    let place = |what: &str| effects.iter().position(|effect| effect == what).unwrap();
    assert!(place("a") < place("a again"), "{effects:?}");
}

#[tokio::test(start_paused = true)]
async fn ordered_by_key_an_unfinished_record_holds_up_its_own_key_only() {
    let world = World::with(by_key(2));
    let report = world.deliver(&[("accounts-0", &["throttled:a", "send:b", "conditional:a", "send:c"])]).await;
    assert_eq!(world.effects(), ["b", "c"]);
    assert_eq!(
        unfinished(&report),
        json!({"batchItemFailures": [
            {"itemIdentifier": {"partition": "accounts-0", "offset": 0}},
            {"itemIdentifier": {"partition": "accounts-0", "offset": 2}}]})
    );
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_down_opens_the_circuit_and_the_rest_is_reported_at_once() {
    let world = World::with(by_key(1));
    let values: Vec<_> = (0..40).map(|n| format!("throttled:{n}")).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(report.unfinished_records(), 40);
    assert!(world.letters.letters().is_empty(), "nothing is parked for a dependency that is down");
    let tries: u32 = world.handler.tries.lock().unwrap().values().sum();
    assert_eq!(tries, 10, "the circuit opened");
}

#[tokio::test(start_paused = true)]
async fn a_broken_deployment_does_not_drain_a_topic_into_the_dead_letters() {
    let world = World::new();
    let values = ["undecodable:x"; 40];
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("rejected"), 10), (Outcome::Unfinished("flood_guard"), 30)]);
}

#[tokio::test]
async fn the_claims_in_memory_hold_the_contract() {
    let clock = ManualClock::at(NOW);
    let claims = MemoryClaims::new(Arc::new(clock.clone()));
    event_runtime::testing::claims_contract(&claims, async || clock.advance(Duration::from_secs(60))).await;
}

#[tokio::test]
async fn the_dead_letters_in_memory_hold_the_contract() {
    let letters = MemoryDeadLetters::default();
    let read = letters.clone();
    event_runtime::testing::dead_letters_contract(&letters, async |id| {
        read.letters().into_iter().filter(|letter| letter.id == *id).collect()
    })
    .await;
}
