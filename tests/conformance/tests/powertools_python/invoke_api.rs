//! A function of Python behind the Invoke API, with the answers that AWS gives.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use local_stack::{Function, Invocation, LambdaHost, Target};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The name of every function here.
pub(crate) const NAME: &str = "orders";

/// A handler of `powertools-python/orders.py` in AWS's runtime client. It ends with this value.
pub(crate) struct PythonFunction {
    url: String,
    host: Arc<LambdaHost>,
    folder: TempDir,
}

impl PythonFunction {
    /// The handler of that name, each invocation of which may take as long as `timeout`.
    pub(crate) async fn start(handler: &str, timeout: Duration) -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = package.join("powertools-python");
        let setup = Command::new(package.join("setup-python.sh")).arg("powertools-python").status().unwrap();
        assert!(setup.success(), "setup-python.sh failed; its message is above");
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(LambdaHost::new(Function {
            name: NAME.to_owned(),
            binary: project.join("bootstrap"),
            environment: vec![
                ("_HANDLER".to_owned(), format!("orders.{handler}")),
                ("SEEN".to_owned(), seen(&folder).display().to_string()),
                ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
            ],
            timeout,
            log: folder.path().join("log"),
        }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route(&format!("/2015-03-31/functions/{NAME}/invocations"), post(invoke))
            .layer(DefaultBodyLimit::disable())
            .with_state((Arc::clone(&host), timeout));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        PythonFunction { url, host, folder }
    }

    /// The endpoint, for [`event_source_mapping::LambdaFunction`].
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What the handler wrote down: a line for each invocation that reached it.
    pub(crate) fn seen(&self) -> Vec<Value> {
        let lines = std::fs::read_to_string(seen(&self.folder)).unwrap_or_else(|_| panic!("{}", self.output()));
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the process printed, its traces included.
    pub(crate) fn output(&self) -> String {
        self.host.output()
    }
}

fn seen(folder: &TempDir) -> PathBuf {
    folder.path().join("seen")
}

/// As AWS answers: 200 however the function ended, with a header where it failed.
async fn invoke(
    State((host, timeout)): State<(Arc<LambdaHost>, Duration)>,
    event: Bytes,
) -> ([(&'static str, &'static str); 1], Bytes) {
    let unhandled = [("x-amz-function-error", "Unhandled")];
    match host.invoke(event).await {
        Invocation::Answered(response) => ([("x-amz-executed-version", "$LATEST")], response),
        Invocation::Failed(document) => (unhandled, document),
        Invocation::TimedOut => {
            let message = format!("RequestId: 1 Error: Task timed out after {:.2} seconds", timeout.as_secs_f64());
            let document = json!({"errorType": "Sandbox.Timedout", "errorMessage": message});
            (unhandled, document.to_string().into())
        }
        Invocation::Crashed(how) => {
            let message = format!("RequestId: 1 Error: Runtime exited with error: {how}");
            (unhandled, json!({"errorType": "Runtime.ExitError", "errorMessage": message}).to_string().into())
        }
    }
}
