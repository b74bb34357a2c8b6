//! A function that runs in memory, without its types.

use std::any::Any;
use std::time::Duration;

use event_runtime::{BatchReport, Deadline, Fault, Invocation, Processor, RecordHandler, Stage};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::typed::{Inbox, TakesTyped};
use crate::handlers::task::Task;
use crate::lambda::HostError;

/// A function that runs in memory.
pub(crate) trait Running {
    /// Processes an event of an event source mapping.
    fn deliver<'a>(&'a self, event: &'a [u8]) -> BoxFuture<'a, BatchReport>;
    /// Processes an event of records whose values a test made up.
    fn deliver_made_up<'a>(&'a self, event: &'a [u8]) -> BoxFuture<'a, BatchReport>;
    /// Puts aside what a test made up, for the record at this offset.
    fn make_up(&self, offset: i64, made_up: Box<dyn Any + Send>);
    /// Runs a task.
    fn invoke<'a>(&'a self, input: &'a [u8]) -> BoxFuture<'a, Result<serde_json::Value, Fault>>;
}

/// A function on a topic.
pub(crate) fn consumer<R, M>(live: Processor<R>, made_up: Processor<M>, inbox: Inbox) -> Box<dyn Running>
where
    R: RecordHandler,
    M: RecordHandler,
{
    Box::new(Consumer { live, made_up, inbox })
}

/// A function that is invoked.
pub(crate) fn task<K: Task>(task: K) -> Box<dyn Running> {
    Box::new(TaskRunning(task))
}

/// A task without one of its parts.
pub(crate) fn unbuildable(error: &HostError) -> ! {
    panic!("a part of the function cannot be built: {error}")
}

/// A typed record handler with its inbox.
pub(crate) fn inbox_of(typed: &impl TakesTyped) -> Inbox {
    typed.inbox()
}

struct Consumer<R, M> {
    live: Processor<R>,
    made_up: Processor<M>,
    inbox: Inbox,
}

async fn process<R: RecordHandler>(processor: &Processor<R>, event: &[u8]) -> BatchReport {
    match processor.process(event, &invocation()).await {
        Ok(report) => report,
        Err(error) => panic!("the event cannot be read: {error}"),
    }
}

impl<R: RecordHandler, M: RecordHandler> Running for Consumer<R, M> {
    fn deliver<'a>(&'a self, event: &'a [u8]) -> BoxFuture<'a, BatchReport> {
        process(&self.live, event).boxed()
    }

    fn deliver_made_up<'a>(&'a self, event: &'a [u8]) -> BoxFuture<'a, BatchReport> {
        process(&self.made_up, event).boxed()
    }

    fn make_up(&self, offset: i64, made_up: Box<dyn Any + Send>) {
        self.inbox.put(offset, made_up);
    }

    fn invoke<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<serde_json::Value, Fault>> {
        panic!("this function reads a topic: deliver records to it")
    }
}

struct TaskRunning<K>(K);

const NO_TOPIC: &str = "this function reads no topic: invoke it";

impl<K: Task> Running for TaskRunning<K> {
    fn deliver<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, BatchReport> {
        panic!("{NO_TOPIC}")
    }

    fn deliver_made_up<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, BatchReport> {
        panic!("{NO_TOPIC}")
    }

    fn make_up(&self, _: i64, _: Box<dyn Any + Send>) {
        panic!("{NO_TOPIC}")
    }

    fn invoke<'a>(&'a self, input: &'a [u8]) -> BoxFuture<'a, Result<serde_json::Value, Fault>> {
        let input = match serde_json::from_slice(input) {
            Ok(input) => input,
            Err(error) => panic!("the event is not what this function takes: {error}"),
        };
        async move {
            let output = self.0.run(input, invocation()).await.map_err(|failed| failed.at(Stage::Handle))?;
            Ok(serde_json::to_value(output).unwrap_or_default())
        }
        .boxed()
    }
}

/// A minute of time, which no test needs.
fn invocation() -> Invocation {
    Invocation {
        request_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        function: "under-test".to_owned(),
        function_version: "$LATEST".to_owned(),
        deadline: Deadline::within(Duration::from_secs(60)),
    }
}
