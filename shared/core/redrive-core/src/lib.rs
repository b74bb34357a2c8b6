//! Sends dead-lettered records back to the function that gave them up: what one run does, behind ports.
//!
//! One run ([`Redrive::run`]) collects the messages of the dead-letter queue, selects the letters that the [`Request`]
//! asks for and works through them one by one. Without `yes` it only reports what it would do. A letter leaves the queue
//! only when its record is finished. Every outside system is behind a small port: [`LetterQueue`], [`Objects`],
//! [`Invoker`], and the runtime's `DeadLetters` and `Claims`. `functions/redrive-dead-letters` has the adapters and is
//! the Lambda; `redrive-command`, in its folder `command`, is the command.

mod answer;
mod error;
pub mod on_failure;
mod ports;
mod progress;
mod redrive;
mod redrive_event;
mod report;
mod request;
mod run;
mod stop;
#[cfg(test)]
mod tests;

pub use answer::{error_text, read_answer};
pub use error::RedriveError;
pub use ports::{
    ExpectedAnswer, Invoked, Invoker, LetterQueue, Message, NotInvoked, ObjectError, Objects, Ports, QueueError, Target,
};
pub use progress::Progress;
pub use redrive::Redrive;
pub use redrive_event::{UnusableLetter, redrive_event};
pub use report::{Counts, Entry, ForeignMessage, Omitted, RedriveOutcome, Report, RunStatus};
pub use request::{Action, Bucket, Request, RequestError};
pub use stop::Stop;
