//! Brings parked records back into the function that gave them up: the library behind a Lambda and a command.
//!
//! One run ([`Redrive::run`]) collects what lies in the queue, picks what the [`Request`] asks for, and goes through it
//! letter by letter. Without `yes` it only says what it would do. A letter leaves the queue only when its record is
//! finished. Everything outside is behind a small port: [`LetterQueue`], [`Objects`], [`Invoker`], and the runtime's
//! `DeadLetters` and `Claims`.

mod advice;
mod catalogue;
pub mod config;
mod document;
mod error;
mod event;
mod invoke;
mod lambda;
mod letter;
mod objects;
mod ports;
mod queue;
mod report;
mod request;
mod run;
mod sqs;
mod stop;
#[cfg(test)]
mod tests;

pub use error::RedriveError;
pub use event::{UnusableLetter, event_of};
pub use invoke::{Invoked, Invoker, NotInvoked, Success, Target};
pub use lambda::LambdaInvoker;
pub use objects::{ObjectError, Objects, S3Objects};
pub use ports::Ports;
pub use queue::{LetterQueue, Message, QueueError};
pub use report::{Counts, Ending, Entry, Fate, Report};
pub use request::{Action, Bucket, Request};
pub use run::{Progress, Redrive};
pub use sqs::SqsLetterQueue;
pub use stop::Stop;
