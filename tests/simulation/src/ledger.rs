//! The ledger of a run: what really happened, regardless of what a worker or an operator knows, and which invariant it
//! breaks.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use event_runtime::{DeadLetter, Decision, Held, LetterId, Order, OwnerToken, UnixMillis, WhenUncertain};

use super::queue::Where;
use super::rule::{Rule, Violation};
use super::world::{Verb, World};

/// What really happened.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    violation: Option<Violation>,
    /// How often the effect of each claim happened.
    sent: BTreeMap<String, usize>,
    /// Conditional effects, by partition and offset.
    applied: BTreeSet<(usize, usize)>,
    newest: BTreeMap<(usize, Option<u8>), usize>,
    /// Records that went to the on-failure destination.
    given_away: BTreeSet<(usize, usize)>,
    letters: BTreeMap<(usize, usize), LetterId>,
    letters_of_claims: BTreeSet<String>,
    /// The tokens under which deliveries hold claims.
    owners: BTreeMap<(u32, String), OwnerToken>,
    /// Claims that a worker may have to treat as uncertain.
    doubted: BTreeSet<String>,
    /// Claims without an effect that their owners have not been able to free so far.
    unfreed: HashSet<(String, OwnerToken)>,
    /// Claims that were withdrawn: no late write may take them.
    withdrawn: HashSet<(String, OwnerToken)>,
    /// The latest lease that each owner knows of.
    leases: HashMap<(String, OwnerToken), UnixMillis>,
    /// By delivery and partition: offsets that were dead-lettered with the deployment's code, without a success between
    /// them.
    flood: BTreeMap<(u32, usize), BTreeSet<usize>>,
    /// Deliveries that redrive a letter.
    redrives: BTreeSet<u32>,
    /// Records that ended without an effect of their own.
    concluded: BTreeSet<(usize, usize)>,
    /// Records whose letters were deleted after success.
    deleted: BTreeSet<(usize, usize)>,
    /// Claims that the operator decided as done.
    decided_done: BTreeSet<String>,
    /// The number of conditional effects that reached their store.
    effect_writes: usize,
    /// How often the effect of a claim was visible to the person who decides about it.
    seen_by_a_person: BTreeMap<String, usize>,
    /// Repetitions of a claim's effect that a person caused by deciding too early.
    answered_for: BTreeMap<String, usize>,
    /// Records whose letters the queue deleted by age.
    expired: BTreeSet<Where>,
    /// Claimed effects in progress, by claim.
    under_way: BTreeMap<String, Arc<()>>,
    /// Effects in progress, by delivery.
    running: BTreeMap<u32, Arc<()>>,
    /// Deliveries with a failed write to a store: settling may then take all of its reserve.
    failed_by_stores: BTreeSet<u32>,
    /// The claims that each delivery tried to take.
    touched: BTreeMap<u32, BTreeSet<String>>,
}

/// What an owner knows and did about a claim so far.
pub(crate) struct Known {
    /// The end of the latest lease that it was granted.
    pub(crate) lease: Option<UnixMillis>,
    /// Whether it has withdrawn the claim.
    pub(crate) withdrawn: bool,
}

/// An effect in progress, until dropped.
pub(crate) struct Running(#[allow(dead_code, reason = "counted by its owners")] [Arc<()>; 2]);

impl Ledger {
    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Records the first broken invariant.
    pub(crate) fn broken(&mut self, rule: Rule, detail: String) {
        self.violation.get_or_insert(Violation { rule, detail });
    }

    fn accounted(&self, world: &World, partition: usize, offset: usize) -> bool {
        let place = (partition, offset);
        let claim = world.partitions[partition][offset].claim(partition);
        let has_letter =
            self.letters.contains_key(&place) || claim.is_some_and(|claim| self.letters_of_claims.contains(&claim));
        self.given_away.contains(&place) || has_letter || self.ended(world, partition, offset)
    }

    /// Whether a record has ended without needing a letter any more.
    fn ended(&self, world: &World, partition: usize, offset: usize) -> bool {
        let place = (partition, offset);
        let record = world.partitions[partition][offset];
        self.concluded.contains(&place)
            || match record.verb {
                Verb::Skip => true,
                Verb::Garbage => false,
                Verb::Refused | Verb::Denied | Verb::Mismatch | Verb::Version | Verb::Append => {
                    self.applied.contains(&place)
                }
                Verb::Send | Verb::Rejected => record
                    .claim(partition)
                    .is_some_and(|claim| self.sent.contains_key(&claim) || self.decided_done.contains(&claim)),
            }
    }

    /// Notes that a delivery redrives a letter.
    pub(crate) fn redrives(&mut self, delivery: u32) {
        self.redrives.insert(delivery);
    }

    /// A conditional effect was refused by something newer, which ends a redriven record.
    pub(crate) fn refused(&mut self, delivery: u32, partition: usize, offset: usize) {
        if self.redrives.contains(&delivery) {
            self.concluded(partition, offset);
        }
    }

    /// A record ended without an effect of its own.
    pub(crate) fn concluded(&mut self, partition: usize, offset: usize) {
        self.concluded.insert((partition, offset));
    }

    /// The last message of a letter was removed.
    pub(crate) fn letter_deleted(&mut self, world: &World, partition: usize, offset: usize) {
        self.deleted.insert((partition, offset));
        if !self.ended(world, partition, offset) {
            let record = world.partitions[partition][offset];
            self.broken(
                Rule::NothingLost,
                format!("the letter of {record} at {partition}@{offset} is deleted, but the record had no effect"),
            );
        }
    }

    /// How often a claim's effect is visible in the outside world now.
    pub(crate) fn times_seen(&self, claim: &str) -> usize {
        self.sent.get(claim).copied().unwrap_or_default()
    }

    /// Notes what a person knows when deciding.
    pub(crate) fn a_person_has_seen(&mut self, claim: &str, times: usize) {
        self.seen_by_a_person.insert(claim.to_owned(), times);
    }

    /// A person's decision is written. A decision to repeat is allowed for effects that were not visible to them: those
    /// that happened since, and those in progress.
    pub(crate) fn a_person_decided(&mut self, claim: &str, decision: Decision) {
        match decision {
            Decision::Done => drop(self.decided_done.insert(claim.to_owned())),
            Decision::Repeat => {
                let seen = self.seen_by_a_person.get(claim).copied().unwrap_or_default();
                let under_way = self.under_way.get(claim).map_or(0, |running| Arc::strong_count(running) - 1);
                let unseen = self.times_seen(claim).saturating_sub(seen) + under_way;
                *self.answered_for.entry(claim.to_owned()).or_default() += unseen;
            }
        }
    }

    /// A redrive stores a letter again with its count.
    pub(crate) fn counted(&mut self, (partition, offset): Where, letter: &LetterId) {
        if self.letters.get(&(partition, offset)) != Some(letter) {
            self.broken(Rule::OneLetterEach, format!("{partition}@{offset} got a different letter by a redrive"));
        }
        self.deleted.remove(&(partition, offset));
    }

    /// The queue deleted the last message of a letter by age.
    pub(crate) fn expired(&mut self, of: Where) {
        self.expired.insert(of);
    }

    /// The mapping commits a record.
    pub(crate) fn committed(&mut self, world: &World, partition: usize, offset: usize) {
        if !self.accounted(world, partition, offset) {
            let record = world.partitions[partition][offset];
            self.broken(
                Rule::NothingLost,
                format!("{record} at {partition}@{offset} is committed without an effect or a letter"),
            );
        }
    }

    /// The mapping sends a record to its on-failure destination.
    pub(crate) fn given_away(&mut self, partition: usize, offset: usize) {
        self.given_away.insert((partition, offset));
    }

    /// A claimed effect happens.
    pub(crate) fn sent(&mut self, world: &World, partition: usize, offset: usize, claim: &str) {
        self.in_turn(world, partition, offset);
        let times = self.sent.entry(claim.to_owned()).or_default();
        *times += 1;
        let allowed = 1 + self.answered_for.get(claim).copied().unwrap_or_default();
        if *times > allowed && world.uncertain == WhenUncertain::Park {
            let detail = format!("{claim} happened {times} times, lastly by {partition}@{offset}");
            self.broken(Rule::OnceUnderAClaim, detail);
        }
    }

    /// A conditional effect reaches its store, and is applied if its condition holds.
    pub(crate) fn apply(&mut self, world: &World, partition: usize, offset: usize) -> bool {
        self.effect_writes += 1;
        let record = world.partitions[partition][offset];
        let fresh = match record.verb {
            Verb::Append => !self.applied.contains(&(partition, offset)),
            _ => self.newest.get(&(partition, record.key)).is_none_or(|newest| *newest < offset),
        };
        if fresh {
            self.in_turn(world, partition, offset);
            self.applied.insert((partition, offset));
            if record.verb != Verb::Append {
                self.newest.insert((partition, record.key), offset);
            }
        }
        fresh
    }

    fn in_turn(&mut self, world: &World, partition: usize, offset: usize) {
        if let Some(skipped) =
            world.before(partition, offset).find(|earlier| !self.accounted(world, partition, *earlier))
        {
            let (earlier, later) = (world.partitions[partition][skipped], world.partitions[partition][offset]);
            let detail = format!(
                "{later} at {partition}@{offset} took effect before {earlier} at {partition}@{skipped} had ended"
            );
            self.broken(Rule::OrderHolds, detail);
        }
    }

    /// A letter was stored.
    pub(crate) fn stored(&mut self, world: &World, delivery: u32, letter: &DeadLetter) {
        let partition = usize::try_from(letter.place.partition).unwrap_or(usize::MAX);
        let offset = letter.place.offset.and_then(|offset| usize::try_from(offset).ok()).unwrap_or(usize::MAX);
        let Some(record) = world.partitions.get(partition).and_then(|records| records.get(offset)).copied() else {
            return self.broken(Rule::OneLetterEach, format!("a letter without a record: {partition}@{offset}"));
        };
        if self.redrives.contains(&delivery) {
            self.broken(
                Rule::LettersStay,
                format!("{record} at {partition}@{offset} was redriven and dead-lettered again"),
            );
        }
        self.deleted.remove(&(partition, offset));
        let known = self.letters.entry((partition, offset)).or_insert_with(|| letter.id.clone());
        if *known != letter.id {
            let detail = format!("{record} at {partition}@{offset} has two letters, {known} and {}", letter.id);
            self.broken(Rule::OneLetterEach, detail);
        }
        self.letters_of_claims.extend(letter.claim.clone());

        let code = letter.error.code.as_str();
        let caused = match record.verb {
            _ if letter.error.uncertain => {
                world.uncertain == WhenUncertain::Park
                    && letter.claim.as_ref().is_some_and(|claim| self.is_doubted(claim))
            }
            _ if code == "handler_panicked" => true,
            Verb::Garbage => code == "garbage",
            Verb::Mismatch => code == "mismatch",
            Verb::Refused => code == "refused",
            Verb::Denied => code == "denied",
            Verb::Rejected => code == "rejected",
            Verb::Skip | Verb::Version | Verb::Append | Verb::Send => false,
        };
        if !caused {
            let detail = format!("{record} at {partition}@{offset} is dead-lettered as {code} without a cause");
            self.broken(Rule::LettersHaveCauses, detail);
        }
    }

    /// A worker learns that a letter is stored. A letter whose answer is lost still counts as pending for the worker,
    /// so it may store one too many.
    pub(crate) fn told_of(&mut self, world: &World, delivery: u32, letter: &DeadLetter) {
        let partition = usize::try_from(letter.place.partition).unwrap_or(usize::MAX);
        let offset = letter.place.offset.and_then(|offset| usize::try_from(offset).ok()).unwrap_or(usize::MAX);
        if ["mismatch", "denied"].contains(&letter.error.code.as_str()) {
            let flood = self.flood.entry((delivery, partition)).or_default();
            flood.insert(offset);
            let in_flight = match world.order {
                Order::Partition => 1,
                Order::Key { in_flight } => in_flight.get(),
            };
            let limit = 10.max(world.partitions[partition].len().div_ceil(5)) + in_flight;
            let stored = flood.len();
            if stored > limit {
                self.broken(
                    Rule::NoFlood,
                    format!("delivery {delivery} dead-lettered {stored} records of partition {partition}"),
                );
            }
        }
    }

    /// A record of a partition succeeded, now or before: the flood's count restarts.
    pub(crate) fn succeeded(&mut self, delivery: u32, partition: usize) {
        self.flood.remove(&(delivery, partition));
    }

    pub(crate) fn effect_writes(&self) -> usize {
        self.effect_writes
    }

    /// An effect begins; it ends when the returned value is dropped.
    pub(crate) fn effect_begins(&mut self, delivery: u32, claim: Option<&str>) -> Running {
        let of_delivery = Arc::clone(self.running.entry(delivery).or_default());
        let of_claim = claim.map(|claim| Arc::clone(self.under_way.entry(claim.to_owned()).or_default()));
        Running([of_delivery, of_claim.unwrap_or_default()])
    }

    /// How many effects of a delivery are in progress.
    pub(crate) fn effects_running(&self, delivery: u32) -> usize {
        self.running.get(&delivery).map_or(0, |running| Arc::strong_count(running) - 1)
    }

    /// A store failed a write of a delivery.
    pub(crate) fn store_fails(&mut self, delivery: u32) {
        self.failed_by_stores.insert(delivery);
    }

    /// Whether a delivery may have reached its deadline while settling.
    pub(crate) fn waited_for_stores(&self, delivery: u32) -> bool {
        self.failed_by_stores.contains(&delivery)
    }

    /// A delivery tries to take a claim.
    pub(crate) fn touches(&mut self, delivery: u32, claim: &str) {
        self.touched.entry(delivery).or_default().insert(claim.to_owned());
    }

    /// A worker died, was ended or frozen: all claims that it tried to take may stay held.
    pub(crate) fn doubt_all_of(&mut self, delivery: u32) {
        self.doubted.extend(self.touched.get(&delivery).into_iter().flatten().cloned());
    }

    /// A delivery holds a claim from now on.
    pub(crate) fn holds(&mut self, delivery: u32, held: &Held) {
        let claim = held.key.as_str().to_owned();
        self.leases.insert((claim.clone(), held.token), held.until);
        self.owners.insert((delivery, claim), held.token);
    }

    /// The token under which a delivery last held a claim.
    pub(crate) fn token_of(&self, delivery: u32, claim: &str) -> Option<OwnerToken> {
        self.owners.get(&(delivery, claim.to_owned())).copied()
    }

    /// A claim's effect may count as uncertain from now on.
    pub(crate) fn doubt(&mut self, claim: &str) {
        self.doubted.insert(claim.to_owned());
    }

    fn is_doubted(&self, claim: &str) -> bool {
        self.doubted.contains(claim) || self.unfreed.iter().any(|(unfreed, _)| unfreed == claim)
    }

    /// A claim had no effect, but its owner could not free it: only the owner knows.
    pub(crate) fn not_freed(&mut self, claim: &str, token: OwnerToken) {
        self.unfreed.insert((claim.to_owned(), token));
    }

    /// A claim was freed.
    pub(crate) fn freed(&mut self, claim: &str, token: OwnerToken, withdrawn: bool) {
        let claim = (claim.to_owned(), token);
        self.unfreed.remove(&claim);
        if withdrawn {
            self.withdrawn.insert(claim);
        }
    }

    /// What an owner knows and did about a claim so far.
    pub(crate) fn known_of(&self, claim: &str, token: OwnerToken) -> Known {
        let claim = (claim.to_owned(), token);
        Known { lease: self.leases.get(&claim).copied(), withdrawn: self.withdrawn.contains(&claim) }
    }

    /// Whether a delivery redrives a letter.
    pub(crate) fn is_redriven(&self, delivery: u32) -> bool {
        self.redrives.contains(&delivery)
    }

    /// Everything is committed: no record and no letter may be missing.
    pub(crate) fn close(&mut self, world: &World, letters: &BTreeSet<Where>) {
        for (partition, records) in world.partitions.iter().enumerate() {
            for offset in 0..records.len() {
                self.committed(world, partition, offset);
            }
        }
        let kept = |of: &&Where| !self.deleted.contains(*of) && !self.expired.contains(*of);
        if let Some((partition, offset)) = self.letters.keys().filter(kept).find(|of| !letters.contains(of)).copied() {
            self.broken(
                Rule::OneLetterEach,
                format!("the letter of {partition}@{offset} should be in the queue, but is not"),
            );
        }
    }
}
