//! Everything that publishing needs, and how long a page may take.

use std::sync::Arc;
use std::time::Duration;

use event_runtime::{DeadLetters, Invocation};
use kafka_producer::{Delivered, DeliveryProblem, EventSource, PublishError, Publisher};
use topic_names::TopicName;

use crate::api::ProfileApi;
use crate::cursor::Cursors;
use crate::profile::UserProfileUpdated;

/// What a page needs beside asking and sending: dead letters, three writes to the table, and a margin.
pub const RESERVE: Duration = Duration::from_secs(3);

/// Publishes the changes of the API: what a run and a redrive need.
pub struct ProfilePublisher {
    /// The lease and the cursor.
    pub cursors: Cursors,
    /// The API that has the changes.
    pub api: ProfileApi,
    /// Encodes and sends events.
    pub events: Publisher<UserProfileUpdated>,
    /// Takes items that cannot be published.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// The events' topic.
    pub topic: TopicName,
    /// The events' source, part of their ids.
    pub source: EventSource,
    /// The most that sending a page may take.
    pub send_timeout: Duration,
}

impl ProfilePublisher {
    /// The most that one page may take.
    pub(crate) fn page_takes(&self) -> Duration {
        self.api.settings().page_timeout() + self.send_timeout + RESERVE
    }

    /// Whether there is time for sending once.
    pub(crate) fn may_send(&self, invocation: &Invocation) -> bool {
        invocation.deadline.allows(self.send_timeout + RESERVE)
    }
}

/// Whether Kafka refused the credentials. They may have been rotated since this process signed in; sending again signs
/// in with the current ones. What was written the first time is then in the topic twice, under equal ids.
pub(crate) fn credentials_refused(answers: &[Result<Delivered, PublishError>]) -> bool {
    answers.iter().any(
        |answer| matches!(answer, Err(PublishError::Delivery(error)) if error.problem() == DeliveryProblem::Denied),
    )
}
