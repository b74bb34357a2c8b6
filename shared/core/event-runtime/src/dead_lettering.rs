//! What becomes of a record that no try will finish: parked, or reported where it must not be parked.

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

impl<H: RecordHandler> PartitionContext<'_, H> {
    /// Gives up a record that failed for good, or whose effect is uncertain.
    pub(crate) async fn dead_letter(
        &self,
        record: &RawRecord<'_>,
        fault: &Fault,
        held: Option<&Held>,
        attempt: u32,
        stages: &mut StageTimes,
    ) -> Outcome {
        let schemas = self.processor.handler.schemas(record);
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

    /// Gives up a record whose JSON could not be read.
    pub(crate) async fn dead_letter_unread(&self, place: Place, raw: RawBytes, fault: Fault) -> RecordReport {
        let letter = self.letter(place, raw, &fault, 1);
        let settling = Instant::now();
        let mut record_report = RecordReport::not_started(self.finish(&letter, &fault, None).await);
        record_report.stages.add(Stage::Settle, settling.elapsed());
        record_report
    }

    /// Gives up a record whose base64 could not be read: its text is kept as it came.
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
            // Its claim, where it has one, may still have to be parked under the letter. And without an offset two
            // records of different batches may share an id.
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

    /// A record that an operator sent again has its letter already, and keeps it.
    async fn keep_its_letter(
        &self,
        redrive: &Redrive<'_>,
        letter: &DeadLetter,
        fault: &Fault,
        held: Option<&Held>,
    ) -> Outcome {
        match (held, fault.disposition) {
            (None, _) => {}
            // Nothing happened: it may be sent again as it is.
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
        self.log(letter, fault, "redriven and failed again; its letter stays");
        Outcome::Unfinished(fault.code)
    }

    /// A letter is begun only if it can be stored within the invocation: a topic-partition of records that cannot be
    /// read would park one after the other until Lambda ends it, and nobody would be told of any of them. A claim that
    /// is held was taken with time to settle it.
    fn leave_for_another_delivery(&self, letter: &DeadLetter) -> Outcome {
        let fault = Fault::new(Stage::Settle, NoTimeLeft);
        self.log(letter, &fault, "not parked: too little is left of the invocation; the partition stops");
        Outcome::Unfinished(fault.code)
    }

    /// Too many were parked with this code already: this one is pending instead.
    async fn hold_back(&self, letter: &DeadLetter, fault: &Fault, held: Option<&Held>) -> Outcome {
        if let (Some(held), Disposition::DeadLetter) = (held, fault.disposition) {
            self.release(held, &mut StageTimes::default()).await;
        }
        self.log(letter, fault, "not parked: too many were parked with this code; the partition stops");
        Outcome::Unfinished(FLOOD_GUARD)
    }

    /// Stores the letter, then parks the claim; the record is given up only when both hold. The error is the code of
    /// what kept them from it, logged already.
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
            self.log(letter, &error, "no dead letter could be stored; the record stays pending");
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
                self.log(letter, &Fault::new(Stage::Settle, error), "the claim of a parked record could not be parked");
                Err(code)
            }
        }
    }

    /// Parks a claim by what its fault proves. Where the effect may have happened, under the letter's second name as
    /// well: a redrive of an earlier version does not read the doubt.
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
