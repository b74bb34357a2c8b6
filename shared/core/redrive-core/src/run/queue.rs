//! A run over the dead-letter queue: collect the messages, select letters, redrive each, make the rest visible again.

use std::collections::BTreeMap;
use std::time::Duration;

use event_runtime::{DeadLetter, LetterId, StoredLetter, error_chain};

use super::letter::{get_whole_letter, redrive_letter, uncertain_effect};
use super::queue_contents::QueueContents;
use super::queued_documents::settle_queued_documents;
use super::queued_letter::{OrderKey, QueuedLetter};
use super::session::{SETTLE_TIME, Session};
use crate::error::RedriveError;
use crate::ports::Ports;
use crate::progress::Progress;
use crate::report::{Entry, ForeignMessage, RedriveOutcome, Report, ReportBuilder, RunStatus};
use crate::request::{Action, Request};

/// The shortest time for which messages are hidden.
const MIN_HIDE_TIME: Duration = Duration::from_secs(120);

/// Runs over the queue.
///
/// # Errors
/// When the queue cannot be read, or an id in the request belongs to no letter or to several.
pub(crate) async fn run_over_queue(session: &mut Session<'_>, progress: &dyn Progress) -> Result<Report, RedriveError> {
    let queue = &*session.ports.queue;
    let (stop, deadline) = (session.stop, session.deadline);
    let mut contents = QueueContents::default();
    // Long enough for two invocations, because messages are hidden again when half of the time has passed.
    let hide_time = MIN_HIDE_TIME.max(session.invoke_timeout * 2 + SETTLE_TIME * 2);
    let stop_collecting = || match (stop.is_requested(), deadline.allows(SETTLE_TIME * 2)) {
        (true, _) => Some("interrupted"),
        (false, false) => Some("time ran out before the whole queue was read"),
        (false, true) => None,
    };
    let collected = contents.collect(queue, hide_time, stop_collecting, |messages| progress.collected(messages)).await;
    let report = match collected {
        Ok(()) => settle_contents(&mut contents, session, progress).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = contents.show_again(queue).await {
        tracing::warn!(
            error_code = error.code,
            "messages could not be made visible again; they reappear by themselves within {hide_time:?}"
        );
    }
    report
}

async fn settle_contents(
    contents: &mut QueueContents,
    session: &mut Session<'_>,
    progress: &dyn Progress,
) -> Result<Report, RedriveError> {
    let request = session.request;
    check_ids(contents, request)?;
    let selected = select_letters(contents, request);
    // For each key the first letter that stays: later letters of the key wait for it.
    let mut blocked: BTreeMap<OrderKey, LetterId> = BTreeMap::new();
    let mut report = ReportBuilder::default();
    for (index, id) in selected.iter().enumerate() {
        let Some(letter) = contents.letters.get(id).cloned() else { continue };
        let key = OrderKey::of(letter.letter());
        let behind = key.as_ref().and_then(|key| blocked.get(key));
        let mut details = None;
        let outcome = match request.action {
            Action::List => RedriveOutcome::Listed,
            Action::Show => {
                details = Some(show_letter(session.ports, &letter.stored, request.raw).await);
                RedriveOutcome::Listed
            }
            Action::Replay | Action::Resolve => match (session.is_over(), behind) {
                (true, _) => RedriveOutcome::NotReached,
                (false, Some(behind)) => RedriveOutcome::Waits { behind: behind.to_string() },
                (false, None) if !request.yes => dry_run_outcome(letter.letter(), request.action),
                (false, None) => redrive_if_held(contents, id, session).await,
            },
        };
        session.record(&outcome);
        if let (true, Some(key)) = (outcome.blocks_later_letters(), key) {
            blocked.entry(key).or_insert_with(|| id.clone());
        }
        let entry = Entry { details, ..Entry::of_letter(letter.letter(), outcome) };
        progress.settled(index + 1, selected.len(), &entry);
        report.add(entry);
    }
    settle_queued_documents(contents, session, &mut report, progress).await;
    for (message, reason) in &contents.foreign {
        let foreign = ForeignMessage { message_id: message.id.clone(), reason: reason.clone() };
        progress.foreign(&foreign);
        report.add_foreign(foreign);
    }
    let report = report.build(session.is_dry_run(), session.ended_early());
    Ok(Report { gone: contents.gone, incomplete: contents.incomplete.map(str::to_owned), ..report })
}

/// Keeps all messages hidden, and redrives one letter if its messages are still there.
async fn redrive_if_held(contents: &mut QueueContents, id: &LetterId, session: &mut Session<'_>) -> RedriveOutcome {
    let queue = &*session.ports.queue;
    if let Err(error) = contents.keep_hidden(queue).await {
        // The run ends, but with a report of what was done so far.
        tracing::warn!(error_code = error.code, "the run ends: {}", error_chain(&error).join(": "));
        session.end_early(RunStatus::Unreachable);
        return RedriveOutcome::NotReached;
    }
    match contents.still_holds(queue, id).await {
        Ok(true) => {}
        Ok(false) => return RedriveOutcome::Gone,
        Err(error) => return RedriveOutcome::NotInvoked { error: error_chain(&error).join(": ") },
    }
    match contents.letters.get(id).cloned() {
        Some(letter) => redrive_letter(contents, &letter, session).await,
        None => RedriveOutcome::Gone,
    }
}

/// What `yes` would do.
fn dry_run_outcome(letter: &DeadLetter, action: Action) -> RedriveOutcome {
    match action {
        Action::Resolve => RedriveOutcome::WouldResolve,
        Action::List | Action::Show | Action::Replay if letter.error.uncertain => uncertain_effect(),
        Action::List | Action::Show | Action::Replay => RedriveOutcome::WouldReplay,
    }
}

/// Everything that a letter holds; its raw bytes only where `raw` asks for them.
async fn show_letter(ports: &Ports, stored: &StoredLetter, raw: bool) -> serde_json::Value {
    let letter = if raw { get_whole_letter(ports, stored.clone()).await } else { Ok(stored.letter.clone()) };
    match letter.map(serde_json::to_value) {
        Ok(Ok(mut letter)) => {
            if let (false, Some(fields)) = (raw, letter.as_object_mut()) {
                fields.remove("raw");
            }
            if let (Some(object), Some(fields)) = (&stored.raw_in, letter.as_object_mut()) {
                fields.insert("raw_in".to_owned(), serde_json::json!(object));
            }
            letter
        }
        Ok(Err(error)) => serde_json::json!({"problem": error.to_string()}),
        Err(problem) => serde_json::json!({"problem": problem}),
    }
}

/// The selected letters, in the order in which they are sent.
fn select_letters(contents: &QueueContents, request: &Request) -> Vec<LetterId> {
    let mut selected: Vec<&QueuedLetter> =
        contents.letters.values().filter(|letter| request.selects_letter(letter.letter())).collect();
    selected.sort_by(|one, other| one.position().cmp(&other.position()));
    selected.truncate(request.limit.unwrap_or(usize::MAX));
    selected.into_iter().map(|letter| letter.letter().id.clone()).collect()
}

/// Each id in the request must be the start of exactly one id in the queue.
fn check_ids(contents: &QueueContents, request: &Request) -> Result<(), RedriveError> {
    for id in &request.ids {
        let letters = contents.letters.keys().filter(|known| known.as_str().starts_with(id)).count();
        let documents = contents.documents.iter().filter(|(message, _)| message.id.starts_with(id)).count();
        match letters + documents {
            0 => return Err(RedriveError::Unknown(id.clone())),
            1 => {}
            count => return Err(RedriveError::Ambiguous { id: id.clone(), count }),
        }
    }
    Ok(())
}
