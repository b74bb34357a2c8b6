//! The settings that decide what the machine does, and the rules themselves by name.

use std::time::Duration;

/// The settings of a mapping as far as the machine needs them. The defaults are those of AWS for Kafka.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// `BatchSize`: records of one invocation, at most.
    pub batch_size: usize,
    /// `MaximumBatchingWindowInSeconds`: how long a batch that is not full waits for more records.
    pub window: Duration,
    /// Bytes of one event, at most.
    pub payload_bytes: usize,
    /// `FunctionResponseTypes: [ReportBatchItemFailures]`, and how a response is read. Without it a response is ignored.
    pub partial_responses: Option<PartialResponses>,
    /// `BisectBatchOnFunctionError`.
    pub bisect: bool,
    /// AWS says of other sources that splitting a batch does not consume retries. For Kafka it says nothing.
    pub splitting_counts: bool,
    /// `MaximumRetryAttempts`; nothing for -1, without end.
    pub retries: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; nothing for -1, without end.
    pub age: Option<Duration>,
    /// `DestinationConfig.OnFailure`: is there one?
    pub destination: bool,
    /// What becomes of records that the destination does not accept.
    pub destination_failure: DestinationFailure,
    /// The pause before the first retry. It doubles with each.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            batch_size: 100,
            window: Duration::from_millis(500),
            payload_bytes: 6 * 1024 * 1024,
            partial_responses: None,
            bisect: false,
            splitting_counts: false,
            retries: None,
            age: None,
            destination: false,
            destination_failure: DestinationFailure::Retry,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

impl Rules {
    /// The pause before the retry of this number, the first being 1.
    pub(crate) fn pause(&self, retry: u32) -> Duration {
        self.first_pause.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(self.longest_pause)
    }
}

/// Which records come again after a response that lists failures. AWS does not document which of the two it does, so a
/// function has to be right under both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialResponses {
    /// Of each topic-partition everything from the lowest listed offset.
    FromTheLowest,
    /// Just the records that are listed.
    OnlyTheListed,
}

/// What becomes of records that the on-failure destination does not accept. AWS does not document it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationFailure {
    /// They are sent again, and their partitions wait.
    Retry,
    /// They are dropped.
    Drop,
}

/// The rules of the machine, by name, so that a test can remove one and see that it is missed. `EVENT-SOURCE-MAPPING.md`
/// has for each its source and its test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A batch has at most `BatchSize` records.
    BatchSize,
    /// A batch that is not full is invoked when the window ends.
    Window,
    /// A batch that is full is invoked before the window ends.
    FullBatch,
    /// An event has at most 6 MB.
    Payload,
    /// A record that is too large for any event goes to the destination, or is dropped; the function never sees it.
    TooLarge,
    /// A partition has one batch in flight at most.
    OneBatchPerPartition,
    /// An offset is committed only after the batch that holds its record.
    CommitAfterBatch,
    /// The committed offset stays before the first record that is not finished.
    CommitStopsAtUnfinished,
    /// A function error brings the whole batch back.
    WholeBatchAgain,
    /// Retries wait longer each time.
    Backoff,
    /// A response is ignored where `ReportBatchItemFailures` is not set.
    ResponseIgnored,
    /// With `ReportBatchItemFailures`, what is listed comes again and the rest is finished.
    ListedComeAgain,
    /// A response that lists a record which is not in the batch fails the whole batch.
    UnknownItemFailsBatch,
    /// A response that is not a batch response fails the whole batch.
    MalformedResponseFailsBatch,
    /// A batch that failed is split in two, and each half is retried by itself.
    Bisect,
    /// Splitting a batch does not consume a retry.
    SplittingIsFree,
    /// After `MaximumRetryAttempts` the batch is given up.
    RetriesEnd,
    /// A record older than `MaximumRecordAgeInSeconds` is given up before the next invocation.
    AgeEnds,
    /// Throttling and an endpoint that cannot be reached do not consume retries.
    ThrottlingIsFree,
    /// What is given up goes to the destination.
    ToTheDestination,
    /// The partition goes on only when the destination has accepted the records.
    DestinationBeforeCommit,
    /// A record that the filter refuses is finished without an invocation.
    Filtered,
    /// What was read of a partition that went to another member is forgotten, and its answers commit nothing.
    RevokedIsForgotten,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 23] = [
        Rule::BatchSize,
        Rule::Window,
        Rule::FullBatch,
        Rule::Payload,
        Rule::TooLarge,
        Rule::OneBatchPerPartition,
        Rule::CommitAfterBatch,
        Rule::CommitStopsAtUnfinished,
        Rule::WholeBatchAgain,
        Rule::Backoff,
        Rule::ResponseIgnored,
        Rule::ListedComeAgain,
        Rule::UnknownItemFailsBatch,
        Rule::MalformedResponseFailsBatch,
        Rule::Bisect,
        Rule::SplittingIsFree,
        Rule::RetriesEnd,
        Rule::AgeEnds,
        Rule::ThrottlingIsFree,
        Rule::ToTheDestination,
        Rule::DestinationBeforeCommit,
        Rule::Filtered,
        Rule::RevokedIsForgotten,
    ];
}

/// Whether a rule is in force: always, except in tests that remove it.
#[cfg(not(test))]
pub(crate) const fn holds(_rule: Rule) -> bool {
    true
}

#[cfg(test)]
pub(crate) use removal::{holds, without};

#[cfg(test)]
mod removal {
    use std::cell::Cell;

    use super::Rule;

    thread_local! {
        static REMOVED: Cell<Option<Rule>> = const { Cell::new(None) };
    }

    pub(crate) fn holds(rule: Rule) -> bool {
        REMOVED.get() != Some(rule)
    }

    /// Runs without a rule, on this thread.
    pub(crate) fn without<T>(rule: Rule, run: impl FnOnce() -> T) -> T {
        struct Restore;
        impl Drop for Restore {
            fn drop(&mut self) {
                REMOVED.set(None);
            }
        }
        REMOVED.set(Some(rule));
        let _restore = Restore;
        run()
    }
}
