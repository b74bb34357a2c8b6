//! Documents of an on-failure destination: those with records are sent as the events that they are, the others are
//! explained.
//!
//! They are no letters: their records were never parked, so they are sent without the mark of a redrive. The function
//! treats them as it treats any delivery and parks what it cannot handle.

use std::collections::BTreeMap;

use event_runtime::{Decision, error_chain};
use on_failure::OnFailure;

use crate::advice::advice;
use crate::catalogue::Catalogue;
use crate::error::RedriveError;
use crate::invoke::{Invoked, Success};
use crate::report::{Entry, Fate, Report};
use crate::request::{Action, Bucket, Request};
use crate::run::{Progress, Redrive, Session};

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
        let mut entries = Vec::new();
        // A lane whose earlier document stays: later ones wait, so that its records keep their order.
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
                Some(Bucket { bucket, .. }) => self.ports.objects.get(bucket, id).await?,
                None => request.documents.get(index).map(|json| json.get().as_bytes().to_vec()).unwrap_or_default(),
            };
            let document = match OnFailure::read(&body) {
                Ok(document) if !concerns(request, &document) => continue,
                Ok(document) => document,
                Err(error) => {
                    let fate = Fate::Refused { reason: error.to_string() };
                    session.note(&fate);
                    entries.push(unreadable(id, fate));
                    continue;
                }
            };
            let behind = document.batch.lanes.keys().find_map(|lane| waiting.get(lane));
            let fate = match (request.action, behind) {
                (Action::List | Action::Show | Action::Resolve, _) => Fate::Listed,
                (Action::Replay, _) if session.over(self) => Fate::NotReached,
                (Action::Replay, Some(behind)) => Fate::Waits { behind: String::clone(behind) },
                (Action::Replay, None) => self.replay(&document, id, &mut session).await,
            };
            session.note(&fate);
            if fate.stays() {
                waiting.extend(document.batch.lanes.keys().map(|lane| (lane.clone(), id.clone())));
            }
            let entry = entry(id, &document, fate, request.action);
            progress.settled(index + 1, ids.len(), &entry);
            entries.push(entry);
        }
        let mut report = Report::new(!request.yes || request.action.only_looks(), entries, session.early());
        report.incomplete = more.then(|| "there are more objects: raise the limit, or run again".to_owned());
        Ok(report)
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
        if !request.yes {
            return Fate::WouldReplay;
        }
        if !session.turn(self).await {
            return Fate::NotReached;
        }
        let target = session.target(function, document.function_qualifier(), Success::NothingReported);
        match self.ports.invoker.invoke(&target, event.into_bytes()).await {
            Ok(Invoked::Finished) => match &request.on_failure {
                None => Fate::Finished,
                Some(Bucket { bucket, .. }) => match self.ports.objects.remove(bucket, id).await {
                    Ok(()) => Fate::Finished,
                    Err(error) => Fate::NotRemoved { error: error_chain(&error).join(": ") },
                },
            },
            Ok(Invoked::Failed(error) | Invoked::Unknown(error)) => Fate::FailedAgain { attempts: 0, error },
            Err(error) => Fate::NotInvoked { error: error_chain(&error).join(": ") },
        }
    }

    /// Documents that lie in the queue among the letters: SQS is told no records, so they can only be explained, and
    /// removed once somebody says that they are done.
    pub(crate) async fn go_through_documents(
        &self,
        catalogue: &mut Catalogue,
        session: &mut Session<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<(), RedriveError> {
        let request = session.request;
        let mut done = Vec::new();
        for (message, document) in &catalogue.documents {
            if !request.names(&message.id) || !concerns(request, document) {
                continue;
            }
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
            entries.push(entry(&message.id, document, fate, request.action));
        }
        catalogue.documents.retain(|(message, _)| !done.contains(&message.id));
        Ok(())
    }
}

fn concerns(request: &Request, document: &OnFailure) -> bool {
    let of_topic = |topic: &String| {
        document.batch.lanes.keys().any(|lane| lane.rsplit_once('-').is_some_and(|(name, _)| name == topic))
    };
    let at = document.timestamp.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    request.code.as_ref().is_none_or(|code| code == document.condition.code())
        && request.function.as_deref().is_none_or(|function| document.function_name() == Some(function))
        && request.topic.as_ref().is_none_or(of_topic)
        && request.since.is_none_or(|since| at.is_none_or(|at| at >= since))
        && request.until.is_none_or(|until| at.is_none_or(|at| at < until))
}

fn entry(id: &str, document: &OnFailure, fate: Fate, action: Action) -> Entry {
    let first = document.batch.lanes.iter().next();
    let at = document.timestamp.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    Entry {
        function: document.function_name().map(str::to_owned),
        topic: first.and_then(|(lane, _)| lane.rsplit_once('-')).map(|(topic, _)| topic.to_owned()),
        partition: first.and_then(|(lane, _)| lane.rsplit_once('-')).and_then(|(_, number)| number.parse().ok()),
        offset: first.and_then(|(_, range)| range.first_offset),
        code: document.condition.code().to_owned(),
        given_up_at_ms: at.and_then(|at| u64::try_from(at.as_millisecond()).ok()),
        details: (action == Action::Show).then(|| serde_json::json!({"advice": advice(document)})),
        ..unreadable(id, fate)
    }
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
