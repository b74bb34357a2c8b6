//! The simulated function: it does what its records say, and its effects are recorded in the ledger.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use event_runtime::testing::StoredClaim;
use event_runtime::{
    Blame, ClaimKey, Disposition, Effect, Failed, Failure, Fault, Intent, RawRecord, RecordHandler, Stage,
};

use super::rule::Rule;
use super::scene::{Scene, Service};
use super::schedule::What;
use super::story::{Actor, Answer, Step};
use super::world::{Record, Verb};

/// The pause that a throttled effect may ask for: longer than the processor's own pauses and than its reserve.
const ASKED_FOR: Duration = Duration::from_secs(4);

/// All errors of decoding and of effects, by their codes.
#[derive(Debug, thiserror::Error)]
#[error("the simulated service failed with {0}")]
struct Says(&'static str);

impl Failure for Says {
    fn disposition(&self) -> Disposition {
        match self.0 {
            "throttled" | "registry_unavailable" => Disposition::Retry { after: None },
            "asked_to_wait" => Disposition::Retry { after: Some(ASKED_FOR) },
            "answer_lost" => Disposition::Uncertain,
            _ => Disposition::DeadLetter,
        }
    }
    fn code(&self) -> &'static str {
        self.0
    }
    fn blame(&self) -> Blame {
        if ["mismatch", "denied"].contains(&self.0) { Blame::Deployment } else { Blame::Record }
    }
}

/// The error code of an effect until a later deployment fixes it.
fn refusal(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Rejected => Some("rejected"),
        Verb::Refused => Some("refused"),
        Verb::Denied => Some("denied"),
        Verb::Skip | Verb::Garbage | Verb::Mismatch | Verb::Version | Verb::Append | Verb::Send => None,
    }
}

/// A record that was read.
pub(crate) struct Seen {
    record: Record,
    partition: usize,
    offset: usize,
}

/// The function.
pub(crate) struct Function(pub(crate) Arc<Scene>);

impl RecordHandler for Function {
    type Read<'de> = Seen;
    type Work = Seen;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Seen, Fault> {
        let scene = &self.0;
        let partition = usize::try_from(record.partition).unwrap_or(usize::MAX);
        let offset = usize::try_from(record.offset).unwrap_or(usize::MAX);
        let written = scene.world.partitions[partition][offset];
        if record.value != Some(written.to_string().as_bytes()) {
            scene.broken(Rule::BytesAreTheirs, format!("{partition}@{offset} is not {written}"));
        }
        scene.network_delay().await;
        let fate = scene.decide(What::Decode, 2);
        if fate == 2 {
            scene.goes_down(Service::Registry);
        }
        if fate > 0 || scene.is_down(Service::Registry) {
            let worker = Actor::Worker(scene.delivery());
            scene.note(|| {
                Step::call(worker, Actor::Registry, format!("schema of {partition}@{offset}"), Answer::NotArrived)
            });
            return Err(Fault::new(Stage::Decode, Says("registry_unavailable")));
        }
        match written.verb {
            Verb::Garbage if !scene.deployment_is_fixed() => Err(Fault::new(Stage::Decode, Says("garbage"))),
            Verb::Mismatch if !scene.deployment_is_fixed() => Err(Fault::new(Stage::Decode, Says("mismatch"))),
            _ => Ok(Seen { record: written, partition, offset }),
        }
    }

    fn decide(&self, seen: Seen) -> Result<Intent<Seen>, Failed> {
        Ok(match (seen.record.verb, seen.record.claim(seen.partition)) {
            (Verb::Skip, _) => Intent::Skip("on_purpose"),
            (Verb::Garbage, _) => {
                self.0.ledger(|ledger| ledger.concluded(seen.partition, seen.offset));
                Intent::Skip("on_purpose")
            }
            (_, Some(claim)) => {
                let (scope, id) = claim.split_once(':').unwrap_or_default();
                Intent::Claimed(ClaimKey::new(scope, id)?.into(), seen)
            }
            (_, None) => Intent::Conditional(seen),
        })
    }

    async fn perform(&self, seen: Seen) -> Result<Effect, Failed> {
        let scene = &self.0;
        let delivery = scene.delivery();
        self.must_fit(delivery);
        let mut fate = scene.decide(What::Effect, 9);
        if fate == 8 {
            scene.goes_down(Service::Effects);
        }
        if scene.is_down(Service::Effects) {
            fate = 1;
        }
        let claim = seen.record.claim(seen.partition);
        if let Some(claim) = &claim {
            self.must_hold(delivery, claim);
            if [2, 3, 5, 6, 7].contains(&fate) {
                scene.ledger(|ledger| ledger.doubt(claim));
            }
        }
        let tell = |answer: Answer| {
            let Seen { record, partition, offset } = &seen;
            let call = format!("{record} at {partition}@{offset}");
            scene.note(|| Step::call(Actor::Worker(delivery), Actor::Service, call, answer));
        };
        if fate == 1 || fate == 9 {
            tell(Answer::Received("throttled, no effect".to_owned()));
            scene.network_delay().await;
            return Err(Says(if fate == 9 { "asked_to_wait" } else { "throttled" }).into());
        }
        let _running = scene.ledger(|ledger| ledger.effect_begins(delivery, claim.as_deref()));
        scene.network_delay().await;
        if let Some(code) = refusal(seen.record.verb).filter(|_| !scene.deployment_is_fixed()) {
            tell(Answer::Received(code.to_owned()));
            return Err(Says(code).into());
        }
        let happens = ![2, 6].contains(&fate);
        let effect = if happens { self.happen(delivery, &seen, claim.as_deref()) } else { Effect::Done };
        let done = if effect == Effect::Done { "done" } else { "refused by its condition" };
        tell(match fate {
            2 | 6 => Answer::NotArrived,
            3 | 5 | 7 => Answer::Lost(done.to_owned()),
            _ => Answer::Received(done.to_owned()),
        });
        match fate {
            // A conditional effect may be repeated, so it is not uncertain.
            2 | 3 => return Err(Says(if claim.is_some() { "answer_lost" } else { "throttled" }).into()),
            4 => tokio::time::sleep(Duration::from_millis(1500)).await,
            5 | 6 => std::future::pending().await,
            7 => resume_unwind(Box::new("simulated")),
            _ => {}
        }
        scene.network_delay().await;
        Ok(effect)
    }
}

impl Function {
    /// The effect happens.
    fn happen(&self, delivery: u32, seen: &Seen, claim: Option<&str>) -> Effect {
        let Seen { partition, offset, .. } = *seen;
        self.0.ledger(|ledger| {
            ledger.succeeded(delivery, partition);
            match claim {
                Some(claim) => ledger.sent(&self.0.world, partition, offset, claim),
                None if ledger.apply(&self.0.world, partition, offset) => {}
                None => {
                    ledger.refused(delivery, partition, offset);
                    return Effect::Duplicate;
                }
            }
            Effect::Done
        })
    }

    /// Checks that an effect that begins can end, and be settled, within its invocation.
    fn must_fit(&self, delivery: u32) {
        let settings = self.0.world.settings();
        let needed = settings.effect_timeout + settings.settle_reserve;
        if let Some(left) = self.0.left_of(delivery).filter(|left| *left < needed) {
            let detail = format!("delivery {delivery} began an effect with {} ms left", left.as_millis());
            self.0.broken(Rule::EffectsBeginInTime, detail);
        }
    }

    /// Checks that the worker holds the claim of an effect that begins.
    fn must_hold(&self, delivery: u32, claim: &str) {
        let token = self.0.ledger(|ledger| ledger.token_of(delivery, claim));
        let held = match self.0.claims.stored(claim) {
            Some(StoredClaim::Held { token: holder, .. }) => token == Some(holder),
            _ => false,
        };
        if !held {
            self.0.broken(
                Rule::ClaimedFirst,
                format!("delivery {delivery} began the effect of {claim} without holding the claim"),
            );
        }
    }
}
