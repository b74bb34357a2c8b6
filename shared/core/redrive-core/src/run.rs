//! One run over the queue: collect, pick, go through it letter by letter, give the rest back.

use std::collections::BTreeMap;
use std::time::Duration;

use event_runtime::{
    ClaimKey, DeadLetter, Deadline, Decider, Decision, LetterId, ParkedUnder, Redriven, Resolved, StoredLetter,
    error_chain,
};
use tokio::time::Instant;

use crate::catalogue::Catalogue;
use crate::error::RedriveError;
use crate::event::{event_of, success_of};
use crate::invoke::{Invoked, Success, Target};
use crate::letter::{Chain, Parked};
use crate::ports::Ports;
use crate::report::{Draft, Ending, Entry, Fate, Foreign, Report};
use crate::request::{Action, Request};
use crate::stop::Stop;

/// What settling a letter takes beside the invocation: counting, removing, giving the rest back.
const SETTLING: Duration = Duration::from_secs(10);
/// The least time for which messages are hidden at once.
const MIN_HOLD: Duration = Duration::from_secs(120);

/// Told of each step of a run.
pub trait Progress: Send + Sync {
    /// So many messages have been collected so far.
    fn collected(&self, messages: usize);
    /// A letter or document is through: number `number` (from 1) of `total`. Everything is told here, also what the
    /// report has no room for.
    fn settled(&self, number: usize, total: usize, entry: &Entry);
    /// A message is neither.
    fn foreign(&self, foreign: &Foreign);
}

/// Runs over the queue, or over documents of an on-failure destination.
#[derive(Clone)]
pub struct Redrive {
    pub(crate) ports: Ports,
    pub(crate) stop: Stop,
    pub(crate) deadline: Deadline,
    pub(crate) invoke_timeout: Duration,
}

/// What one run remembers.
pub(crate) struct Session<'a> {
    pub(crate) request: &'a Request,
    pace: Pace,
    in_a_row: usize,
    /// Why the rest is not tried.
    early: Option<Ending>,
}

impl Redrive {
    /// A run that waits for an invocation for `invoke_timeout`.
    pub fn new(ports: Ports, invoke_timeout: Duration) -> Self {
        Redrive { ports, stop: Stop::default(), deadline: Deadline::unknown(), invoke_timeout }
    }

    /// The same until `deadline`: nothing is begun that may not end before it.
    #[must_use]
    pub fn until(self, deadline: Deadline) -> Self {
        Redrive { deadline, ..self }
    }

    /// The same, ended by `stop`.
    #[must_use]
    pub fn stopped_by(self, stop: Stop) -> Self {
        Redrive { stop, ..self }
    }

    /// Does what is asked.
    ///
    /// # Errors
    /// When the request contradicts itself, names a letter that is not there, or the queue or bucket cannot be read.
    pub async fn run(&self, request: &Request, progress: &dyn Progress) -> Result<Report, RedriveError> {
        request.check()?;
        if request.on_failure.is_some() || !request.documents.is_empty() {
            return self.run_documents(request, progress).await;
        }
        let queue = &*self.ports.queue;
        let mut catalogue = Catalogue::default();
        // Twice an invocation: messages are hidden anew at half of the time.
        let hold = MIN_HOLD.max(self.invoke_timeout * 2 + SETTLING * 2);
        let enough = || match (self.stop.is_requested(), self.deadline.allows(SETTLING * 2)) {
            (true, _) => Some("interrupted"),
            (false, false) => Some("time was over before the whole queue was seen"),
            (false, true) => None,
        };
        let collected = catalogue.collect(queue, hold, enough, |messages| progress.collected(messages)).await;
        let report = match collected {
            Ok(()) => self.go_through(&mut catalogue, request, progress).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = catalogue.give_back(queue).await {
            // They show up again by themselves when their time is over.
            tracing::warn!(error_code = error.code, "messages could not be given back; they reappear within {hold:?}");
        }
        report
    }

    async fn go_through(
        &self,
        catalogue: &mut Catalogue,
        request: &Request,
        progress: &dyn Progress,
    ) -> Result<Report, RedriveError> {
        find_ids(catalogue, request)?;
        let selected = selected(catalogue, request);
        let mut session = Session::new(request);
        let mut waiting: BTreeMap<Chain, LetterId> = BTreeMap::new();
        let mut draft = Draft::default();
        for (index, id) in selected.iter().enumerate() {
            let Some(parked) = catalogue.letters.get(id).cloned() else { continue };
            let chain = Chain::of(parked.letter());
            let behind = chain.as_ref().and_then(|chain| waiting.get(chain));
            let mut details = None;
            let fate = match request.action {
                Action::List => Fate::Listed,
                Action::Show => {
                    details = Some(self.details(&parked, request.raw).await);
                    Fate::Listed
                }
                Action::Replay | Action::Resolve => match (session.over(self), behind) {
                    (true, _) => Fate::NotReached,
                    (false, Some(behind)) => Fate::Waits { behind: behind.to_string() },
                    (false, None) if !request.yes => planned(parked.letter(), request),
                    (false, None) => self.take_up(catalogue, id, &mut session).await,
                },
            };
            session.note(&fate);
            if let (true, Some(chain)) = (fate.stays(), chain) {
                waiting.entry(chain).or_insert_with(|| id.clone());
            }
            let entry = Entry { details, ..Entry::of(parked.letter(), fate) };
            progress.settled(index + 1, selected.len(), &entry);
            draft.add(entry);
        }
        self.go_through_documents(catalogue, &mut session, &mut draft, progress).await;
        for (message, reason) in &catalogue.foreign {
            let foreign = Foreign { message_id: message.id.clone(), reason: reason.clone() };
            progress.foreign(&foreign);
            draft.add_foreign(foreign);
        }
        let report = draft.report(!request.yes || request.action.only_looks(), session.early);
        Ok(Report { gone: catalogue.gone, incomplete: catalogue.incomplete.map(str::to_owned), ..report })
    }

    /// Keeps everything hidden, and takes up one letter if it is still there.
    async fn take_up(&self, catalogue: &mut Catalogue, id: &LetterId, session: &mut Session<'_>) -> Fate {
        let queue = &*self.ports.queue;
        if let Err(error) = catalogue.keep_hidden(queue).await {
            // What was done so far has to be told all the same.
            tracing::warn!(error_code = error.code, "the run ends: {}", error_chain(&error).join(": "));
            session.early = Some(Ending::Unreachable);
            return Fate::NotReached;
        }
        match catalogue.still_holds(queue, id).await {
            Ok(true) => {}
            Ok(false) => return Fate::Gone,
            Err(error) => return Fate::NotInvoked { error: error_chain(&error).join(": ") },
        }
        match catalogue.letters.get(id).cloned() {
            Some(parked) => self.settle(catalogue, &parked, session).await,
            None => Fate::Gone,
        }
    }

    /// Takes one letter to an end: decides its claim, sends its record, and removes it or counts the attempt.
    async fn settle(&self, catalogue: &mut Catalogue, parked: &Parked, session: &mut Session<'_>) -> Fate {
        let request = session.request;
        let letter = parked.letter();
        match (request.action, request.decision) {
            (Action::Resolve, Some(decision)) => {
                let by = request.by.as_deref().unwrap_or_default();
                if let Err(fate) = self.resolve(letter, decision, Decider::Person(by)).await {
                    return fate;
                }
                if decision == Decision::Done {
                    return self.remove(catalogue, parked, Fate::TakenForDone).await;
                }
            }
            _ if letter.error.uncertain => return undecided(),
            _ => {
                // It was parked because its effect provably did not happen; the claim has the last word.
                if let Err(fate) = self.resolve(letter, Decision::Repeat, Decider::Redrive).await {
                    return fate;
                }
            }
        }
        let letter = match self.whole(parked.stored.clone()).await {
            Ok(letter) => letter,
            Err(reason) => return Fate::Refused { reason },
        };
        let attempt = parked.attempts() + 1;
        let event = match event_of(&letter, attempt) {
            Ok(event) => event,
            Err(error) => return Fate::Refused { reason: error.to_string() },
        };
        if !session.pace.turn(&self.stop).await {
            session.early = Some(Ending::Interrupted);
            return Fate::NotReached;
        }
        let target = session.target(&letter.given_up_by.function, None, success_of(&letter));
        match self.ports.invoker.invoke(&target, event).await {
            Ok(Invoked::Finished) => self.remove(catalogue, parked, Fate::Finished).await,
            Ok(Invoked::Failed(error) | Invoked::Unknown(error)) => {
                let (attempts, error) = self.count(catalogue, parked, letter, error).await;
                Fate::FailedAgain { attempts, error }
            }
            Ok(Invoked::Unconfirmed(error)) => {
                let (attempts, error) = self.count(catalogue, parked, letter, error).await;
                Fate::Unconfirmed { attempts, error }
            }
            Err(error) => Fate::NotInvoked { error: error_chain(&error).join(": ") },
        }
    }

    /// Resolves the letter's claim, if it has one. The fate of the letter where that cannot be.
    async fn resolve(&self, letter: &DeadLetter, decision: Decision, by: Decider<'_>) -> Result<(), Fate> {
        let Some(text) = &letter.claim else { return Ok(()) };
        let key = ClaimKey::from_stored(text);
        let Some(claims) = &self.ports.claims else {
            let reason = "its effect is guarded by a claim: say in which table (CLAIMS_TABLE)".to_owned();
            return Err(Fate::Refused { reason });
        };
        // Under the second name lie claims whose effect may have happened: only a person frees those.
        let decided = matches!(by, Decider::Person(_));
        let names = [Some(letter.id.clone()), decided.then(|| letter.id.uncertain())];
        for name in names.into_iter().flatten() {
            match claims.resolve(&key, ParkedUnder::from(&name), decision, by).await {
                Ok(Resolved::Applied | Resolved::NotParked) => return Ok(()),
                Ok(Resolved::OtherPark | Resolved::Uncertain) => {}
                Err(error) => return Err(Fate::NotInvoked { error: error_chain(&error).join(": ") }),
            }
        }
        let reason = match decided {
            true => "its claim is parked under another letter: decide about that one",
            false => {
                "its claim does not say that nothing happened: the effect may have happened, then or at a later try"
            }
        };
        Err(Fate::NeedsDecision { reason: reason.to_owned() })
    }

    /// It is not finished: its successor with the attempt counted is stored, then the old one is removed. In this order:
    /// in between there are two of one id, never none. Gives the attempts by now, and what is to be told.
    async fn count(
        &self,
        catalogue: &mut Catalogue,
        parked: &Parked,
        letter: DeadLetter,
        error: String,
    ) -> (u32, String) {
        let attempts = parked.attempts() + 1;
        let mut counted = DeadLetter {
            redriven: Some(Redriven { attempts, last_at_ms: self.ports.clock.now().0, last_error: error.clone() }),
            ..letter
        };
        // Whether this try's effect may have happened, the claim knows from here on.
        counted.error.uncertain &= counted.claim.is_none();
        if let Err(failed) = self.ports.dead_letters.store(&counted).await {
            let error = format!("{error}; and the attempt could not be counted: {}", error_chain(&failed).join(": "));
            return (parked.attempts(), error);
        }
        match self.ports.queue.remove(&parked.receipts()).await {
            Ok(()) => drop(catalogue.letters.remove(&parked.letter().id)),
            Err(failed) => tracing::warn!(letter = %parked.letter().id, "the letter is there twice now: {failed}"),
        }
        (attempts, error)
    }

    async fn remove(&self, catalogue: &mut Catalogue, parked: &Parked, fate: Fate) -> Fate {
        match self.ports.queue.remove(&parked.receipts()).await {
            Ok(()) => {
                catalogue.letters.remove(&parked.letter().id);
                fate
            }
            Err(error) => Fate::NotRemoved { error: error_chain(&error).join(": ") },
        }
    }

    /// The letter with its raw bytes.
    async fn whole(&self, stored: StoredLetter) -> Result<DeadLetter, String> {
        match &stored.raw_in {
            None => Ok(stored.letter),
            Some(object) => {
                let body = self.ports.objects.get(&object.bucket, &object.key).await;
                let body = body.map_err(|error| error_chain(&error).join(": "))?;
                stored.whole(&body).map_err(|error| error.to_string())
            }
        }
    }

    async fn details(&self, parked: &Parked, raw: bool) -> serde_json::Value {
        let whole = if raw { self.whole(parked.stored.clone()).await } else { Ok(parked.letter().clone()) };
        match whole.map(serde_json::to_value) {
            Ok(Ok(mut letter)) => {
                if let (false, Some(fields)) = (raw, letter.as_object_mut()) {
                    fields.remove("raw");
                }
                if let (Some(object), Some(fields)) = (&parked.stored.raw_in, letter.as_object_mut()) {
                    fields.insert("raw_in".to_owned(), serde_json::json!(object));
                }
                letter
            }
            Ok(Err(error)) => serde_json::json!({"problem": error.to_string()}),
            Err(problem) => serde_json::json!({"problem": problem}),
        }
    }
}

impl Action {
    pub(crate) fn only_looks(self) -> bool {
        matches!(self, Action::List | Action::Show)
    }
}

impl<'a> Session<'a> {
    pub(crate) fn new(request: &'a Request) -> Self {
        Session { request, pace: Pace::new(request.rate_per_second), in_a_row: 0, early: None }
    }

    /// Whether nothing more is to be begun.
    pub(crate) fn over(&mut self, redrive: &Redrive) -> bool {
        if self.early.is_none() && redrive.stop.is_requested() {
            self.early = Some(Ending::Interrupted);
        }
        if self.early.is_none() && self.request.yes && !redrive.deadline.allows(redrive.invoke_timeout + SETTLING) {
            self.early = Some(Ending::OutOfTime);
        }
        self.early.is_some()
    }

    /// Counts failures in a row. Letters that wait for a person or for each other say nothing about the function.
    pub(crate) fn note(&mut self, fate: &Fate) {
        if fate.is_failure() {
            self.in_a_row += 1;
        } else if *fate == Fate::Finished {
            self.in_a_row = 0;
        }
        if self.in_a_row >= self.request.stop_after {
            self.early.get_or_insert(Ending::Stopped);
        }
    }

    pub(crate) fn early(&self) -> Option<Ending> {
        self.early
    }

    pub(crate) async fn turn(&mut self, redrive: &Redrive) -> bool {
        let ours = self.pace.turn(&redrive.stop).await;
        if !ours {
            self.early = Some(Ending::Interrupted);
        }
        ours
    }

    pub(crate) fn target(&self, function: &str, qualifier: Option<&str>, success: Success) -> Target {
        Target {
            function: self.request.into.clone().unwrap_or_else(|| function.to_owned()),
            qualifier: self.request.qualifier.clone().or_else(|| qualifier.map(str::to_owned)),
            success,
        }
    }
}

/// Spaces invocations evenly.
struct Pace {
    between: Duration,
    next: Option<Instant>,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        Pace { between: Duration::from_secs(1) / per_second.max(1), next: None }
    }

    /// Waits for the next turn; false when somebody asks to stop meanwhile.
    async fn turn(&mut self, stop: &Stop) -> bool {
        let now = Instant::now();
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.between);
        tokio::select! {
            biased;
            () = stop.requested() => false,
            () = tokio::time::sleep_until(at) => true,
        }
    }
}

/// What would happen with `yes`.
fn planned(letter: &DeadLetter, request: &Request) -> Fate {
    match request.action {
        Action::Resolve => Fate::WouldResolve,
        Action::List | Action::Show | Action::Replay if letter.error.uncertain => undecided(),
        Action::List | Action::Show | Action::Replay => Fate::WouldReplay,
    }
}

fn undecided() -> Fate {
    Fate::NeedsDecision { reason: "it was parked because its effect may have happened".to_owned() }
}

/// What is asked for, in the order in which it is sent.
fn selected(catalogue: &Catalogue, request: &Request) -> Vec<LetterId> {
    let mut selected: Vec<&Parked> =
        catalogue.letters.values().filter(|parked| request.concerns(parked.letter())).collect();
    selected.sort_by(|one, other| one.position().cmp(&other.position()));
    selected.truncate(request.limit.unwrap_or(usize::MAX));
    selected.into_iter().map(|parked| parked.letter().id.clone()).collect()
}

/// Each id that was given must be the start of exactly one.
fn find_ids(catalogue: &Catalogue, request: &Request) -> Result<(), RedriveError> {
    for id in &request.ids {
        let letters = catalogue.letters.keys().filter(|known| known.as_str().starts_with(id)).count();
        let documents = catalogue.documents.iter().filter(|(message, _)| message.id.starts_with(id)).count();
        match letters + documents {
            0 => return Err(RedriveError::Unknown(id.clone())),
            1 => {}
            count => return Err(RedriveError::Ambiguous { id: id.clone(), count }),
        }
    }
    Ok(())
}
