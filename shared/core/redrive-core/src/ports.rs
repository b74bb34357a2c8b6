//! What a run works with.

use std::sync::Arc;

use event_runtime::{Claims, Clock, DeadLetters};

use crate::invoke::Invoker;
use crate::objects::Objects;
use crate::queue::LetterQueue;

/// What a run works with.
#[derive(Clone)]
pub struct Ports {
    /// Where letters lie.
    pub queue: Arc<dyn LetterQueue>,
    /// Stores a letter that failed again, with its attempt counted.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Large letters, and documents of an S3 on-failure destination.
    pub objects: Arc<dyn Objects>,
    /// Invokes the functions.
    pub invoker: Arc<dyn Invoker>,
    /// The claims of the functions; needed for letters with one.
    pub claims: Option<Arc<dyn Claims>>,
    /// Tells the time for attempts.
    pub clock: Arc<dyn Clock>,
}
