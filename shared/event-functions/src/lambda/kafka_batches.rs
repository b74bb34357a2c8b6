//! Serves Kafka batches: from an invocation to the answer that its event source mapping acts on.

use std::sync::Arc;

use event_runtime::{BatchFailed, Processor, RecordHandler, Reporting, cut_text};
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};

use super::invocation;
use super::raw_body::{Bodies, RawBodyLayer};

/// Why an invocation failed, as the Runtime API wants it.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Batch(#[from] BatchFailed),
    #[error("the invocation has no body")]
    NoBody,
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        let error_type = match &failed {
            Failed::Batch(BatchFailed::Unfinished { .. }) => "UnfinishedRecords",
            Failed::Batch(BatchFailed::Unreadable(_)) => "UnreadableEvent",
            Failed::NoBody => "NoBody",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: cut_text(&failed) }
    }
}

/// Serves Kafka batches until Lambda ends the process, and writes each batch's metrics.
///
/// By default any record that is still pending fails the invocation, and the event source mapping delivers the whole batch
/// again. Only [`Reporting::PartialBatch`] answers with `batchItemFailures`: without `ReportBatchItemFailures` in the mapping
/// AWS ignores that answer and commits the batch, and every record in it would be lost. A record that an operator sent again
/// is answered by its letter's id, `{"finished": …}`, or fails the invocation.
///
/// Invocations run one after the other, as Lambda sends them to an ordinary function. Lambda Managed Instances set
/// `AWS_LAMBDA_MAX_CONCURRENCY`: then that many run at the same time. They share the processor's circuit, flood guard and
/// bounds, and everything that the handler bounds itself.
///
/// # Errors
/// Only when the Lambda Runtime API cannot be reached.
pub(crate) async fn serve<H>(processor: Processor<H>, reporting: Reporting) -> Result<(), lambda_runtime::Error>
where
    H: RecordHandler,
{
    let bodies = Bodies::default();
    let processor = Arc::new(processor);
    let layer = RawBodyLayer(bodies.clone());
    let handler = service_fn(move |event: LambdaEvent<()>| {
        let (processor, bodies) = (Arc::clone(&processor), bodies.clone());
        async move {
            let body = bodies.take(&event.context.request_id).ok_or(Failed::NoBody)?;
            let invocation = invocation::of_context(&event.context);
            let report = processor.process(&body, &invocation).await.map_err(BatchFailed::from)?;
            crate::telemetry::write_batch_metrics(&invocation.function, &report);
            Ok::<_, Failed>(report.answer(reporting)?)
        }
    });
    // Sequential where the variable is missing or one.
    Runtime::new(handler).layer(layer).run_concurrent().await
}
