//! The story of a run: its steps, printed line by line or drawn as a sequence diagram.

use std::fmt::{self, Write};
use std::time::Duration;

/// A participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The event source mapping.
    Source,
    /// The worker of a delivery.
    Worker(u32),
    /// The schema registry.
    Registry,
    /// The claims table.
    Claims,
    /// Where effects happen.
    Service,
    /// The dead-letter queue.
    Letters,
    /// A redrive.
    Redrive,
    /// The operator.
    Operator,
}

impl Actor {
    fn id(self) -> String {
        match self {
            Actor::Source => "M".to_owned(),
            Actor::Worker(delivery) => format!("W{delivery}"),
            Actor::Registry => "R".to_owned(),
            Actor::Claims => "C".to_owned(),
            Actor::Service => "S".to_owned(),
            Actor::Letters => "Q".to_owned(),
            Actor::Redrive => "D".to_owned(),
            Actor::Operator => "O".to_owned(),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Source => f.write_str("mapping"),
            Actor::Worker(delivery) => write!(f, "worker of delivery {delivery}"),
            Actor::Registry => f.write_str("schema registry"),
            Actor::Claims => f.write_str("claims table"),
            Actor::Service => f.write_str("service"),
            Actor::Letters => f.write_str("dead-letter queue"),
            Actor::Redrive => f.write_str("redrive"),
            Actor::Operator => f.write_str("operator"),
        }
    }
}

/// The answer to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// No answer is expected.
    None,
    /// The answer that is received.
    Received(String),
    /// The call was executed, but its answer is lost.
    Lost(String),
    /// The call never arrived.
    NotArrived,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Time since the run began.
    pub at: Duration,
    /// The caller.
    pub from: Actor,
    /// The called participant; the caller itself for a note.
    pub to: Actor,
    /// What is called or noted.
    pub text: String,
    /// The answer to a step.
    pub answer: Answer,
}

impl Step {
    /// A note about one participant.
    pub(crate) fn note(of: Actor, text: impl Into<String>) -> Self {
        Step::call(of, of, text, Answer::None)
    }

    /// A call with its answer.
    pub(crate) fn call(from: Actor, to: Actor, text: impl Into<String>, answer: Answer) -> Self {
        Step { at: Duration::ZERO, from, to, text: text.into(), answer }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8.3} s  {}", self.at.as_secs_f64(), self.from)?;
        if self.from != self.to {
            write!(f, " to {}", self.to)?;
        }
        write!(f, ": {}", self.text)?;
        match &self.answer {
            Answer::None => Ok(()),
            Answer::Received(text) => write!(f, ": {text}"),
            Answer::Lost(text) => write!(f, ": {text}, but the answer is lost"),
            Answer::NotArrived => write!(f, ": does not arrive"),
        }
    }
}

/// Draws a story as a Mermaid sequence diagram.
pub fn diagram(story: &[Step]) -> String {
    let mut actors: Vec<_> = story.iter().flat_map(|step| [step.from, step.to]).collect();
    actors.sort_unstable();
    actors.dedup();
    let mut text = "sequenceDiagram\n".to_owned();
    for actor in actors {
        let _ = writeln!(text, "    participant {} as {actor}", actor.id());
    }
    for Step { from, to, text: said, answer, .. } in story {
        let (from, to) = (from.id(), to.id());
        let _ = match answer {
            _ if from == to => writeln!(text, "    Note over {from}: {said}"),
            Answer::NotArrived => writeln!(text, "    {from}-x{to}: {said}"),
            Answer::None => writeln!(text, "    {from}->>{to}: {said}"),
            Answer::Received(answer) => writeln!(text, "    {from}->>{to}: {said}\n    {to}-->>{from}: {answer}"),
            Answer::Lost(answer) => writeln!(text, "    {from}->>{to}: {said}\n    {to}--x{from}: {answer}"),
        };
    }
    text
}
