//! A test function that does what its records' values name, with its ports in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_runtime::testing::{ManualClock, MemoryClaims, MemoryDeadLetters};
use event_runtime::{
    BatchReport, Blame, Claim, ClaimKey, Claims, DeadLetters, Deadline, Decider, Decision, Disposition, Effect,
    EffectId, Failed, Failure, Fault, Fingerprint, Intent, Invocation, Order, Outcome, OwnerToken, ParkedUnder,
    Processor, RawRecord, RecordHandler, Resolved, Settings, Stage, UnixMillis,
};
use schema_registry::{Frames, KeyFormat};
use serde_json::json;

/// The pause that a throttled effect asks for.
pub(crate) const ASKED_FOR: Duration = Duration::from_secs(3);

pub(crate) const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// A record's value is what the handler does: `<verb>:<account>`.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) effects: Arc<Mutex<Vec<String>>>,
    pub(crate) tries: Arc<Mutex<BTreeMap<String, u32>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the test asked for the failure {0}")]
struct Says(&'static str);

impl Failure for Says {
    fn disposition(&self) -> Disposition {
        match self.0 {
            "rejected" | "garbled" => Disposition::DeadLetter,
            "answer_lost" => Disposition::Uncertain,
            "asked_to_wait" => Disposition::Retry { after: Some(ASKED_FOR) },
            _ => Disposition::Retry { after: None },
        }
    }
    fn code(&self) -> &'static str {
        self.0
    }
    fn blame(&self) -> Blame {
        if self.0 == "garbled" { Blame::Record } else { Blame::Deployment }
    }
}

impl RecordHandler for Scripted {
    type Read<'de> = (&'de str, &'de str);
    type Work = (String, String);

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        let text = std::str::from_utf8(record.value.unwrap_or(b"skip:tombstone")).unwrap();
        match text.split_once(':') {
            Some(("undecodable", _)) | None => Err(Fault::new(Stage::Decode, Says("rejected"))),
            Some(("garbled", _)) => Err(Fault::new(Stage::Decode, Says("garbled"))),
            Some(("unreadable_panic", _)) => panic!("a defect"),
            Some(("unreadable_yet", _)) => std::future::pending().await,
            Some(event) => Ok(event),
        }
    }

    fn decide(&self, (verb, account): Self::Read<'_>) -> Result<Intent<Self::Work>, Failed> {
        let work = (verb.to_owned(), account.to_owned());
        match verb {
            "skip" => Ok(Intent::Skip("on_purpose")),
            "conditional" | "refused" => Ok(Intent::Conditional(work)),
            "undecided_panic" => panic!("a defect"),
            "pay" => {
                let (account, amount) = account.split_once('=').unwrap();
                let effect = EffectId::new(ClaimKey::new("welcome", account)?);
                Ok(Intent::Claimed(effect.with_fingerprint(Fingerprint::of([("amount", amount)])), work))
            }
            _ => {
                let effect = match account.split_once(" formerly ") {
                    None => ClaimKey::new("welcome", account)?.into(),
                    Some((now, former)) => {
                        EffectId::new(ClaimKey::new("welcome", now)?).formerly(ClaimKey::new("welcome", former)?)
                    }
                };
                Ok(Intent::Claimed(effect, work))
            }
        }
    }

    async fn perform(&self, (verb, account): Self::Work) -> Result<Effect, Failed> {
        let tries = {
            let mut tries = self.tries.lock().unwrap();
            let tries = tries.entry(account.clone()).or_default();
            *tries += 1;
            *tries
        };
        match verb.as_str() {
            "throttled_once" if tries == 1 => return Err(Says("throttled").into()),
            "asked_to_wait" if tries == 1 => return Err(Says("asked_to_wait").into()),
            "rejected_once" | "rejected_then_lost" if tries == 1 => return Err(Says("rejected").into()),
            "answer_lost_once" if tries == 1 => return Err(Says("answer_lost").into()),
            "throttled" => return Err(Says("throttled").into()),
            "rejected" | "refused" => return Err(Says("rejected").into()),
            "answer_lost" | "rejected_then_lost" => {
                self.effects.lock().unwrap().push(account);
                return Err(Says("answer_lost").into());
            }
            "slow" => tokio::time::sleep(Duration::from_millis(20)).await,
            "hangs" => std::future::pending().await,
            "panics" => panic!("a defect"),
            _ => {}
        }
        let effect = if verb == "conditional" { format!("{account} again") } else { account };
        self.effects.lock().unwrap().push(effect);
        Ok(Effect::Done)
    }
}

pub(crate) struct World {
    pub(crate) handler: Scripted,
    pub(crate) clock: ManualClock,
    pub(crate) claims: MemoryClaims,
    pub(crate) letters: MemoryDeadLetters,
    pub(crate) processor: Arc<Processor<Scripted>>,
}

impl World {
    pub(crate) fn new() -> Self {
        World::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        World::behind(settings, |claims| Arc::new(claims))
    }

    /// A world whose processor uses another claims port, made from the claims in memory.
    pub(crate) fn behind(settings: Settings, claims_seen: impl FnOnce(MemoryClaims) -> Arc<dyn Claims>) -> Self {
        World::made_of(settings, claims_seen, |letters| Arc::new(letters))
    }

    /// A world whose processor uses another dead-letters port, made from the letters in memory.
    pub(crate) fn with_dead_letters(letters_seen: impl FnOnce(MemoryDeadLetters) -> Arc<dyn DeadLetters>) -> Self {
        World::made_of(Settings::default(), |claims| Arc::new(claims), letters_seen)
    }

    fn made_of(
        settings: Settings,
        claims_seen: impl FnOnce(MemoryClaims) -> Arc<dyn Claims>,
        letters_seen: impl FnOnce(MemoryDeadLetters) -> Arc<dyn DeadLetters>,
    ) -> Self {
        // Their keys are plain text.
        let frames = Frames { keys: KeyFormat::Text, ..settings.frames };
        let settings = Settings { frames, ..settings };
        let (handler, clock) = (Scripted::default(), ManualClock::at(NOW));
        let (claims, letters) = (MemoryClaims::new(Arc::new(clock.clone())), MemoryDeadLetters::default());
        let (seen, letters_seen) = (claims_seen(claims.clone()), letters_seen(letters.clone()));
        let processor =
            Processor::new(handler.clone(), seen, letters_seen, settings).with_clock(Arc::new(clock.clone()));
        World { handler, clock, claims, letters, processor: Arc::new(processor) }
    }

    pub(crate) async fn deliver(&self, partitions: &[(&str, &[&str])]) -> BatchReport {
        self.deliver_within(partitions, Deadline::unknown()).await
    }

    /// Delivers records with offsets from `offset` on.
    pub(crate) async fn deliver_from(&self, offset: usize, partition: &str, values: &[&str]) -> BatchReport {
        let mut event = event(&[(partition, values)]);
        for (index, record) in event["records"][partition].as_array_mut().unwrap().iter_mut().enumerate() {
            record["offset"] = (offset + index).into();
        }
        self.process(event, Deadline::unknown()).await
    }

    pub(crate) async fn deliver_within(&self, partitions: &[(&str, &[&str])], deadline: Deadline) -> BatchReport {
        self.process(event(partitions), deadline).await
    }

    /// Redrives one record of a letter.
    pub(crate) async fn redrive(&self, value: &str, letter: &str) -> BatchReport {
        self.redrive_of(value, letter, i64::try_from(NOW.0).unwrap()).await
    }

    /// The same for a record with this timestamp.
    pub(crate) async fn redrive_of(&self, value: &str, letter: &str, timestamp: i64) -> BatchReport {
        let mut event = event(&[("accounts-0", &[value])]);
        event["redrive"] = json!({"letterId": letter, "attempt": 1});
        event["records"]["accounts-0"][0]["timestamp"] = json!(timestamp);
        self.process(event, Deadline::unknown()).await
    }

    async fn process(&self, event: serde_json::Value, deadline: Deadline) -> BatchReport {
        self.processor.process(event.to_string().as_bytes(), &invocation(deadline)).await.unwrap()
    }

    pub(crate) fn effects(&self) -> Vec<String> {
        self.handler.effects.lock().unwrap().clone()
    }

    /// Decides about an account's parked claim.
    pub(crate) async fn resolve(&self, account: &str, decision: Decision) -> Resolved {
        let key = ClaimKey::new("welcome", account).unwrap();
        let Claim::Parked(parked) = self.claim(account).await else { panic!("{account} is not parked") };
        let park = ParkedUnder { letter: parked.letter.as_ref().unwrap(), token: Some(parked.token) };
        self.claims.resolve(&key, park, decision, Decider::Person("ann")).await.unwrap()
    }

    pub(crate) async fn claim(&self, account: &str) -> Claim {
        let key = ClaimKey::new("welcome", account).unwrap();
        self.claims.claim(&key.into(), Duration::from_secs(15), OwnerToken::fresh()).await.unwrap()
    }
}

pub(crate) fn invocation(deadline: Deadline) -> Invocation {
    Invocation {
        request_id: "8476a536".to_owned(),
        function: "send-welcome-email".to_owned(),
        function_version: "1".to_owned(),
        deadline,
    }
}

pub(crate) fn event(partitions: &[(&str, &[&str])]) -> serde_json::Value {
    let records: serde_json::Map<_, _> = partitions
        .iter()
        .map(|(partition, values)| {
            let records = values.iter().enumerate().map(|(offset, value)| {
                // A record's key is the account it is about.
                let key = value.split_once(':').map(|(_, account)| base64_simd::STANDARD.encode_to_string(account));
                let value = base64_simd::STANDARD.encode_to_string(value);
                json!({"topic": "accounts", "partition": 0, "offset": offset, "timestamp": NOW.0,
                       "timestampType": "CREATE_TIME", "key": key, "value": value, "headers": []})
            });
            ((*partition).to_owned(), records.collect())
        })
        .collect();
    json!({"eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:cluster", "records": records})
}

pub(crate) fn outcomes(report: &BatchReport) -> Vec<(Outcome, usize)> {
    report.outcomes.iter().map(|(outcome, count)| (*outcome, *count)).collect()
}

pub(crate) fn unfinished(report: &BatchReport) -> serde_json::Value {
    serde_json::to_value(&report.unfinished).unwrap()
}

pub(crate) fn by_key(in_flight: usize) -> Settings {
    Settings { order: Order::Key { in_flight: in_flight.try_into().unwrap() }, ..Settings::default() }
}
