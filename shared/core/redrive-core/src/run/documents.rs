//! A run over documents of an on-failure destination, from a bucket or from the request: sends the batch of each document
//! to its function.
//!
//! The records of a batch have no letters, so they are sent without the mark of a redrive. The function handles them like
//! any delivery, and dead-letters what it cannot handle.

use std::collections::BTreeMap;
use std::time::Duration;

use event_runtime::{Clock, UnixMillis, error_chain};

use super::session::Session;
use crate::error::RedriveError;
use crate::on_failure::{OnFailureDocument, delivery_steps};
use crate::ports::{ExpectedAnswer, Invoked};
use crate::progress::Progress;
use crate::report::{Entry, RedriveOutcome, Report, ReportBuilder};
use crate::request::{Action, Bucket, Request};

/// Batches that failed within this time are sent without `acceptOld`; SQS keeps letters as long.
const RECENT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const TOO_OLD: &str = "its batch failed more than 14 days ago, or at an unknown time: the function may have forgotten a \
    deletion since (TOMBSTONE_DAYS), and the record would bring the row back. If that cannot happen, accept it \
    (`acceptOld`, `--accept-old`)";
/// The most objects of one run, unless the request has another limit.
const MAX_OBJECTS: usize = 1_000;

/// Runs over the documents of the request, in their order.
///
/// # Errors
/// When the bucket cannot be listed.
pub(crate) async fn run_over_documents(
    session: &mut Session<'_>,
    progress: &dyn Progress,
) -> Result<Report, RedriveError> {
    let request = session.request;
    let mut report = ReportBuilder::default();
    // For each partition the first document that stays: later documents wait for it, so that records keep their order.
    let mut blocked = BTreeMap::new();
    let (ids, more) = match &request.on_failure {
        Some(Bucket { bucket, prefix }) => {
            session.ports.objects.list(bucket, prefix, request.limit.unwrap_or(MAX_OBJECTS)).await?
        }
        None => ((1..=request.documents.len()).map(|number| number.to_string()).collect(), false),
    };
    for (index, id) in ids.iter().enumerate() {
        if !request.selects_id(id) {
            continue;
        }
        let entry = match read_document(session, index, id).await {
            Ok(document) if !request.selects_document(&document) => continue,
            Ok(document) => {
                let partitions = document.batch.partitions.keys();
                let behind = partitions.clone().find_map(|name| blocked.get(name));
                let outcome = match (request.action, behind) {
                    (Action::List | Action::Show | Action::Resolve, _) => RedriveOutcome::Listed,
                    (Action::Replay, _) if session.is_over() => RedriveOutcome::NotReached,
                    (Action::Replay, Some(behind)) => RedriveOutcome::Waits { behind: String::clone(behind) },
                    (Action::Replay, None) => replay(session, &document, id).await,
                };
                if outcome.blocks_later_letters() {
                    blocked.extend(partitions.map(|name| (name.clone(), id.clone())));
                }
                document_entry(request, id, &document, outcome)
            }
            Err(reason) => Entry::of_unreadable_document(id, RedriveOutcome::Refused { reason }),
        };
        session.record(&entry.outcome);
        progress.settled(index + 1, ids.len(), &entry);
        report.add(entry);
    }
    let report = report.build(session.is_dry_run(), session.ended_early());
    let incomplete = more.then(|| "the bucket holds more objects: raise the limit, or run again".to_owned());
    Ok(Report { incomplete, ..report })
}

/// Reads one document, from the bucket or from the request.
async fn read_document(session: &Session<'_>, index: usize, id: &str) -> Result<OnFailureDocument, String> {
    let request = session.request;
    let body = match &request.on_failure {
        Some(Bucket { bucket, .. }) => {
            session.ports.objects.get(bucket, id).await.map_err(|error| error_chain(&error).join(": "))?
        }
        None => request.documents.get(index).map(|json| json.get().as_bytes().to_vec()).unwrap_or_default(),
    };
    OnFailureDocument::read(&body).map_err(|error| error.to_string())
}

async fn replay(session: &mut Session<'_>, document: &OnFailureDocument, id: &str) -> RedriveOutcome {
    let (request, ports) = (session.request, session.ports);
    let event = match document.event() {
        Ok(Some(event)) => event,
        Ok(None) => return RedriveOutcome::Told { advice: delivery_steps(document) },
        Err(error) => return RedriveOutcome::Refused { reason: error.to_string() },
    };
    let Some(function) = document.function_name().or(request.into.as_deref()) else {
        let reason = "the document names no function: name one with `into`".to_owned();
        return RedriveOutcome::Refused { reason };
    };
    if !request.accept_old && !is_recent(&*ports.clock, document) {
        return RedriveOutcome::Refused { reason: TOO_OLD.to_owned() };
    }
    if !request.yes {
        return RedriveOutcome::WouldReplay;
    }
    if !session.wait_for_turn().await {
        return RedriveOutcome::NotReached;
    }
    let target = session.target(function, document.function_qualifier(), ExpectedAnswer::NoFailures);
    match ports.invoker.invoke(&target, event.into_bytes()).await {
        Ok(Invoked::Finished) => match &request.on_failure {
            None => RedriveOutcome::Finished,
            Some(Bucket { bucket, .. }) => match ports.objects.remove(bucket, id).await {
                Ok(()) => RedriveOutcome::Finished,
                Err(error) => RedriveOutcome::NotRemoved { error: error_chain(&error).join(": ") },
            },
        },
        Ok(Invoked::Failed(error) | Invoked::Unknown(error)) => RedriveOutcome::FailedAgain { attempts: 0, error },
        Ok(Invoked::Unconfirmed(error)) => RedriveOutcome::Unconfirmed { attempts: 0, error },
        Err(error) => RedriveOutcome::NotInvoked { error: error_chain(&error).join(": ") },
    }
}

/// Whether the batch failed a short time ago. Its records are sent without a mark, so the function cannot see that they
/// are late.
fn is_recent(clock: &dyn Clock, document: &OnFailureDocument) -> bool {
    let failed_at = document.failed_at().and_then(|at| u64::try_from(at.as_millisecond()).ok()).map(UnixMillis);
    failed_at.is_some_and(|failed_at| clock.now().since(failed_at) <= RECENT)
}

/// The report's entry on a document; `show` adds the instructions.
pub(super) fn document_entry(
    request: &Request,
    id: &str,
    document: &OnFailureDocument,
    outcome: RedriveOutcome,
) -> Entry {
    let show = request.action == Action::Show;
    let details = show.then(|| serde_json::json!({"advice": delivery_steps(document)}));
    Entry { details, ..Entry::of_document(id, document, outcome) }
}
