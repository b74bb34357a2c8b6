//! Dead-lettering: stores the letter of a record that no attempt will finish and parks its claim, or reports the record
//! where it must not go to the dead letters.

use kafka_events::{Record, Redrive};
use tokio::time::Instant;

use crate::claims::{Doubt, Held};
use crate::dead_letter::{DeadLetter, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason};
use crate::failure::{Disposition, Fault, Stage};
use crate::failures::{NoTimeLeft, Store};
use crate::flood_guard::{Admission, FLOOD_GUARD};
use crate::handler::RecordHandler;
use crate::outcome::{Outcome, RecordReport, StageTimes};
use crate::partition_context::PartitionContext;
use crate::raw_record::RawRecord;
use crate::safeguards::{Safeguard, is_enabled};
use crate::store_error::StoreError;
use crate::writer_schemas::WriterSchemas;

impl<H: RecordHandler> PartitionContext<'_, H> {
    /// Dead-letters a record that failed permanently, or whose effect is uncertain.
    pub(crate) async fn dead_letter(
        &self,
        record: &RawRecord<'_>,
        fault: &Fault,
        held: Option<&Held>,
        attempt: u32,
        stages: &mut StageTimes,
    ) -> Outcome {
        let schemas = WriterSchemas::of(record, self.processor.settings.frames);
        let letter = DeadLetter {
            claim: held.map(|held| held.key.as_str().to_owned()),
            key_schema: schemas.key,
            value_schema: schemas.value,
            ..self.letter(Place::of(self.partition_name, record), RawBytes::of(record), fault, attempt)
        };
        let settling = Instant::now();
        let outcome = self.finish(&letter, fault, held).await;
        stages.add(Stage::Settle, settling.elapsed());
        outcome
    }

    /// Dead-letters a record whose JSON could not be read.
    pub(crate) async fn dead_letter_unread(&self, place: Place, raw: RawBytes, fault: Fault) -> RecordReport {
        let letter = self.letter(place, raw, &fault, 1);
        let settling = Instant::now();
        let mut record_report = RecordReport::not_started(self.finish(&letter, &fault, None).await);
        record_report.stages.add(Stage::Settle, settling.elapsed());
        record_report
    }

    /// Dead-letters a record whose base64 could not be read: its text is kept as it was delivered.
    pub(crate) async fn dead_letter_undecoded(&self, record: &Record<'_>, fault: Fault) -> RecordReport {
        let place = Place {
            topic_partition: self.partition_name.to_owned(),
            topic: record.topic.to_string(),
            partition: record.partition,
            offset: Some(record.offset),
            timestamp: record.timestamp,
            index: 0,
        };
        self.dead_letter_unread(place, RawBytes::of_undecoded(record), fault).await
    }

    async fn finish(&self, letter: &DeadLetter, fault: &Fault, held: Option<&Held>) -> Outcome {
        if let Some(redrive) = self.event.redrive.as_ref().filter(|_| is_enabled(Safeguard::LettersStay)) {
            return self.keep_its_letter(redrive, letter, fault, held).await;
        }
        if held.is_none() && !self.can_still_settle() {
            return self.leave_for_another_delivery(letter);
        }
        match self.flood.admits(&letter.id, fault) {
            Admission::DeadLetter => {}
            // Its claim, if any, may still have to be parked under the letter. And without an offset, two records of
            // different batches may have the same id.
            Admission::HasItsLetter if held.is_some() || letter.place.offset.is_none() => {}
            Admission::HasItsLetter => return Outcome::Duplicate,
            Admission::HoldBack => return self.hold_back(letter, fault, held).await,
        }
        match self.store_and_park(letter, fault, held).await {
            Ok(()) => {
                self.log_dead_lettered(letter, fault);
                Outcome::DeadLettered(fault.code)
            }
            Err(code) => Outcome::Unfinished(code),
        }
    }

    /// A redriven record already has a letter, and keeps it.
    async fn keep_its_letter(
        &self,
        redrive: &Redrive<'_>,
        letter: &DeadLetter,
        fault: &Fault,
        held: Option<&Held>,
    ) -> Outcome {
        match (held, fault.disposition) {
            (None, _) => {}
            // The effect did not happen: the record may be redriven again.
            (Some(held), Disposition::DeadLetter | Disposition::Retry { .. }) => {
                self.release(held, &mut StageTimes::default()).await;
            }
            (Some(held), Disposition::Uncertain) => {
                let id = LetterId::from_stored(&*redrive.letter_id);
                if let Err(error) = self.park_claim(held, &id, fault, Instant::now()).await {
                    let code = error.code;
                    let error = Fault::new(Stage::Settle, error);
                    self.log(letter, &error, "the claim of a redriven record could not be parked");
                    return Outcome::Unfinished(code);
                }
            }
        }
        self.log(letter, fault, "redriven and failed again; its letter stays in the queue");
        Outcome::Unfinished(fault.code)
    }

    /// A letter is stored only if there is time for it within the invocation: otherwise a partition of unreadable
    /// records would be dead-lettered one by one until Lambda ends the invocation, and none would be reported. A claim
    /// that is held was taken with enough time left to settle it.
    fn leave_for_another_delivery(&self, letter: &DeadLetter) -> Outcome {
        let fault = Fault::new(Stage::Settle, NoTimeLeft);
        self.log(letter, &fault, "not dead-lettered: too little time is left in the invocation; the partition stops");
        Outcome::Unfinished(fault.code)
    }

    /// Too many records were dead-lettered with this code already: this one stays pending.
    async fn hold_back(&self, letter: &DeadLetter, fault: &Fault, held: Option<&Held>) -> Outcome {
        if let (Some(held), Disposition::DeadLetter) = (held, fault.disposition) {
            self.release(held, &mut StageTimes::default()).await;
        }
        self.log(
            letter,
            fault,
            "not dead-lettered: too many records were dead-lettered with this code; the partition stops",
        );
        Outcome::Unfinished(FLOOD_GUARD)
    }

    /// Stores the letter, then parks the claim; the record is finished only when both succeeded. The error is the code
    /// of the failure, which is already logged.
    async fn store_and_park(
        &self,
        letter: &DeadLetter,
        fault: &Fault,
        held: Option<&Held>,
    ) -> Result<(), &'static str> {
        let started = Instant::now();
        let stored = self
            .settle(Store::DeadLetters, "store a letter", started, || self.processor.dead_letters.store(letter))
            .await;
        if let Err(error) = stored {
            if !is_enabled(Safeguard::LetterFirst) {
                return Ok(());
            }
            let code = error.code;
            self.flood.was_stored(&letter.id, fault, false);
            let error = Fault::new(Stage::Settle, error);
            self.log(letter, &error, "the dead letter could not be stored; the record stays pending");
            if let (Some(held), Disposition::DeadLetter) = (held, fault.disposition) {
                self.release(held, &mut StageTimes::default()).await;
            }
            return Err(code);
        }
        self.flood.was_stored(&letter.id, fault, true);
        let Some(held) = held else { return Ok(()) };
        match self.park_claim(held, &letter.id, fault, started).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let code = error.code;
                self.log(
                    letter,
                    &Fault::new(Stage::Settle, error),
                    "the dead letter is stored, but the record's claim could not be parked; the record stays pending",
                );
                Err(code)
            }
        }
    }

    /// Parks a claim with what its fault proves. Where the effect may have happened, the claim is parked under the
    /// letter's second name: a redrive of an earlier version does not read the doubt.
    async fn park_claim(
        &self,
        held: &Held,
        letter: &LetterId,
        fault: &Fault,
        started: Instant,
    ) -> Result<(), StoreError> {
        let (letter, doubt) = match fault.disposition {
            Disposition::Uncertain if is_enabled(Safeguard::CertainOnly) => (letter.uncertain(), Doubt::Uncertain),
            Disposition::Uncertain => (letter.clone(), Doubt::Uncertain),
            Disposition::DeadLetter | Disposition::Retry { .. } => (letter.clone(), Doubt::Certain),
        };
        let claims = &self.processor.claims;
        self.settle(Store::Claims, "park", started, || claims.park(held, &letter, doubt)).await.map(drop)
    }

    fn letter(&self, place: Place, raw: RawBytes, fault: &Fault, attempt: u32) -> DeadLetter {
        let source = self.event.source.as_str();
        let cluster = self.event.source_arn.as_deref().or(self.event.bootstrap_servers.as_deref()).unwrap_or_default();
        DeadLetter {
            version: LETTER_VERSION,
            id: LetterId::of(&self.invocation.function, cluster, &place),
            event_source: source.to_owned(),
            event_source_arn: self.event.source_arn.as_deref().map(str::to_owned),
            bootstrap_servers: self.event.bootstrap_servers.as_deref().map(str::to_owned),
            place,
            raw,
            key_schema: None,
            value_schema: None,
            claim: None,
            error: Reason {
                code: fault.code.to_owned(),
                stage: fault.stage.as_str().to_owned(),
                chain: fault.chain(),
                uncertain: fault.disposition == Disposition::Uncertain,
            },
            given_up_by: GivenUpBy {
                function: self.invocation.function.clone(),
                function_version: self.invocation.function_version.clone(),
                request_id: self.invocation.request_id.clone(),
                attempt,
                at_ms: self.processor.clock.now().0,
            },
            redriven: None,
        }
    }
}
