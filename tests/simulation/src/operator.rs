//! The operator: decides about parked claims, and sends letters again.

use std::time::Duration;

use event_runtime::testing::StoredClaim;
use event_runtime::{
    Answer as Answered, ClaimKey, Claims, DeadLetter, Decider, Decision, LetterId, OwnerToken, ParkedUnder, Resolved,
};

use super::run::Scene;
use super::schedule::What;
use super::source::{Source, redrive_event};
use super::story::{Actor, Answer, Step};
use super::world::START;

/// Between two looks at the queue, and the least age of a letter that is looked at: longer than any worker is frozen, so
/// that whatever it still did is known.
const ROUND: Duration = Duration::from_secs(10);

impl Source {
    /// Looks after letters until everything is committed, each was old enough to be looked at, and whoever had decided has
    /// written it down.
    pub(crate) async fn operate(&self) {
        let (mut is_last, mut rounds) = (!self.scene().world.operator, 0);
        let mut late = Vec::new();
        while !is_last {
            tokio::time::sleep(ROUND).await;
            // Rounds since everything is committed: in the second, no letter is too young any more.
            rounds = if self.is_finished() { rounds + 1 } else { 0 };
            for decided in std::mem::take(&mut late) {
                write_down(self.scene(), &decided, "colleague").await;
            }
            for letter in self.scene().letters.letters() {
                let age = START.plus(self.scene().started.elapsed()).0.saturating_sub(letter.given_up_by.at_ms);
                if u128::from(age) >= ROUND.as_millis() && !self.scene().is_broken() {
                    late.extend(self.look_at(&letter).await);
                }
            }
            is_last = self.scene().is_broken() || rounds > 3 || (rounds > 1 && late.is_empty());
        }
    }

    /// What a colleague has decided meanwhile, and not yet written.
    async fn look_at(&self, letter: &DeadLetter) -> Option<Decided> {
        // 1: sends it again without having decided, 2: decides and leaves it at that for now, 3: is not alone.
        let fate = self.scene().decide_for(0, What::Operator, 3);
        let decided = decide(self.scene(), letter);
        if let Some(decided) = decided.as_ref().filter(|_| fate != 1) {
            write_down(self.scene(), decided, "operator").await;
        }
        if fate != 2 {
            self.send_again(letter).await;
        }
        decided.filter(|_| fate == 3)
    }

    async fn send_again(&self, letter: &DeadLetter) {
        let scene = self.scene();
        let Some((lane, offset)) = place_of(letter) else { return };
        let delivery = scene.next_delivery();
        scene.tell(|| {
            Step::call(
                Actor::Operator,
                Actor::Worker(delivery),
                format!("letter of {lane}@{offset} again"),
                Answer::None,
            )
        });
        scene.books(|books| books.redrives(delivery));
        let event = redrive_event(&scene.world, lane, offset, letter);
        let answer = self.worker(0).invoke(delivery, &event).await;
        if matches!(answer, Some(Answered::Redriven(_))) {
            scene.tell(|| {
                Step::call(Actor::Operator, Actor::Letters, format!("delete letter of {lane}@{offset}"), Answer::None)
            });
            scene.letters.delete(&letter.id);
            scene.books(|books| books.letter_deleted(&scene.world, lane, offset));
        }
    }
}

/// What somebody has decided about a claim, and the letter under which it was parked then, and by whom.
struct Decided {
    claim: String,
    key: ClaimKey,
    letter: LetterId,
    token: Option<OwnerToken>,
    decision: Decision,
}

/// Whoever decides has looked whether the effect happened, and under which letter its claim is parked.
fn decide(scene: &Scene, letter: &DeadLetter) -> Option<Decided> {
    let claim = letter.claim.as_deref()?;
    let (scope, id) = claim.split_once(':')?;
    let happened = scene.books(|books| books.has_happened(claim));
    let repeat = !happened && (letter.error.uncertain || scene.deployment_is_mended());
    let decision = if repeat { Decision::Repeat } else { Decision::Done };
    let (letter, token) = match scene.claims.stored(claim) {
        Some(StoredClaim::Parked { letter, token, .. }) => (letter, Some(token)),
        _ => (letter.id.clone(), None),
    };
    Some(Decided { claim: claim.to_owned(), key: ClaimKey::new(scope, id).ok()?, letter, token, decision })
}

async fn write_down(scene: &Scene, decided: &Decided, by: &str) {
    let Decided { claim, key, letter, token, decision } = decided;
    let park = ParkedUnder { letter, token: *token };
    // The operator's tool is not what is tried here: its writes arrive.
    let Ok(resolved) = scene.claims.resolve(key, park, *decision, Decider::Person(by)).await else { return };
    scene.tell(|| {
        let call = format!("resolve {claim} --{}", decision.as_str());
        Step::call(Actor::Operator, Actor::Claims, call, Answer::Says(format!("{resolved:?}")))
    });
    if *decision == Decision::Done && resolved == Resolved::Applied {
        scene.books(|books| books.decided_done(claim));
    }
}

fn place_of(letter: &DeadLetter) -> Option<(usize, usize)> {
    Some((usize::try_from(letter.place.partition).ok()?, usize::try_from(letter.place.offset?).ok()?))
}
