//! Documents of an on-failure destination: those with records are sent as the events that they are, the others are
//! explained.
//!
//! They are no letters: their records were never parked, so they are sent without the mark of a redrive. The function
//! treats them as it treats any delivery and parks what it cannot handle.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::on_failure::OnFailure;
use event_runtime::{Decision, UnixMillis, error_chain};

use crate::advice::advice;
use crate::catalogue::Catalogue;
use crate::error::RedriveError;
use crate::invoke::{Invoked, Success};
use crate::queue::Message;
use crate::report::{Draft, Entry, Fate, Report};
use crate::request::{Action, Bucket, Request};
use crate::run::{Progress, Redrive, Session};

/// For so long nobody needs to think before a batch is delivered again: as long as SQS would keep it.
const RECENT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const OLD: &str = "its batch was given up more than 14 days ago, or at a time that it does not tell: what was deleted since \
    may be forgotten by its function (TOMBSTONE_DAYS) and would come back. If that cannot be, say so (`acceptOld`, \
    `--accept-old`)";
/// So many objects are looked at in one run, unless the request says otherwise.
const OBJECTS: usize = 1_000;

impl Redrive {
    /// A run over documents from a bucket or from the request itself, in their order.
    pub(crate) async fn run_documents(
        &self,
        request: &Request,
        progress: &dyn Progress,
    ) -> Result<Report, RedriveError> {
        let mut session = Session::new(request);
        let mut draft = Draft::default();
        // A topic-partition whose earlier document stays: later ones wait, so that its records keep their order.
        let mut waiting = BTreeMap::new();
        let (ids, more) = match &request.on_failure {
            Some(Bucket { bucket, prefix }) => {
                self.ports.objects.list(bucket, prefix, request.limit.unwrap_or(OBJECTS)).await?
            }
            None => ((1..=request.documents.len()).map(|number| number.to_string()).collect(), false),
        };
        for (index, id) in ids.iter().enumerate() {
            if !request.names(id) {
                continue;
            }
            let body = match &request.on_failure {
                Some(Bucket { bucket, .. }) => self.ports.objects.get(bucket, id).await,
                None => Ok(request.documents.get(index).map(|json| json.get().as_bytes().to_vec()).unwrap_or_default()),
            };
            let document = match body.map(|body| OnFailure::read(&body)) {
                Ok(Ok(document)) if !concerns(request, &document) => continue,
                Ok(Ok(document)) => Ok(document),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error_chain(&error).join(": ")),
            };
            let document = match document {
                Ok(document) => document,
                Err(reason) => {
                    let entry = unreadable(id, Fate::Refused { reason });
                    session.note(&entry.fate);
                    progress.settled(index + 1, ids.len(), &entry);
                    draft.add(entry);
                    continue;
                }
            };
            let behind = document.batch.partitions.keys().find_map(|topic_partition| waiting.get(topic_partition));
            let fate = match (request.action, behind) {
                (Action::List | Action::Show | Action::Resolve, _) => Fate::Listed,
                (Action::Replay, _) if session.over(self) => Fate::NotReached,
                (Action::Replay, Some(behind)) => Fate::Waits { behind: String::clone(behind) },
                (Action::Replay, None) => self.replay(&document, id, &mut session).await,
            };
            session.note(&fate);
            if fate.stays() {
                waiting.extend(
                    document.batch.partitions.keys().map(|topic_partition| (topic_partition.clone(), id.clone())),
                );
            }
            let entry = entry(id, &document, fate, request.action);
            progress.settled(index + 1, ids.len(), &entry);
            draft.add(entry);
        }
        let report = draft.report(!request.yes || request.action.only_looks(), session.early());
        let incomplete = more.then(|| "there are more objects: raise the limit, or run again".to_owned());
        Ok(Report { incomplete, ..report })
    }

    async fn replay(&self, document: &OnFailure, id: &str, session: &mut Session<'_>) -> Fate {
        let request = session.request;
        let event = match document.event() {
            Ok(Some(event)) => event,
            Ok(None) => return Fate::Told { advice: advice(document) },
            Err(error) => return Fate::Refused { reason: error.to_string() },
        };
        let Some(function) = document.function_name().or(request.into.as_deref()) else {
            return Fate::Refused { reason: "it names no function; say into which one".to_owned() };
        };
        if !request.accept_old && !self.is_recent(document) {
            return Fate::Refused { reason: OLD.to_owned() };
        }
        if !request.yes {
            return Fate::WouldReplay;
        }
        if !session.turn(self).await {
            return Fate::NotReached;
        }
        let target = session.target(function, document.function_qualifier(), Success::NothingListed);
        match self.ports.invoker.invoke(&target, event.into_bytes()).await {
            Ok(Invoked::Finished) => match &request.on_failure {
                None => Fate::Finished,
                Some(Bucket { bucket, .. }) => match self.ports.objects.remove(bucket, id).await {
                    Ok(()) => Fate::Finished,
                    Err(error) => Fate::NotRemoved { error: error_chain(&error).join(": ") },
                },
            },
            Ok(Invoked::Failed(error) | Invoked::Unknown(error)) => Fate::FailedAgain { attempts: 0, error },
            Ok(Invoked::Unconfirmed(error)) => Fate::Unconfirmed { attempts: 0, error },
            Err(error) => Fate::NotInvoked { error: error_chain(&error).join(": ") },
        }
    }

    /// Whether a document tells of a batch that was given up a short time ago. What it holds is delivered without a
    /// mark, so no function can tell that it comes late.
    fn is_recent(&self, document: &OnFailure) -> bool {
        let given_up = given_up_ms(document).map(UnixMillis);
        given_up.is_some_and(|given_up| self.ports.clock.now().since(given_up) <= RECENT)
    }

    /// Documents that lie in the queue among the letters: SQS is told no records, so they can only be explained, and
    /// removed once somebody says that they are done.
    pub(crate) async fn go_through_documents(
        &self,
        catalogue: &mut Catalogue,
        session: &mut Session<'_>,
        draft: &mut Draft,
        progress: &dyn Progress,
    ) {
        let request = session.request;
        let mut done = Vec::new();
        let concerned =
            |(message, document): &&(Message, OnFailure)| request.names(&message.id) && concerns(request, document);
        let wanted: Vec<_> = catalogue.documents.iter().filter(concerned).collect();
        for (index, (message, document)) in wanted.iter().enumerate() {
            let fate = match (request.action, request.decision) {
                (Action::List | Action::Show, _) => Fate::Listed,
                (Action::Replay | Action::Resolve, _) if session.over(self) => Fate::NotReached,
                (Action::Resolve, Some(Decision::Done)) if !request.yes => Fate::WouldResolve,
                (Action::Resolve, Some(Decision::Done)) => {
                    match self.ports.queue.remove(std::slice::from_ref(&message.receipt)).await {
                        Ok(()) => {
                            done.push(message.id.clone());
                            Fate::TakenForDone
                        }
                        Err(error) => Fate::NotRemoved { error: error_chain(&error).join(": ") },
                    }
                }
                (Action::Replay | Action::Resolve, _) => Fate::Told { advice: advice(document) },
            };
            let entry = entry(&message.id, document, fate, request.action);
            progress.settled(index + 1, wanted.len(), &entry);
            draft.add(entry);
        }
        catalogue.documents.retain(|(message, _)| !done.contains(&message.id));
    }
}

fn concerns(request: &Request, document: &OnFailure) -> bool {
    let of_topic = |topic: &String| {
        document
            .batch
            .partitions
            .keys()
            .any(|topic_partition| topic_partition.rsplit_once('-').is_some_and(|(name, _)| name == topic))
    };
    let at = document.timestamp.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    request.code.as_ref().is_none_or(|code| code == document.condition.code())
        && request.function.as_deref().is_none_or(|function| document.function_name() == Some(function))
        && request.topic.as_ref().is_none_or(of_topic)
        && request.since.is_none_or(|since| at.is_none_or(|at| at >= since))
        && request.until.is_none_or(|until| at.is_none_or(|at| at < until))
}

fn entry(id: &str, document: &OnFailure, fate: Fate, action: Action) -> Entry {
    let first = document.batch.partitions.iter().next();
    Entry {
        function: document.function_name().map(str::to_owned),
        topic: first
            .and_then(|(topic_partition, _)| topic_partition.rsplit_once('-'))
            .map(|(topic, _)| topic.to_owned()),
        partition: first
            .and_then(|(topic_partition, _)| topic_partition.rsplit_once('-'))
            .and_then(|(_, number)| number.parse().ok()),
        offset: first.and_then(|(_, range)| range.first_offset),
        code: document.condition.code().to_owned(),
        given_up_at_ms: given_up_ms(document),
        details: (action == Action::Show).then(|| serde_json::json!({"advice": advice(document)})),
        ..unreadable(id, fate)
    }
}

/// When the mapping gave the batch up, in milliseconds since 1970.
fn given_up_ms(document: &OnFailure) -> Option<u64> {
    let at = document.timestamp.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    at.and_then(|at| u64::try_from(at.as_millisecond()).ok())
}

fn unreadable(id: &str, fate: Fate) -> Entry {
    Entry {
        id: id.to_owned(),
        function: None,
        topic: None,
        partition: None,
        offset: None,
        code: "document_unreadable".to_owned(),
        uncertain: false,
        attempts: 0,
        given_up_at_ms: None,
        fate,
        details: None,
    }
}
