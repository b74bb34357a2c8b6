//! Publishes one page: each item is published or dead-lettered, and then the cursor moves.

use std::time::Duration;

use event_functions::letters::DeadLetter;
use event_functions::{Blame, Clock, Disposition, Failure, Fault, Invocation, StoreError, SystemClock};
use kafka_producer::{PublishError, TraceParent};

use crate::api::Page;
use crate::cursor::{Done, Hold, Position, Written};
use crate::dead_lettering::{Stopped, StoredLetters, store_in_order};
use crate::letter::{ItemPlace, letter};
use crate::outcome::{End, RunError, Summary};
use crate::page_time::RESERVE;
use crate::profile::UserProfileUpdated;
use crate::publisher::{ProfilePublisher, credentials_refused};
use crate::segment::Segment;

/// The time that is kept for the last write.
const LAST_WRITE: Duration = Duration::from_secs(1);
/// Dead letters of one segment that get a line in the log each.
const LINES: usize = 10;

/// A run that holds the lease.
pub(crate) struct Run<'a> {
    pub(crate) publisher: &'a ProfilePublisher,
    pub(crate) invocation: &'a Invocation,
    pub(crate) trace: TraceParent,
    pub(crate) hold: Hold,
    pub(crate) position: Position,
    pub(crate) summary: Summary,
    /// The first item of the current page that was not finished when this run began it.
    begin: usize,
}

/// What follows from a page.
pub(crate) enum PageEnd {
    /// It is finished, and there is another.
    More,
    /// The run is over.
    Last(End),
}

/// The first item that is not finished, and why.
type Unfinished = Option<(usize, Stop)>;

/// Why a run ends within a page.
enum Stop {
    OutOfTime,
    LeaseLost,
    Failed(RunError),
}

/// An item that is to be dead-lettered, and why.
struct Refusal {
    index: usize,
    code: &'static str,
    stage: &'static str,
    chain: Vec<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        publisher: &'a ProfilePublisher,
        invocation: &'a Invocation,
        trace: TraceParent,
        hold: Hold,
        position: Position,
    ) -> Self {
        Run { publisher, invocation, trace, hold, position, summary: Summary::default(), begin: 0 }
    }

    /// Publishes or dead-letters every item of the page that is not finished yet, and moves the cursor behind the page. If
    /// it ends before, the saved position says which items are finished: the next run continues there.
    pub(crate) async fn publish_page(&mut self, page: &Page) -> Result<PageEnd, RunError> {
        self.begin = self.position.done_of(&page.items);
        let mut from = self.begin;
        while from < page.items.len() {
            if from > self.begin && !self.publisher.may_send(self.invocation) {
                return Ok(PageEnd::Last(End::OutOfTime));
            }
            let segment = Segment::of(&page.items, from, &self.publisher.source, SystemClock.now());
            let end = segment.range.end;
            let unfinished = self.publish_segment(page, segment).await;
            let until = unfinished.as_ref().map_or(end, |(index, _)| *index);
            // Behind the last item the cursor itself moves.
            if until > from && until < page.items.len() {
                let done = Done::of(&page.items, until);
                let saved = self.move_to(Position { done, version: None, ..self.position.clone() }).await;
                match (saved, &unfinished) {
                    (Ok(Written::Applied), _) => {}
                    (Ok(Written::LeaseLost), _) => return Ok(PageEnd::Last(End::LeaseLost)),
                    // The error that stopped the page is the one to report.
                    (Err(error), Some(_)) => {
                        tracing::warn!(error_code = error.code, "the position was not saved: {error}")
                    }
                    (Err(error), None) => return Err(error.into()),
                }
            }
            match unfinished {
                None => from = end,
                Some((_, Stop::OutOfTime)) => return Ok(PageEnd::Last(End::OutOfTime)),
                Some((_, Stop::LeaseLost)) => return Ok(PageEnd::Last(End::LeaseLost)),
                Some((_, Stop::Failed(error))) => return Err(error),
            }
        }
        // Only the last page of the feed is asked for again: elsewhere the version belongs to another URL.
        let at_the_end = !page.has_more && self.position.cursor.as_ref() == Some(&page.next);
        let version = page.version.clone().filter(|_| at_the_end);
        let next = Position { cursor: Some(page.next.clone()), done: None, version };
        if next != self.position && self.move_to(next).await? == Written::LeaseLost {
            return Ok(PageEnd::Last(End::LeaseLost));
        }
        if !page.items.is_empty() {
            self.summary.pages += 1;
        }
        Ok(if page.has_more { PageEnd::More } else { PageEnd::Last(End::CaughtUp) })
    }

    /// First stores the letters of items that cannot become events, then sends the events, then stores the letters of
    /// events that Kafka refuses. Items behind one that is neither published nor dead-lettered are read again.
    async fn publish_segment(&mut self, page: &Page, segment: Segment) -> Unfinished {
        let Segment { range, events, places, bad } = segment;
        let sending = if events.is_empty() { Duration::ZERO } else { self.publisher.send_timeout };
        // Nothing is begun that could still be under way when another run takes over.
        if let Err(stop) = self.hold_on(sending + RESERVE).await {
            return Some((range.start, stop));
        }
        let bad = bad.into_iter().map(|(index, bad)| {
            let chain = vec![bad.to_string()];
            Refusal { index, code: bad.code(), stage: "decode", chain }
        });
        let unstored = self.dead_letter(page, bad.collect(), sending + LAST_WRITE).await;
        let until = unstored.as_ref().map_or(range.end, |(index, _)| *index);
        let sent = places.partition_point(|place| *place < until);
        if sent == 0 {
            return unstored;
        }
        let (mut refusals, unsent) = self.send(&events[..sent], &places[..sent]).await;
        let until = unsent.as_ref().map_or(until, |(index, _)| *index);
        refusals.retain(|refusal| refusal.index < until);
        let late = self.dead_letter(page, refusals, LAST_WRITE).await;
        // The first of them, in the order of the items.
        late.or(unsent).or(unstored)
    }

    /// Sends events. Gives those that Kafka refuses for their own fault, and the first that is not published for another
    /// reason.
    async fn send(&mut self, events: &[UserProfileUpdated], places: &[usize]) -> (Vec<Refusal>, Unfinished) {
        let publisher = self.publisher;
        let first = |stop| (Vec::new(), places.first().map(|place| (*place, stop)));
        if !self.invocation.deadline.allows(publisher.send_timeout) {
            return first(Stop::OutOfTime);
        }
        if let Err(stop) = self.hold_on(publisher.send_timeout + LAST_WRITE).await {
            return first(stop);
        }
        let mut answers = match publisher.events.publish(events, self.trace).await {
            Ok(answers) => answers,
            Err(error) => return first(Stop::Failed(error.into())),
        };
        if credentials_refused(&answers) && publisher.may_send(self.invocation) {
            if let Err(stop) = self.hold_on(publisher.send_timeout + RESERVE).await {
                return first(stop);
            }
            answers = match publisher.events.publish(events, self.trace).await {
                Ok(answers) => answers,
                Err(error) => return first(Stop::Failed(error.into())),
            };
        }
        let mut refusals = Vec::new();
        for (answer, index) in answers.into_iter().zip(places.iter().copied()) {
            match answer {
                Ok(_) => self.summary.published += 1,
                Err(error) if is_the_items_own_fault(&error) => {
                    let code = error.code();
                    refusals.push(Refusal { index, code, stage: "handle", chain: Fault::from(error).chain() });
                }
                Err(error) => return (refusals, Some((index, Stop::Failed(error.into())))),
            }
        }
        (refusals, None)
    }

    /// Stores the letters of items, and keeps the time `after` for what comes after it.
    async fn dead_letter(&mut self, page: &Page, refusals: Vec<Refusal>, after: Duration) -> Unfinished {
        let letters: Vec<_> = refusals.iter().map(|refusal| self.letter(page, refusal)).collect();
        let left = self.hold.left().min(self.invocation.deadline.left().unwrap_or(Duration::MAX));
        let time = left.saturating_sub(after);
        let StoredLetters { stored, stopped } = store_in_order(&*self.publisher.dead_letters, &letters, time).await;
        self.summary.dead_lettered += stored as u64;
        log_letters(&letters[..stored]);
        let index = refusals.get(stored)?.index;
        Some((
            index,
            match stopped? {
                // The next run continues behind the finished items, if there are any.
                Stopped::OutOfTime if index > self.begin => Stop::OutOfTime,
                stopped => Stop::Failed(stopped.error(time).into()),
            },
        ))
    }

    fn letter(&self, page: &Page, refusal: &Refusal) -> DeadLetter {
        let place = ItemPlace { topic: self.publisher.topic.as_str(), page: &self.position, index: refusal.index };
        letter(&page.items[refusal.index], &place, refusal.code, refusal.stage, refusal.chain.clone(), self.invocation)
    }

    /// Renews the lease unless it lasts for so long.
    async fn hold_on(&mut self, needed: Duration) -> Result<(), Stop> {
        if self.hold.lasts(needed) {
            return Ok(());
        }
        match self.publisher.cursors.renew(&mut self.hold).await {
            Ok(Written::Applied) => Ok(()),
            Ok(Written::LeaseLost) => Err(Stop::LeaseLost),
            Err(error) => Err(Stop::Failed(error.into())),
        }
    }

    async fn move_to(&mut self, position: Position) -> Result<Written, StoreError> {
        let written = self.publisher.cursors.advance(&mut self.hold, &position).await?;
        if written == Written::Applied {
            self.position = position;
        }
        Ok(written)
    }
}

/// Logs which items were dead-lettered: a line each for the first ones, then their number.
fn log_letters(letters: &[DeadLetter]) {
    for letter in letters.iter().take(LINES) {
        let chain = letter.error.chain.join(": ");
        tracing::warn!(
            error_code = letter.error.code,
            letter_id = letter.id.as_str(),
            "an item was dead-lettered: {chain}"
        );
    }
    if let Some(more) = letters.len().checked_sub(LINES).filter(|more| *more > 0) {
        tracing::warn!("and {more} more items were dead-lettered");
    }
}

/// Only a fault of this one item dead-letters it; anything else, which would hit other items too, stops the run.
fn is_the_items_own_fault(error: &PublishError) -> bool {
    matches!(error.disposition(), Disposition::DeadLetter) && error.blame() == Blame::Record
}
