//! The test environment: the function that writes the letters, the redrive, and Lambda's Invoke API between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use end_to_end::{Scene, created_accounts};
use local_stack::{EventRecord, Invocation, LambdaHost, Stack, Target};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const WELCOME: &str = "send-welcome-email";
const REDRIVE: &str = "redrive-dead-letters";
/// Long enough for a slow machine: a run starts no letter that could outlast its deadline.
const RUN_WITHIN: Duration = Duration::from_secs(180);

/// How an Invoke API reports a failed function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// HTTP 200 and a header.
    Aws,
    /// HTTP 500.
    Watch,
}

/// A Lambda Invoke API in front of one function.
struct Api {
    scene: Arc<Scene>,
    dialect: Dialect,
    invocations: AtomicUsize,
}

/// Everything for one test.
pub(crate) struct Stage {
    pub(crate) scene: Arc<Scene>,
    pub(crate) redrive: LambdaHost,
    pub(crate) invoke_url: String,
    api: Arc<Api>,
}

impl Stage {
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        Stage::of(Scene::start(WELCOME, variables).await.unwrap(), Dialect::Aws).await
    }

    pub(crate) async fn on(stack: Stack) -> Self {
        Stage::of(Scene::on(stack, WELCOME, &[]).await.unwrap(), Dialect::Aws).await
    }

    pub(crate) async fn of(scene: Scene, dialect: Dialect) -> Self {
        let scene = Arc::new(scene);
        let api = Arc::new(Api { scene: Arc::clone(&scene), dialect, invocations: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let invoke_url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let variables = [("AWS_ENDPOINT_URL_LAMBDA", invoke_url.as_str()), ("INVOKE_TIMEOUT_MS", "15000")];
        let redrive = scene.host_within(RUN_WITHIN, REDRIVE, &variables).await.unwrap();
        Stage { scene, redrive, invoke_url, api }
    }

    /// Delivers records to the function as its mapping does; the function must finish all of them.
    pub(crate) async fn deliver(&self, records: &[EventRecord]) {
        match self.scene.invoke(records).await {
            Invocation::Answered(_) => {}
            other => panic!("{other:?}: {}", self.scene.host.output()),
        }
    }

    /// Sends a request to the redrive and returns its report.
    pub(crate) async fn ask(&self, request: Value) -> Value {
        match self.redrive.invoke(request.to_string().into()).await {
            Invocation::Answered(report) => serde_json::from_slice(&report).unwrap(),
            other => panic!("{other:?}: {}", self.redrive.output()),
        }
    }

    pub(crate) async fn replay(&self) -> Value {
        self.ask(json!({"action": "replay", "yes": true, "ratePerSecond": 100})).await
    }

    pub(crate) async fn resolve(&self, decision: &str) -> Value {
        let letters = self.scene.dead_letters().await.unwrap();
        let ids: Vec<_> = letters.iter().map(|letter| letter["id"].clone()).collect();
        let request = json!({"action": "resolve", "yes": true, "ids": ids, "decision": decision, "by": "ada"});
        self.ask(request).await
    }

    pub(crate) async fn letters(&self) -> Vec<Value> {
        self.scene.dead_letters().await.unwrap()
    }

    pub(crate) async fn mails(&self) -> usize {
        self.scene.mails().await.unwrap().len()
    }

    /// Messages that a killed run has hidden reappear after some minutes. The emulator's clock cannot be set, so the same
    /// messages are sent again.
    pub(crate) async fn hidden_letters_reappear(&self) {
        let aws = &self.scene.stack.aws;
        let queue = self.scene.stack.dead_letter_queue_url();
        let bodies = aws.messages(queue).await.unwrap();
        aws.call("AmazonSQS.PurgeQueue", &json!({"QueueUrl": queue})).await.unwrap();
        for body in bodies {
            let message = json!({"QueueUrl": queue, "MessageBody": body});
            aws.call("AmazonSQS.SendMessage", &message).await.unwrap();
        }
    }

    /// How often the redrive invoked the function.
    pub(crate) fn invocations(&self) -> usize {
        self.api.invocations.load(Ordering::SeqCst)
    }
}

async fn invoke(State(api): State<Arc<Api>>, Path(name): Path<String>, event: Bytes) -> Response {
    if name != api.scene.function() {
        let missing = json!({"Message": "Function not found", "Type": "User"});
        let headers = [("x-amzn-errortype", "ResourceNotFoundException")];
        return (StatusCode::NOT_FOUND, headers, missing.to_string()).into_response();
    }
    api.invocations.fetch_add(1, Ordering::SeqCst);
    match (api.scene.host.invoke(event).await, api.dialect) {
        (Invocation::Answered(answer), _) => answer.into_response(),
        (Invocation::Failed(error), Dialect::Aws) => ([("x-amz-function-error", "Unhandled")], error).into_response(),
        (Invocation::Failed(error), Dialect::Watch) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        (other, _) => {
            let error = json!({"errorType": "Runtime.ExitError", "errorMessage": format!("{other:?}")}).to_string();
            ([("x-amz-function-error", "Unhandled")], error).into_response()
        }
    }
}

/// The fates in a report, in its order.
pub(crate) fn fates(report: &Value) -> Vec<&str> {
    let entries = report["entries"].as_array().unwrap_or_else(|| panic!("{report}"));
    entries.iter().map(|entry| entry["fate"]["kind"].as_str().unwrap()).collect()
}

/// The first inserted account of the recording.
pub(crate) fn an_account() -> EventRecord {
    created_accounts().unwrap().remove(0)
}

/// A record with a truncated frame.
pub(crate) fn truncated() -> EventRecord {
    EventRecord { value: Some(Some("AAAB".to_owned())), ..an_account() }
}

/// The states of all claims.
pub(crate) async fn claims(stage: &Stage) -> Vec<String> {
    stage.scene.claims().await.unwrap()
}

/// A stack whose registry lacks the schema of the first account; with the schema, and the id that it will get.
pub(crate) async fn without_a_schema() -> (Stack, String, u32) {
    let workspace = local_stack::Workspace::find().unwrap();
    let mut schemas: BTreeMap<_, _> = local_stack::repository_schemas(&workspace).unwrap();
    let value = base64_simd::STANDARD.decode_to_vec(an_account().value.unwrap().unwrap()).unwrap();
    let id = u32::from_be_bytes(value[1..5].try_into().unwrap());
    let missing = schemas.remove(&id).unwrap().schema;
    let next = schemas.keys().max().unwrap() + 1;
    (Stack::start(&workspace, schemas).await.unwrap(), missing, next)
}
