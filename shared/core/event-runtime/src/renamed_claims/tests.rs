//! Two versions of a function on one table: the effect happens once, and a parked claim can be redriven.

use futures_util::future::ready;
use proptest::prelude::*;

use super::*;
use crate::clock::UnixMillis;
use crate::testing::{EarlierClaims, HookedClaims, ManualClock, MemoryClaims, StoredClaim, WriteFault};

const LEASE: Duration = Duration::from_secs(15);
const NEW: &str = r"welcome:\(no=2,region=1)";
const OTHER: &str = r"welcome:\(no=1,region=2)";
const FORMER: &str = "welcome:1,2";

fn key(key: &str) -> ClaimKey {
    ClaimKey::from_stored(key)
}

fn effect(new: &str) -> EffectId {
    EffectId::new(key(new)).formerly(key(FORMER))
}

struct Table {
    clock: ManualClock,
    claims: MemoryClaims,
    both: RenamedClaims,
}

impl Table {
    fn new() -> Self {
        let clock = ManualClock::at(UnixMillis(1_795_000_000_000));
        let claims = MemoryClaims::new(Arc::new(clock.clone()));
        let both = RenamedClaims(Arc::new(claims.clone()));
        Table { clock, claims, both }
    }

    fn claim(&self, effect: &EffectId) -> Claim {
        self.try_claim(effect, OwnerToken::fresh()).unwrap()
    }

    fn try_claim(&self, effect: &EffectId, token: OwnerToken) -> Result<Claim, StoreError> {
        now(self.both.claim(effect, LEASE, token))
    }

    fn held(&self, effect: &EffectId) -> Held {
        match self.claim(effect) {
            Claim::Claimed(held) => held,
            other => panic!("expected the claim, got {other:?}"),
        }
    }

    fn earlier(&self) -> Claim {
        now(EarlierClaims(self.claims.clone()).claim(&EffectId::new(key(FORMER)), LEASE, OwnerToken::fresh())).unwrap()
    }

    fn earlier_held(&self) -> Held {
        match self.earlier() {
            Claim::Claimed(held) => held,
            other => panic!("expected the claim, got {other:?}"),
        }
    }
}

/// The ports in memory answer at once.
fn now<T>(future: BoxFuture<'_, T>) -> T {
    future.now_or_never().unwrap()
}

fn letter(id: &str) -> LetterId {
    LetterId::from_stored(id)
}

#[test]
fn what_an_earlier_version_did_or_gave_up_is_not_done_again() {
    let table = Table::new();
    now(table.claims.complete(&table.earlier_held())).unwrap();
    assert_eq!(table.claim(&effect(NEW)), Claim::Done);

    let table = Table::new();
    let held = table.earlier_held();
    now(table.claims.park(&held, &letter("l"), Doubt::Uncertain)).unwrap();
    assert!(matches!(table.claim(&effect(NEW)), Claim::Parked(parked) if parked.letter == Some(letter("l"))));
}

#[test]
fn what_an_earlier_version_is_at_is_waited_for_and_then_uncertain() {
    let table = Table::new();
    table.earlier_held();
    assert!(matches!(table.claim(&effect(NEW)), Claim::HeldUntil(_)));
    table.clock.advance(LEASE * 2);
    let Claim::Uncertain(held) = table.claim(&effect(NEW)) else { panic!("the effect may have happened") };
    now(table.both.park(&held, &letter("l"), Doubt::Uncertain)).unwrap();
    assert!(matches!(table.claims.stored(NEW), Some(StoredClaim::Parked { .. })));
    assert!(matches!(table.claims.stored(FORMER), Some(StoredClaim::Parked { .. })));
}

#[test]
fn an_abandoned_former_name_stays_uncertain_while_the_new_one_is_held() {
    let table = Table::new();
    table.earlier_held();
    table.clock.advance(LEASE * 2);
    table.held(&EffectId::new(key(NEW)).formerly(key("welcome:2,1")));
    assert!(matches!(table.claim(&effect(NEW)), Claim::HeldUntil(_)));
    table.clock.advance(LEASE * 2);
    assert!(matches!(table.earlier(), Claim::Uncertain(_)), "the earlier version's effect may have happened");
}

#[test]
fn after_a_rollback_the_earlier_version_finds_its_own_name_taken() {
    let table = Table::new();
    let held = table.held(&effect(NEW));
    assert!(matches!(table.earlier(), Claim::HeldUntil(_)), "while the effect runs");
    now(table.both.complete(&held)).unwrap();
    assert_eq!(table.earlier(), Claim::Done);
    assert_eq!(table.claim(&effect(NEW)), Claim::Done, "and forward again");

    let table = Table::new();
    let held = table.held(&effect(NEW));
    now(table.both.park(&held, &letter("l"), Doubt::Certain)).unwrap();
    assert!(matches!(table.earlier(), Claim::Parked(_)), "not done: its letter must not leave the queue");

    let table = Table::new();
    now(table.both.release(&table.held(&effect(NEW)))).unwrap();
    assert!(matches!(table.earlier(), Claim::Claimed(_)), "nothing happened");
}

#[test]
fn two_effects_with_one_former_name_happen_once_each() {
    let table = Table::new();
    now(table.both.complete(&table.held(&effect(NEW)))).unwrap();
    now(table.both.complete(&table.held(&effect(OTHER)))).unwrap();
    assert_eq!((table.claim(&effect(NEW)), table.claim(&effect(OTHER))), (Claim::Done, Claim::Done));
    assert_eq!(table.earlier(), Claim::Done);
}

#[test]
fn one_effect_with_two_former_names_happens_once() {
    let table = Table::new();
    now(table.both.complete(&table.held(&effect(NEW)))).unwrap();
    let reordered = EffectId::new(key(NEW)).formerly(key("welcome:2,1"));
    assert_eq!(table.claim(&reordered), Claim::Done);
    assert!(
        matches!(table.claims.stored("welcome:2,1"), Some(StoredClaim::Done { .. })),
        "for the earlier version, too"
    );
}

#[test]
fn what_was_parked_comes_back_by_the_name_that_its_letter_has() {
    // Parked by this version: the letter names the new name.
    let table = Table::new();
    let held = table.held(&effect(NEW));
    assert_eq!(held.key, key(NEW));
    now(table.both.park(&held, &letter("l"), Doubt::Certain)).unwrap();
    let resolved = now(table.both.resolve(&key(NEW), (&letter("l")).into(), Decision::Repeat, Decider::Redrive));
    assert_eq!(resolved.unwrap(), Resolved::Applied);
    now(table.both.complete(&table.held(&effect(NEW)))).unwrap();

    // Parked by the earlier version: the letter names the former one.
    let table = Table::new();
    let held = table.earlier_held();
    now(table.claims.park(&held, &letter("l"), Doubt::Certain)).unwrap();
    now(table.both.resolve(&key(FORMER), (&letter("l")).into(), Decision::Repeat, Decider::Person("ada"))).unwrap();
    now(table.both.complete(&table.held(&effect(NEW)))).unwrap();
    assert_eq!((table.claim(&effect(NEW)), table.earlier()), (Claim::Done, Claim::Done));
}

#[test]
fn a_lost_answer_between_the_two_names_is_retaken_or_withdrawn() {
    for fault in [WriteFault::NotApplied, WriteFault::AnswerLost] {
        let table = Table::new();
        let token = OwnerToken::fresh();
        // The first claim of the two is answered, the second is not.
        let claims = table.claims.clone();
        let failing = HookedClaims::new(table.claims.clone()).before(move |operation, claimed| {
            if operation == "claim" && *claimed == key(NEW) {
                claims.fault_next("claim", fault);
            }
            ready(())
        });
        let both = RenamedClaims(Arc::new(failing));
        assert!(now(both.claim(&effect(NEW), LEASE, token)).is_err());
        let Claim::Claimed(held) = table.try_claim(&effect(NEW), token).unwrap() else { panic!("ours: {fault:?}") };
        now(table.both.release(&held)).unwrap();

        assert!(now(both.claim(&effect(NEW), LEASE, token)).is_err());
        for name in [FORMER, NEW] {
            now(table.both.withdraw(&key(name), LEASE, token)).unwrap();
        }
        assert!(matches!(table.earlier(), Claim::Claimed(_)), "nothing is left behind");
    }
}

#[test]
fn a_function_with_fingerprints_gets_a_conflict_where_a_mark_is_possible() {
    let table = Table::new();
    let paid = |amount: &str| effect(NEW).with_fingerprint(Fingerprint::of([("amount", amount)]));
    now(table.both.complete(&table.held(&paid("1")))).unwrap();
    assert_eq!(
        table.claim(&paid("1")),
        Claim::Conflict,
        "the mark may be an earlier version's claim of another amount"
    );
}

/// What a worker does with its claim.
#[derive(Debug, Clone, Copy)]
enum Fate {
    DiesBefore,
    DiesAfterTheEffect,
    /// Between settling one name and the other.
    DiesBetween,
    Done,
    Retries,
    ParksCertain,
    ParksUncertain,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    This(Fate),
    Earlier(Fate),
    LeaseEnds,
    /// The redrive frees a claim whose effect did not happen.
    Redrive,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::DiesBefore),
        Just(Fate::DiesAfterTheEffect),
        Just(Fate::DiesBetween),
        Just(Fate::Done),
        Just(Fate::Retries),
        Just(Fate::ParksCertain),
        Just(Fate::ParksUncertain),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => fate().prop_map(Step::This),
        4 => fate().prop_map(Step::Earlier),
        2 => Just(Step::LeaseEnds),
        1 => Just(Step::Redrive),
    ]
}

/// One try of a worker; whether the effect happened.
fn work(claims: &dyn Claims, effect: &EffectId, fate: Fate, letters: &mut Vec<ClaimKey>) -> bool {
    let id = letter("l");
    let held = match now(claims.claim(effect, LEASE, OwnerToken::fresh())).unwrap() {
        Claim::Claimed(held) => held,
        Claim::Uncertain(held) => {
            letters.push(held.key.clone());
            now(claims.park(&held, &id.uncertain(), Doubt::Uncertain)).unwrap();
            return false;
        }
        Claim::Done | Claim::Parked(_) | Claim::Conflict | Claim::HeldUntil(_) => return false,
    };
    let one_name = Held { former: None, ..held.clone() };
    match fate {
        Fate::DiesBefore => false,
        Fate::DiesAfterTheEffect => true,
        Fate::DiesBetween => {
            now(claims.complete(&one_name)).unwrap();
            true
        }
        Fate::Done => {
            now(claims.complete(&held)).unwrap();
            true
        }
        Fate::Retries => {
            now(claims.release(&held)).unwrap();
            false
        }
        Fate::ParksCertain => {
            letters.push(held.key.clone());
            now(claims.park(&held, &id, Doubt::Certain)).unwrap();
            false
        }
        Fate::ParksUncertain => {
            letters.push(held.key.clone());
            now(claims.park(&held, &id.uncertain(), Doubt::Uncertain)).unwrap();
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whichever_version_works_when_the_effect_happens_once(steps in proptest::collection::vec(step(), 1..12)) {
        let table = Table::new();
        let (this, earlier) = (effect(NEW), EffectId::new(key(FORMER)));
        let (mut effects, mut letters) = (0, Vec::new());
        for step in steps {
            effects += usize::from(match step {
                Step::This(fate) => work(&table.both, &this, fate, &mut letters),
                Step::Earlier(fate) => work(&EarlierClaims(table.claims.clone()), &earlier, fate, &mut letters),
                Step::LeaseEnds => {
                    table.clock.advance(LEASE * 2);
                    false
                }
                Step::Redrive => {
                    for key in letters.drain(..) {
                        let id = letter("l");
                        now(table.claims.resolve(&key, (&id).into(), Decision::Repeat, Decider::Redrive)).unwrap();
                    }
                    false
                }
            });
        }
        prop_assert!(effects <= 1, "{effects} effects");
    }

    #[test]
    fn effects_that_share_a_former_name_happen_once_each(
        steps in proptest::collection::vec((any::<bool>(), fate(), any::<bool>()), 1..12),
    ) {
        let table = Table::new();
        let (mut effects, mut letters) = ([0, 0], Vec::new());
        for (first, fate, lease_ends) in steps {
            let (index, name) = if first { (0, NEW) } else { (1, OTHER) };
            effects[index] += usize::from(work(&table.both, &effect(name), fate, &mut letters));
            if lease_ends {
                table.clock.advance(LEASE * 2);
            }
        }
        prop_assert!(effects.iter().all(|effects| *effects <= 1), "{effects:?}");
    }
}
