//! Serves invocations that are not Kafka batches: schedules, and commands of an operator.

use std::sync::Arc;

use bytes::Bytes;
use event_runtime::{Fault, Stage, cut_text};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};

use super::invocation;
use super::raw_body::{Bodies, RawBodyLayer};
use crate::handlers::task::Task;

/// Why a task failed, in the form that the Runtime API wants.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the invocation has no body")]
    NoBody,
    /// The event is a command, not row data, so its error may quote it.
    #[error("the event is not what this function takes: {0}. Its samples are in events/samples/{1}")]
    Unreadable(#[source] serde_json::Error, String),
    #[error("{0}")]
    Task(Fault),
    #[error("the answer cannot be written as JSON: {0}")]
    Unwritable(#[source] serde_json::Error),
}

impl Failed {
    fn error_type(&self) -> &'static str {
        match self {
            Failed::NoBody => "NoBody",
            Failed::Unreadable(..) => "UnreadableEvent",
            Failed::Task(fault) => fault.code,
            Failed::Unwritable(_) => "UnwritableAnswer",
        }
    }
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        Diagnostic { error_type: failed.error_type().to_owned(), error_message: cut_text(&failed) }
    }
}

/// Serves invocations until Lambda ends the process: each event is read as the task's input, and answered with its output
/// as JSON.
///
/// An event that cannot be read fails its invocation as `UnreadableEvent`. A failure of the task is logged here, once, and
/// fails the invocation under its code; Lambda then applies the caller's own retry: EventBridge and other asynchronous
/// callers try twice more, a synchronous one sees the error.
///
/// # Errors
/// Only when the Lambda Runtime API cannot be reached.
pub(crate) async fn serve_task<K: Task>(task: Arc<K>) -> Result<(), lambda_runtime::Error> {
    let bodies = Bodies::default();
    let layer = RawBodyLayer(bodies.clone());
    let service = service_fn(move |event: LambdaEvent<()>| {
        let (task, bodies) = (Arc::clone(&task), bodies.clone());
        async move {
            let body = bodies.take(&event.context.request_id);
            answer(&*task, body, &event.context).await.inspect_err(|failed| {
                let error = cut_text(failed);
                tracing::error!(error_code = failed.error_type(), request_id = event.context.request_id, "{error}");
            })
        }
    });
    Runtime::new(service).layer(layer).run().await
}

/// One invocation, from bytes to JSON.
async fn answer<K: Task>(task: &K, body: Option<Bytes>, context: &Context) -> Result<serde_json::Value, Failed> {
    let invocation = invocation::of_context(context);
    let body = body.ok_or(Failed::NoBody)?;
    let input =
        serde_json::from_slice(&body).map_err(|error| Failed::Unreadable(error, invocation.function.clone()))?;
    let output = task.run(input, invocation).await.map_err(|failed| Failed::Task(failed.at(Stage::Handle)))?;
    serde_json::to_value(output).map_err(Failed::Unwritable)
}

#[cfg(test)]
mod tests {
    use std::io;

    use event_runtime::Invocation;
    use serde_json::json;

    use super::*;
    use crate::Failure;

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Sum {
        left: u32,
        right: u32,
    }

    /// The adder is down.
    #[derive(Debug, Failure)]
    #[failure("the adder does not answer", retry, code = "adder_unreachable")]
    struct Down(#[source] io::Error);

    /// Adds, or is down.
    struct Adder(bool);

    impl Task for Adder {
        type Input = Sum;
        type Output = serde_json::Value;

        async fn run(&self, sum: Sum, invocation: Invocation) -> Result<Self::Output, event_runtime::Failed> {
            match self.0 {
                true => Ok(json!({"sum": sum.left + sum.right, "asked": invocation.request_id})),
                false => Err(Down(io::Error::other("refused")).into()),
            }
        }
    }

    fn context() -> Context {
        let mut context = Context::default();
        context.request_id = "8476a536".to_owned();
        context
    }

    async fn add(body: &'static str) -> Result<serde_json::Value, Failed> {
        answer(&Adder(true), Some(Bytes::from_static(body.as_bytes())), &context()).await
    }

    #[tokio::test]
    async fn the_event_is_read_and_the_answer_is_json() {
        let answered = add(r#"{"left": 2, "right": 3}"#).await.unwrap();
        assert_eq!(answered, json!({"sum": 5, "asked": "8476a536"}));
    }

    #[tokio::test]
    async fn an_unreadable_event_is_refused_with_the_reason_and_the_samples() {
        let diagnostic = Diagnostic::from(add(r#"{"left": 2, "wrong": 3}"#).await.unwrap_err());
        assert_eq!(diagnostic.error_type, "UnreadableEvent");
        assert!(diagnostic.error_message.contains("unknown field `wrong`"), "{}", diagnostic.error_message);
        assert!(diagnostic.error_message.contains("events/samples/"), "{}", diagnostic.error_message);
    }

    #[tokio::test]
    async fn the_answer_stays_short_for_any_event() {
        let unknown = format!(r#"{{"left": 2, "{}": 3}}"#, "w".repeat(1_000_000)).leak();
        let diagnostic = Diagnostic::from(add(unknown).await.unwrap_err());
        assert!(diagnostic.error_message.starts_with("the event is not what this function takes: unknown field"));
        assert!(diagnostic.error_message.len() < 4_200, "{} bytes", diagnostic.error_message.len());
        assert!(diagnostic.error_message.ends_with(" bytes cut)"));
    }

    #[tokio::test]
    async fn a_failure_is_answered_with_its_code_and_all_causes() {
        let body = Some(Bytes::from_static(br#"{"left": 2, "right": 3}"#));
        let failed = answer(&Adder(false), body, &context()).await.unwrap_err();
        let diagnostic = Diagnostic::from(failed);
        assert_eq!(diagnostic.error_type, "adder_unreachable");
        assert_eq!(diagnostic.error_message, "the adder does not answer: refused");
    }

    #[tokio::test]
    async fn an_invocation_without_a_body_fails() {
        let failed = answer(&Adder(true), None, &context()).await.unwrap_err();
        assert_eq!(Diagnostic::from(failed).error_type, "NoBody");
    }
}
