//! Everything that publishing needs, and how long a page may take.

use std::sync::Arc;
use std::time::Duration;

use event_functions::schemas::{Subjects, Version};
use event_functions::{DeadLetters, Invocation, KafkaTopic};
use kafka_producer::{Delivered, DeliveryProblem, EventSource, PublishError, Publisher};

use crate::api::Feed;
use crate::config::Config;
use crate::cursor::Cursors;
use crate::page_time::{RESERVE, page_takes};
use crate::ports::Ports;
use crate::profile::UserProfileUpdated;

/// Publishes the changes of the API: what a run and a redrive need.
pub(crate) struct ProfilePublisher {
    /// The lease and the cursor.
    pub(crate) cursors: Arc<dyn Cursors>,
    /// The API that has the changes.
    pub(crate) feed: Arc<dyn Feed>,
    /// Encodes and sends events.
    pub(crate) events: Publisher<UserProfileUpdated>,
    /// Takes items that cannot be published.
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    /// The events' topic.
    pub(crate) topic: KafkaTopic,
    /// The events' source, part of their ids.
    pub(crate) source: EventSource,
    /// The most that sending a page may take.
    pub(crate) send_timeout: Duration,
    /// The most that a page may take.
    pub(crate) page_takes: Duration,
}

impl ProfilePublisher {
    pub(crate) fn new(
        config: &Config,
        ports: Ports,
        subjects: Arc<dyn Subjects>,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Self {
        let Ports { feed, cursors, producer, send_timeout } = ports;
        let (topic, source) = (config.topic.clone(), config.event_source.clone());
        let version = config.schema_version.map_or(Version::Latest, Version::Number);
        ProfilePublisher {
            cursors,
            feed,
            events: Publisher::new(topic.clone(), source.clone(), subjects, version, producer),
            dead_letters,
            topic,
            source,
            send_timeout,
            page_takes: page_takes(&config.api(), send_timeout),
        }
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
