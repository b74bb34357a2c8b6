//! Brings parked records back into the function that gave them up: what one run does, over ports.
//!
//! One run ([`Redrive::run`]) collects what lies in the queue, picks what the [`Request`] asks for, and goes through it
//! letter by letter. Without `yes` it only says what it would do. A letter leaves the queue only when its record is
//! finished. Everything outside is behind a small port: [`LetterQueue`], [`Objects`], [`Invoker`], and the runtime's
//! `DeadLetters` and `Claims`. `functions/redrive-dead-letters` has the adapters, and is the Lambda; `redrive-command` is
//! the command.

mod advice;
mod catalogue;
mod document;
mod error;
mod event;
mod invoke;
mod letter;
mod objects;
pub mod on_failure;
mod ports;
mod queue;
mod report;
mod request;
mod run;
mod stop;
#[cfg(test)]
mod tests;

pub use error::RedriveError;
pub use event::{UnusableLetter, event_of};
pub use invoke::{Invoked, Invoker, NotInvoked, Success, Target, said, understood};
pub use objects::{ObjectError, Objects};
pub use ports::Ports;
pub use queue::{LetterQueue, Message, QueueError};
pub use report::{Counts, Ending, Entry, Fate, Foreign, LeftOut, Report};
pub use request::{Action, Bucket, Request, RequestError};
pub use run::{Progress, Redrive};
pub use stop::Stop;
