//! Kafka batches: from an invocation to the answer that its event source mapping acts on.

use std::sync::Arc;

use event_runtime::{BatchReport, Clock, Deadline, Invocation, Processor, RecordHandler, SystemClock, UnixMillis};
use kafka_events::BatchResponse;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};

use crate::raw_body::{Bodies, RawBodyLayer};

/// How records that are still owed are told to the event source mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reporting {
    /// Fail the invocation: the mapping delivers the whole batch again. Right for every mapping.
    #[default]
    WholeBatch,
    /// Answer with `batchItemFailures`. Only together with `ReportBatchItemFailures` in the mapping.
    PartialBatch,
}

/// Why an invocation failed, as the event source mapping and the console show it.
#[derive(Debug, thiserror::Error)]
pub enum BatchFailed {
    /// Records are still owed; the mapping must deliver the batch again.
    #[error("{owed} of {records} records are not finished ({reasons}); the batch must be delivered again")]
    Unfinished {
        /// Records still owed.
        owed: usize,
        /// Records in the batch.
        records: usize,
        /// Their reasons with counts.
        reasons: String,
    },
    /// The event is not the JSON of a Kafka event source mapping.
    #[error("the event cannot be read: {0}")]
    Unreadable(#[from] kafka_events::ScanError),
    /// The runtime handed over no body.
    #[error("the invocation has no body")]
    NoBody,
}

impl From<BatchFailed> for Diagnostic {
    fn from(failed: BatchFailed) -> Self {
        let error_type = match failed {
            BatchFailed::Unfinished { .. } => "UnfinishedRecords",
            BatchFailed::Unreadable(_) => "UnreadableEvent",
            BatchFailed::NoBody => "NoBody",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: failed.to_string() }
    }
}

/// Serves invocations until Lambda ends the process, writing each batch's metrics.
///
/// # Errors
/// Only when the Lambda Runtime API cannot be reached.
pub async fn serve<H>(processor: Processor<H>, reporting: Reporting) -> Result<(), lambda_runtime::Error>
where
    H: RecordHandler + Send + 'static,
{
    let bodies = Bodies::default();
    let processor = Arc::new(processor);
    let layer = RawBodyLayer(bodies.clone());
    let handler = service_fn(move |event: LambdaEvent<()>| {
        let (processor, bodies) = (Arc::clone(&processor), bodies.clone());
        async move {
            let body = bodies.take(&event.context.request_id).ok_or(BatchFailed::NoBody)?;
            let now = SystemClock.now();
            let invocation = Invocation {
                deadline: Deadline::from_header(UnixMillis(event.context.deadline), now),
                request_id: event.context.request_id,
                function: event.context.env_config.function_name.clone(),
                function_version: event.context.env_config.version.clone(),
            };
            let report = processor.process(&body, &invocation).await?;
            telemetry::write_batch_metrics(&invocation.function, &report);
            answer(report, reporting)
        }
    });
    Runtime::new(handler).layer(layer).run().await
}

/// What the mapping is told.
fn answer(report: BatchReport, reporting: Reporting) -> Result<BatchResponse, BatchFailed> {
    let owed = report.unfinished_records();
    if owed == 0 {
        return Ok(BatchResponse::default());
    }
    match reporting {
        // A record without a readable offset cannot be named in the answer.
        Reporting::PartialBatch if report.unfinished_without_offset == 0 => Ok(report.unfinished),
        Reporting::PartialBatch | Reporting::WholeBatch => {
            let reasons: Vec<_> = report
                .outcomes
                .iter()
                .filter_map(|(outcome, count)| match outcome {
                    event_runtime::Outcome::Unfinished(code) => Some(format!("{code}: {count}")),
                    _ => None,
                })
                .collect();
            Err(BatchFailed::Unfinished { owed, records: report.records(), reasons: reasons.join(", ") })
        }
    }
}
