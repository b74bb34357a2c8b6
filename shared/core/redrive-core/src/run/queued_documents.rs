//! Documents of an on-failure destination that lie in the queue among the letters. SQS receives no records, so the run can
//! only explain them, and remove them when a person has decided that they are done.

use event_runtime::{Decision, error_chain};

use super::documents::document_entry;
use super::queue_contents::QueueContents;
use super::session::Session;
use crate::on_failure::{OnFailureDocument, delivery_steps};
use crate::ports::Message;
use crate::progress::Progress;
use crate::report::{RedriveOutcome, ReportBuilder};
use crate::request::Action;

pub(super) async fn settle_queued_documents(
    contents: &mut QueueContents,
    session: &mut Session<'_>,
    report: &mut ReportBuilder,
    progress: &dyn Progress,
) {
    let request = session.request;
    let mut removed = Vec::new();
    let is_selected = |(message, document): &&(Message, OnFailureDocument)| {
        request.selects_id(&message.id) && request.selects_document(document)
    };
    let selected: Vec<_> = contents.documents.iter().filter(is_selected).collect();
    for (index, (message, document)) in selected.iter().enumerate() {
        let outcome = match (request.action, request.decision) {
            (Action::List | Action::Show, _) => RedriveOutcome::Listed,
            (Action::Replay | Action::Resolve, _) if session.is_over() => RedriveOutcome::NotReached,
            (Action::Resolve, Some(Decision::Done)) if !request.yes => RedriveOutcome::WouldResolve,
            (Action::Resolve, Some(Decision::Done)) => {
                match session.ports.queue.remove(std::slice::from_ref(&message.receipt)).await {
                    Ok(()) => {
                        removed.push(message.id.clone());
                        RedriveOutcome::TakenForDone
                    }
                    Err(error) => RedriveOutcome::NotRemoved { error: error_chain(&error).join(": ") },
                }
            }
            (Action::Replay | Action::Resolve, _) => RedriveOutcome::Told { advice: delivery_steps(document) },
        };
        let entry = document_entry(request, &message.id, document, outcome);
        progress.settled(index + 1, selected.len(), &entry);
        report.add(entry);
    }
    contents.documents.retain(|(message, _)| !removed.contains(&message.id));
}
