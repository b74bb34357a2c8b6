//! What a cluster does not do.

use krafka::error::KrafkaError;

use crate::right::Right;

/// What a cluster does not do, and what that says about the change that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No broker answers, or the client may not sign in. Nothing was done.
    #[error(
        "the cluster cannot be reached at {servers}: {}. Is a broker there, and do its listener and --tls, --auth agree?",
        kafka_connection::with_causes(source)
    )]
    Unreachable {
        /// The bootstrap servers.
        servers: String,
        /// Why.
        source: KrafkaError,
    },
    /// The right is missing. Nothing was done.
    #[error("{topic}: the right is missing: {right}")]
    Denied {
        /// The topic.
        topic: String,
        /// Which right.
        right: Right,
    },
    /// The cluster refuses the change. Nothing was done.
    #[error("{topic}: the cluster refuses to {asked}: {reason}")]
    Refused {
        /// The topic.
        topic: String,
        /// What was asked for.
        asked: &'static str,
        /// Why, in the broker's words.
        reason: String,
    },
    /// The topic came since the plan was made, or is not gone yet. Nothing was done.
    #[error("{topic}: it exists since the plan was made, or is being deleted: wait, and plan again")]
    Exists {
        /// The topic.
        topic: String,
    },
    /// The topic went since the plan was made. Nothing was done.
    #[error("{topic}: it has gone since the plan was made: plan again")]
    Gone {
        /// The topic.
        topic: String,
    },
    /// Brokers disagree about whether the topic exists.
    #[error("{topic}: it is listed and cannot be described: it is being created or deleted; wait, and plan again")]
    Unsettled {
        /// The topic.
        topic: String,
    },
    /// The request got no answer: it may have been done.
    #[error("{topic}: no answer to the request to {asked}, which may have been done: {source}. Plan again")]
    Unanswered {
        /// The topic.
        topic: String,
        /// What was asked for.
        asked: &'static str,
        /// Why.
        source: KrafkaError,
    },
}

impl ClusterError {
    /// Whether it is about one topic only, so that others may still be changed.
    pub fn is_of_topic(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unanswered { .. } => false,
            Self::Denied { .. }
            | Self::Refused { .. }
            | Self::Exists { .. }
            | Self::Gone { .. }
            | Self::Unsettled { .. } => true,
        }
    }
}
