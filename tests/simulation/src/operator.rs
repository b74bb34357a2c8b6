//! The operator: decides about parked claims, and sends letters again.

use std::time::Duration;

use event_runtime::{ClaimKey, Claims, DeadLetter, Decision, Resolved};

use super::run::Scene;
use super::schedule::What;
use super::source::{Source, redrive_event};
use super::story::{Actor, Answer, Step};
use super::world::START;

/// Between two looks at the queue, and the least age of a letter that is looked at: longer than any worker is frozen, so
/// that whatever it still did is known.
const ROUND: Duration = Duration::from_secs(10);

impl Source {
    /// Looks after letters until everything is committed, and once more.
    pub(crate) async fn operate(&self) {
        let mut is_last = !self.scene().world.operator;
        while !is_last {
            tokio::time::sleep(ROUND).await;
            is_last = self.is_finished();
            for letter in self.scene().letters.letters() {
                let age = START.plus(self.scene().started.elapsed()).0.saturating_sub(letter.given_up_by.at_ms);
                if u128::from(age) >= ROUND.as_millis() && !self.scene().is_broken() {
                    self.look_at(&letter).await;
                }
            }
        }
    }

    async fn look_at(&self, letter: &DeadLetter) {
        // 1: sends it again without having decided, 2: decides and leaves it at that for now.
        let fate = self.scene().decide_for(0, What::Operator, 2);
        if fate != 1 {
            decide(self.scene(), letter).await;
        }
        if fate != 2 {
            self.send_again(letter).await;
        }
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
        if answer.is_some_and(|response| response.failures.is_empty()) {
            scene.tell(|| {
                Step::call(Actor::Operator, Actor::Letters, format!("delete letter of {lane}@{offset}"), Answer::None)
            });
            scene.letters.delete(&letter.id);
            scene.books(|books| books.letter_deleted(&scene.world, lane, offset));
        }
    }
}

/// Whoever decides has looked whether the effect happened.
async fn decide(scene: &Scene, letter: &DeadLetter) {
    let Some((claim, (scope, id))) = letter.claim.as_deref().and_then(|claim| Some((claim, claim.split_once(':')?)))
    else {
        return;
    };
    let happened = scene.books(|books| books.has_happened(claim));
    let repeat = !happened && (letter.error.uncertain || scene.deployment_is_mended());
    let decision = if repeat { Decision::Repeat } else { Decision::Done };
    let Ok(key) = ClaimKey::new(scope, id) else { return };
    // The operator's tool is not what is tried here: its writes arrive.
    let Ok(resolved) = scene.claims.resolve(&key, &letter.id, decision, "operator").await else { return };
    scene.tell(|| {
        let call = format!("resolve {claim} --{}", decision.as_str());
        Step::call(Actor::Operator, Actor::Claims, call, Answer::Says(format!("{resolved:?}")))
    });
    if decision == Decision::Done && resolved == Resolved::Applied {
        scene.books(|books| books.decided_done(claim));
    }
}

fn place_of(letter: &DeadLetter) -> Option<(usize, usize)> {
    Some((usize::try_from(letter.place.partition).ok()?, usize::try_from(letter.place.offset?).ok()?))
}
