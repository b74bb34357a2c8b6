//! The steps from a function's name to a whole [`Function`].

use std::marker::PhantomData;
use std::process::ExitCode;

use avro_decode::AvroType;
use environment::Configuration;
use event_runtime::RecordHandler;
use serde::de::DeserializeOwned;

use super::Function;
use super::consumer::Consuming;
use super::kind::{ChangesKind, EventsKind, RecordsKind};
use super::task::Invoked;
use crate::aws::Aws;
use crate::handlers::change_handler::ChangeHandler;
use crate::handlers::document::Document;
use crate::handlers::event_handler::EventHandler;
use crate::handlers::task::Task;
use crate::lambda::HostError;
use crate::manifest::{Batch, Described, Limits};

/// A function that has a name.
#[must_use = "a function does something when it says what it reads"]
pub struct Draft {
    described: Described,
}

/// A function that reads changes of a table's rows or of documents.
#[must_use = "say what the function does: `.effect(|config: &Config, aws| …)`"]
pub struct Changes<T> {
    described: Described,
    topic: &'static str,
    _row: PhantomData<fn() -> T>,
}

/// A function that reads domain events.
#[must_use = "say what the function does: `.effect(|config: &Config, aws| …)`"]
pub struct Events<T> {
    described: Described,
    topic: &'static str,
    _data: PhantomData<fn() -> T>,
}

/// A function that reads records by itself.
#[must_use = "say what the function does: `.handler(|config: &Config, aws| …)`"]
pub struct Records {
    described: Described,
    topic: &'static str,
}

/// A function that is invoked by a schedule or a person.
#[must_use = "say what the function does: `.run_by(|config: &Config, aws| …)`"]
pub struct Tasks {
    described: Described,
}

impl Draft {
    pub(super) fn of(name: &'static str) -> Self {
        Draft { described: Described { name, limits: Limits::default(), batch: Batch::default() } }
    }

    /// What an invocation needs, where [`Limits::default`] does not fit. A deployment and the local stack read it from
    /// the manifest.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.described.limits = limits;
        self
    }

    /// What the event source mapping sends at once, where [`Batch::default`] does not fit.
    pub fn batch(mut self, batch: Batch) -> Self {
        self.described.batch = batch;
        self
    }

    /// Debezium's changes of a table, whose rows are read as `T`.
    pub fn changes<T: AvroType>(self, topic: &'static str) -> Changes<T> {
        Changes { described: self.described, topic, _row: PhantomData }
    }

    /// Debezium's changes of a MongoDB collection, whose documents are read as `D`.
    pub fn documents<D: DeserializeOwned + 'static>(self, topic: &'static str) -> Changes<Document<'static, D>> {
        self.changes(topic)
    }

    /// Domain events, whose data are read as `T`.
    pub fn events<T: AvroType>(self, topic: &'static str) -> Events<T> {
        Events { described: self.described, topic, _data: PhantomData }
    }

    /// Records of any kind, read by a [`RecordHandler`] of one's own.
    pub fn records(self, topic: &'static str) -> Records {
        Records { described: self.described, topic }
    }

    /// No topic: a schedule or a person invokes the function.
    pub fn task(self) -> Tasks {
        Tasks { described: self.described }
    }
}

impl<T: AvroType> Changes<T> {
    /// What is done about each change. `wire` also runs without variables, to find out what the function declares: it
    /// takes what the effect needs from `aws` whatever the values are.
    pub fn effect<C, H, F>(self, wire: F) -> Function
    where
        C: Configuration,
        F: Fn(&C, &Aws<T>) -> H + 'static,
        H: ChangeHandler<Row = T>,
    {
        Function::of(self.described, Consuming::<ChangesKind, T, C, H, F>::new(self.topic, wire))
    }
}

impl<T: AvroType> Events<T> {
    /// What is done about each event; see [`Changes::effect`].
    pub fn effect<C, H, F>(self, wire: F) -> Function
    where
        C: Configuration,
        F: Fn(&C, &Aws<T>) -> H + 'static,
        H: EventHandler<Data = T>,
    {
        Function::of(self.described, Consuming::<EventsKind, T, C, H, F>::new(self.topic, wire))
    }
}

impl Records {
    /// What is done about each record; see [`Changes::effect`]. Effects are conditional: claims need changes or events.
    pub fn handler<C, R, F>(self, wire: F) -> Function
    where
        C: Configuration,
        F: Fn(&C, &Aws<()>) -> R + 'static,
        R: RecordHandler,
    {
        Function::of(self.described, Consuming::<RecordsKind, (), C, R, F>::new(self.topic, wire))
    }
}

impl Tasks {
    /// What an invocation does; see [`Changes::effect`]. A part that cannot be built ends the process at its start.
    pub fn run_by<C, K, E, F>(self, wire: F) -> Function
    where
        C: Configuration,
        F: Fn(&C, &Aws<()>) -> Result<K, E> + 'static,
        K: Task,
        E: Into<HostError> + 'static,
    {
        Function::of(self.described, Invoked::new(wire))
    }
}

/// A function that says what it does.
#[diagnostic::on_unimplemented(
    message = "this function reads records and does nothing about them",
    label = "say what it does before this: `.effect(|config: &Config, aws| …)`"
)]
pub trait HasEffect {}

impl<T> Changes<T> {
    #[doc(hidden)]
    pub fn run(self) -> ExitCode
    where
        Self: HasEffect,
    {
        ExitCode::FAILURE
    }
}

impl<T> Events<T> {
    #[doc(hidden)]
    pub fn run(self) -> ExitCode
    where
        Self: HasEffect,
    {
        ExitCode::FAILURE
    }
}
