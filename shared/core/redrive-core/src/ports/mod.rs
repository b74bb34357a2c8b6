//! The outside systems that a run works with, each behind a trait.

mod invoker;
mod letter_queue;
mod objects;

use std::sync::Arc;

use event_runtime::{Claims, Clock, DeadLetters};

pub use invoker::{ExpectedAnswer, Invoked, Invoker, NotInvoked, Target};
pub use letter_queue::{LetterQueue, Message, QueueError};
pub use objects::{ObjectError, Objects};

/// The outside systems that a run works with.
#[derive(Clone)]
pub struct Ports {
    /// Holds the letters.
    pub queue: Arc<dyn LetterQueue>,
    /// Stores a letter whose redrive failed, with its attempt counted.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Holds large letters, and documents of an S3 on-failure destination.
    pub objects: Arc<dyn Objects>,
    /// Invokes the functions.
    pub invoker: Arc<dyn Invoker>,
    /// Holds the claims of the functions. Letters with a claim are refused without it.
    pub claims: Option<Arc<dyn Claims>>,
    /// Gives the time of an attempt.
    pub clock: Arc<dyn Clock>,
}
