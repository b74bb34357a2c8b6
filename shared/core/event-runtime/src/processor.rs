//! The batch processor: topic-partitions run concurrently, the records of each in order.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kafka_events::{Event, ScanError};
use schema_registry::FetchCounter;
use tokio::time::Instant;

use crate::circuit::Circuit;
use crate::claims::Claims;
use crate::clock::{Clock, SystemClock};
use crate::dead_letter::DeadLetters;
use crate::failure_log::FailureLog;
use crate::flood_guard::Floods;
use crate::handler::RecordHandler;
use crate::in_flight::InFlight;
use crate::outcome::BatchReport;
use crate::partition::{Batch, PartitionReport, run_partition};
use crate::processor_context::ProcessorContext;
use crate::renamed_claims::RenamedClaims;
use crate::retry::RetryBudget;
use crate::settings::{Drain, Invocation, Settings};

/// Runs a handler over batches of Kafka records. It can process several batches at the same time: they share the
/// circuit breaker, the flood guard and the limits on what is in flight; each batch has its own retry budget.
pub struct Processor<H>(ProcessorContext<H>);

impl<H: RecordHandler> Processor<H> {
    /// A processor that uses the machine's clock.
    pub fn new(handler: H, claims: Arc<dyn Claims>, dead_letters: Arc<dyn DeadLetters>, settings: Settings) -> Self {
        if settings.drain != Drain::Nothing {
            tracing::warn!(partitions = ?settings.drain, "the flood guard is off for these partitions: no flood of dead letters stops them");
        }
        let circuit = Circuit::new(settings.circuit);
        let in_flight = InFlight::new(settings.max_records_in_flight, settings.max_bytes_in_flight);
        let (clock, floods) = (Arc::new(SystemClock), Floods::default());
        let claims = Arc::new(RenamedClaims(claims));
        Processor(ProcessorContext { handler, claims, dead_letters, clock, settings, circuit, floods, in_flight })
    }

    /// The same with another clock.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Processor(ProcessorContext { clock, ..self.0 })
    }

    /// Processes all records of an event. Topic-partitions are polled in the calling task and nothing is spawned, so
    /// decoded events may borrow from `body`.
    ///
    /// # Errors
    /// Only when the event's JSON cannot be split into records: then none was started.
    pub async fn process(&self, body: &[u8], invocation: &Invocation) -> Result<BatchReport, ScanError> {
        let started = Instant::now();
        let event = Event::scan(body)?;
        let redriven = event.redrive.as_ref().map(|redrive| redrive.letter_id.to_string());
        let mut report = BatchReport { redriven, ..BatchReport::default() };
        report.stages.add(crate::Stage::Scan, started.elapsed());

        let now = self.0.clock.now();
        let retries = RetryBudget::for_records(event.partitions.iter().map(|partition| partition.records.len()).sum());
        let (failures, fetches) = (FailureLog::default(), FetchCounter::default());
        let batch = Batch {
            processor: &self.0,
            event: &event,
            invocation,
            retries: &retries,
            failures: &failures,
            fetches: &fetches,
            started: now,
        };
        let mut partitions: FuturesUnordered<_> =
            event.partitions.iter().map(|partition| run_partition(&batch, partition)).collect();
        while let Some(partition) = partitions.next().await {
            merge(&mut report, partition);
        }
        drop(partitions);
        failures.summarize();
        report.schemas = fetches.stats();
        report.duration = started.elapsed();
        Ok(report)
    }
}

fn merge(report: &mut BatchReport, partition: PartitionReport) {
    for outcome in partition.outcomes {
        report.count(outcome);
    }
    for (name, offset) in partition.unfinished {
        match offset {
            Some(offset) => report.unfinished.report(name, offset),
            None => report.unfinished_without_offset += 1,
        }
    }
    report.stages.merge(&partition.stages);
    report.retries += partition.retries;
    report.partitions_stopped_by_flood_guard += usize::from(partition.stopped_by_flood_guard);
    report.oldest_record_age = report.oldest_record_age.max(partition.oldest_record_age);
}
