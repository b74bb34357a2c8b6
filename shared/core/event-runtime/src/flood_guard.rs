//! The flood guard: keeps a broken deployment from draining a topic into the dead letters.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::dead_letter::LetterId;
use crate::failure::{Blame, Disposition, Fault, Stage};
use crate::safeguards::{Safeguard, is_enabled};
use crate::settings::Drain;

/// The reason of records in a topic-partition that the flood guard stopped.
pub(crate) const FLOOD_GUARD: &str = "flood_guard";

/// How long after its last letter a code's letters are still counted; and how often a stopped topic-partition
/// dead-letters one more record.
///
/// Long compared with the pauses between deliveries of a batch, so that a deployment that refuses every record is
/// noticed even if records are rare. Short compared with the time until an operator reacts, so that a permanently
/// refused record at the head of a stopped partition does not hold it up until then.
pub(crate) const FLOOD_MEMORY: Duration = Duration::from_secs(600);

/// The letters counted so far, by topic-partition. Kept across batches: when a batch is delivered again, a broken
/// deployment must not dead-letter ten more records.
#[derive(Debug, Default)]
pub(crate) struct Floods(Mutex<HashMap<String, Vec<Flood>>>);

/// The letters of one code in one topic-partition, since a record last cleared that code.
#[derive(Debug)]
struct Flood {
    code: &'static str,
    /// The stage that a record has to pass to clear the code: it shows that the deployment as a whole works.
    stage: Stage,
    /// By letter, whether it is known to be stored: a write may still be in progress. A letter that is stored again,
    /// because its record was delivered again, is not counted twice.
    letters: HashMap<LetterId, bool>,
    /// When the last of them was admitted.
    last: Instant,
    /// Whether there were too many, so that the partition stopped. Time alone does not clear that.
    tripped: bool,
}

impl Flood {
    fn is_recent(&self, now: Instant) -> bool {
        now.duration_since(self.last) < FLOOD_MEMORY
    }
}

/// What happens to a record that cannot be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may be dead-lettered.
    DeadLetter,
    /// Its letter is stored by an earlier delivery, so the stopped partition goes past it.
    HasItsLetter,
    /// It stays pending, and its partition stops.
    HoldBack,
}

/// Stops a topic-partition in which record after record is dead-lettered with one code: a broken deployment must not
/// drain a topic into the dead-letter queue. Codes that are the record's own fault are not counted.
///
/// **What clears a code.** A record that passes the stage in which the code arises shows that this deployment handles
/// that stage: a skipped record was read, so it clears the codes of reading; a duplicate has also passed its claim; an
/// effect clears everything. A code whose last letter is ten minutes old is forgotten.
///
/// **A stopped topic-partition** is tried with one record in each delivery, which stays pending. So that no record
/// stops it for good, one more record is dead-lettered ten minutes after the last letter; records whose letters are
/// already stored are passed over. The partition goes on when a record passes the stage, or when an operator drains it
/// ([`Drain`]).
#[derive(Debug)]
pub(crate) struct FloodGuard<'a> {
    floods: &'a Floods,
    partition: &'a str,
    /// `None` where the partition is drained.
    limit: Option<usize>,
    stopped: AtomicBool,
}

impl<'a> FloodGuard<'a> {
    /// A fifth of the partition's records, at least 10, may be dead-lettered with one code.
    pub(crate) fn new(floods: &'a Floods, partition: &'a str, records: usize, drain: &Drain) -> Self {
        let limit = (!drain.covers(partition)).then(|| records.div_ceil(5).max(10));
        FloodGuard { floods, partition, limit, stopped: AtomicBool::new(false) }
    }

    /// Whether a record with this fault may be dead-lettered under this letter.
    pub(crate) fn admits(&self, letter: &LetterId, fault: &Fault) -> Admission {
        let Some(limit) = self.limit.filter(|_| fault.blame == Blame::Deployment) else { return Admission::DeadLetter };
        let (now, code, stage) = (Instant::now(), fault.code, disproved_by(fault));
        let mut floods = self.floods();
        let partition = floods.entry(self.partition.to_owned()).or_default();
        partition.retain(|flood| flood.tripped || flood.is_recent(now));
        let at = partition.iter().position(|flood| (flood.code, flood.stage) == (code, stage)).unwrap_or_else(|| {
            partition.push(Flood { code, stage, letters: HashMap::new(), last: now, tripped: false });
            partition.len() - 1
        });
        let Some(flood) = partition.get_mut(at) else { return Admission::DeadLetter };
        let known = flood.letters.get(letter).copied();
        flood.tripped |= known.is_none() && flood.letters.len() >= limit;
        if flood.tripped && flood.is_recent(now) && is_enabled(Safeguard::FloodStops) {
            self.stopped.store(true, Ordering::Relaxed);
            return Admission::HoldBack;
        }
        match known {
            Some(true) if flood.tripped => Admission::HasItsLetter,
            Some(_) => Admission::DeadLetter,
            None => {
                flood.letters.insert(letter.clone(), false);
                flood.last = now;
                Admission::DeadLetter
            }
        }
    }

    /// Notes whether the letter of an admitted record was stored; if not, another record may take its place.
    pub(crate) fn was_stored(&self, letter: &LetterId, fault: &Fault, stored: bool) {
        let mut floods = self.floods();
        let partition = floods.get_mut(self.partition).into_iter().flatten();
        for flood in partition.filter(|flood| (flood.code, flood.stage) == (fault.code, disproved_by(fault))) {
            match (stored, flood.letters.get_mut(letter)) {
                (true, Some(known)) => *known = true,
                (false, Some(false)) => {
                    flood.letters.remove(letter);
                    if flood.tripped {
                        flood.last = flood.last.checked_sub(FLOOD_MEMORY).unwrap_or(flood.last);
                    }
                }
                (false, Some(true)) | (_, None) => {}
            }
        }
    }

    /// A record has passed a stage: what other records failed with there, or before, is theirs and not the
    /// deployment's.
    pub(crate) fn passed(&self, stage: Stage) {
        let mut floods = self.floods();
        let Some(partition) = floods.get_mut(self.partition) else { return };
        partition.retain(|flood| flood.stage > stage && is_enabled(Safeguard::FloodByStage));
        if partition.is_empty() {
            floods.remove(self.partition);
        }
    }

    /// Whether the partition has stopped in this batch.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn floods(&self) -> MutexGuard<'_, HashMap<String, Vec<Flood>>> {
        self.floods.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stage that clears a fault's code. An uncertain effect counts as a failure of the effect, even if it was found by
/// the claim.
fn disproved_by(fault: &Fault) -> Stage {
    match fault.disposition {
        Disposition::Uncertain => Stage::Handle,
        Disposition::DeadLetter | Disposition::Retry { .. } => fault.stage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct No(&'static str, Blame, Disposition);

    impl Failure for No {
        fn disposition(&self) -> Disposition {
            self.2
        }
        fn code(&self) -> &'static str {
            self.0
        }
        fn blame(&self) -> Blame {
            self.1
        }
    }

    fn fault(stage: Stage, code: &'static str) -> Fault {
        Fault::new(stage, No(code, Blame::Deployment, Disposition::DeadLetter))
    }

    fn letter(number: u32) -> LetterId {
        LetterId::from_stored(number.to_string())
    }

    /// A topic-partition of fewer than fifty records, in one process.
    #[derive(Default)]
    struct TopicPartition(Floods);

    impl TopicPartition {
        fn batch(&self) -> FloodGuard<'_> {
            FloodGuard::new(&self.0, "orders-0", 20, &Drain::Nothing)
        }

        /// How many of these are dead-lettered, each in a batch of its own.
        fn dead_letters(&self, letters: std::ops::Range<u32>, fault: &Fault) -> usize {
            letters.filter(|number| self.dead_letters_one(*number, fault, true)).count()
        }

        fn dead_letters_one(&self, number: u32, fault: &Fault, stored: bool) -> bool {
            let admitted = self.batch().admits(&letter(number), fault) == Admission::DeadLetter;
            if admitted {
                self.batch().was_stored(&letter(number), fault, stored);
            }
            admitted
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_the_deployments_code_stops_the_partition() {
        let (partition, mismatch) = (TopicPartition::default(), fault(Stage::Decode, "schema_mismatch"));
        let truncated = Fault::new(Stage::Decode, No("frame_truncated", Blame::Record, Disposition::DeadLetter));
        assert_eq!(partition.dead_letters(0..50, &truncated), 50);
        assert_eq!(partition.dead_letters(0..10, &mismatch), 10);
        assert_eq!(partition.dead_letters(10..11, &fault(Stage::Decode, "another")), 1);
        let guard = partition.batch();
        assert_eq!(guard.admits(&letter(10), &mismatch), Admission::HoldBack);
        assert!(guard.has_stopped() && !partition.batch().has_stopped());
        assert_eq!(
            partition.batch().admits(&letter(3), &mismatch),
            Admission::HoldBack,
            "nor is a known letter stored again"
        );

        let other = FloodGuard::new(&partition.0, "orders-1", 20, &Drain::Nothing);
        assert_eq!(other.admits(&letter(10), &mismatch), Admission::DeadLetter);
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_clears_the_codes_of_the_stages_that_it_has_passed() {
        let codes = [
            fault(Stage::Scan, "unscanned"),
            fault(Stage::Decode, "unread"),
            fault(Stage::Claim, "conflict"),
            fault(Stage::Handle, "refused"),
            // An uncertain effect of another worker, found by its claim.
            Fault::new(Stage::Claim, No("uncertain", Blame::Deployment, Disposition::Uncertain)),
        ];
        for (passed, cleared) in [(Stage::Decode, 2), (Stage::Claim, 3), (Stage::Handle, 5), (Stage::Settle, 5)] {
            let partition = TopicPartition::default();
            for code in &codes {
                assert_eq!(partition.dead_letters(0..11, code), 10);
            }
            partition.batch().passed(passed);
            let goes_on = codes.iter().map(|code| partition.dead_letters(11..12, code));
            assert_eq!(goes_on.sum::<usize>(), cleared, "{passed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn letters_count_together_while_less_than_ten_minutes_are_between_them() {
        let refused = fault(Stage::Handle, "refused");
        for (between, parked) in [(FLOOD_MEMORY, 30), (FLOOD_MEMORY - Duration::from_millis(1), 10)] {
            let partition = TopicPartition::default();
            let mut count = 0;
            for number in 0..30 {
                count += partition.dead_letters(number..number + 1, &refused);
                if count < 10 || parked == 30 {
                    tokio::time::advance(between).await;
                }
            }
            assert_eq!(count, parked, "{between:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopped_partition_dead_letters_one_more_record_every_ten_minutes() {
        let (partition, refused) = (TopicPartition::default(), fault(Stage::Handle, "refused"));
        assert_eq!(partition.dead_letters(0..12, &refused), 10);
        for next in 10..15 {
            tokio::time::advance(FLOOD_MEMORY / 2).await;
            assert_eq!(partition.dead_letters(next..next + 1, &refused), 0, "not yet");
            tokio::time::advance(FLOOD_MEMORY / 2).await;
            let guard = partition.batch();
            for before in 0..next {
                assert_eq!(guard.admits(&letter(before), &refused), Admission::HasItsLetter, "{before}");
            }
            assert!(partition.dead_letters_one(next, &refused, true));
            assert_eq!(guard.admits(&letter(next + 1), &refused), Admission::HoldBack);
        }
        tokio::time::advance(FLOOD_MEMORY * 100).await;
        assert_eq!(partition.dead_letters(15..30, &refused), 1, "after however long a silence");
        partition.batch().passed(Stage::Handle);
        assert_eq!(partition.dead_letters(30..45, &refused), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_letter_that_was_not_stored_counts_for_nothing() {
        let (partition, refused) = (TopicPartition::default(), fault(Stage::Handle, "refused"));
        assert_eq!(partition.dead_letters(0..9, &refused), 9);
        assert!(partition.dead_letters_one(9, &refused, false));
        assert_eq!(partition.dead_letters(10..12, &refused), 1);
        tokio::time::advance(FLOOD_MEMORY).await;
        assert!(partition.dead_letters_one(12, &refused, false));
        assert_eq!(partition.dead_letters(13..15, &refused), 1, "the store failed: the next delivery may try again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_letter_that_is_on_its_way_is_not_taken_for_stored() {
        let (partition, refused) = (TopicPartition::default(), fault(Stage::Handle, "refused"));
        for number in 0..10 {
            assert_eq!(partition.batch().admits(&letter(number), &refused), Admission::DeadLetter);
        }
        assert_eq!(partition.dead_letters(10..11, &refused), 0);
        partition.batch().was_stored(&letter(0), &refused, true);
        tokio::time::advance(FLOOD_MEMORY).await;
        assert_eq!(partition.batch().admits(&letter(0), &refused), Admission::HasItsLetter);
        assert_eq!(partition.batch().admits(&letter(1), &refused), Admission::DeadLetter, "stored again, to be sure");
        assert!(partition.dead_letters_one(10, &refused, true), "which takes no other record's place");
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_records_delivered_again_count_once() {
        let (partition, mismatch) = (TopicPartition::default(), fault(Stage::Decode, "schema_mismatch"));
        for _ in 0..3 {
            assert_eq!(partition.dead_letters(0..10, &mismatch), 10);
        }
        assert_eq!(partition.dead_letters(10..11, &mismatch), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_partition_that_is_drained_parks_whatever_comes() {
        let (floods, refused) = (Floods::default(), fault(Stage::Handle, "refused"));
        for drain in [Drain::Everything, Drain::Partitions(["orders-0".to_owned()].into())] {
            let guard = FloodGuard::new(&floods, "orders-0", 20, &drain);
            assert!(
                (0..100).all(|number| guard.admits(&letter(number), &refused) == Admission::DeadLetter),
                "{drain:?}"
            );
        }
        let other = FloodGuard::new(&floods, "orders-1", 20, &Drain::Partitions(["orders-0".to_owned()].into()));
        assert_eq!(
            (0..100).filter(|number| other.admits(&letter(*number), &refused) == Admission::DeadLetter).count(),
            10
        );
    }
}
