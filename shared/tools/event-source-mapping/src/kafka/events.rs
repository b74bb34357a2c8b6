//! Events that a member of a group hands to its mapping.

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::machine::TopicPartition;
use crate::ports::SourceEvent;

/// What the mapping receives. Records hold a permit until they are received, so that few of them wait.
pub(super) type Event = (SourceEvent, Option<OwnedSemaphorePermit>);
pub(super) type Events = mpsc::UnboundedSender<Event>;

pub(super) fn of_partition(at: &krafka::consumer::TopicPartition) -> TopicPartition {
    TopicPartition::new(&at.topic, at.partition)
}
