//! The Lambda Runtime API in front of one function's binary: does what Lambda does, closely enough to test crashes.
//!
//! Unlike `cargo lambda watch` it sets real deadlines, ends a function that overruns its timeout, distinguishes a crash from an
//! error, and lets a test kill the function at any point. After a crash the next invocation starts a new process.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::aws::REGION;
use crate::process::{Process, Program, StartError};
use crate::target::{Invocation, Target};

/// Lambda's own limit for the phase before the first invocation.
const INIT_WITHIN: Duration = Duration::from_secs(10);

/// The function to serve.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its executable.
    pub binary: PathBuf,
    /// Its configuration.
    pub environment: Vec<(String, String)>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Where its output goes.
    pub log: PathBuf,
}

/// A function with its Runtime API. It ends with this value.
#[derive(Debug)]
pub struct LambdaHost {
    function: Function,
    sandbox: tokio::sync::Mutex<Option<Arc<Sandbox>>>,
}

/// The function did not get as far as its first invocation.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// No free loopback port, or a process that cannot be watched.
    #[error("the operating system refused")]
    Io(#[from] std::io::Error),
    /// The binary cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It ended by itself.
    #[error("the function ended before its first invocation ({status}): {output}")]
    Ended {
        /// How.
        status: String,
        /// What it had written.
        output: String,
    },
    /// It took too long.
    #[error("the function did not ask for its first invocation within {INIT_WITHIN:?}")]
    Slow,
}

impl LambdaHost {
    /// Prepares to serve; the process starts with [`LambdaHost::init`] or the first invocation.
    pub fn new(function: Function) -> Self {
        LambdaHost { function, sandbox: tokio::sync::Mutex::default() }
    }

    /// Starts the process, if none runs, and waits until it asks for an invocation.
    ///
    /// # Errors
    /// When it ends before that or takes more than 10 seconds.
    pub async fn init(&self) -> Result<(), InitError> {
        self.running().await.map(drop)
    }

    /// Kills the process with SIGKILL and waits until it is gone. Does nothing when none runs.
    pub async fn kill(&self) {
        if let Some(sandbox) = self.sandbox.lock().await.take() {
            sandbox.kill().await;
        }
    }

    /// Everything that the function has written so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.function.log).unwrap_or_default()
    }

    /// The running sandbox; starts one where none runs.
    async fn running(&self) -> Result<Arc<Sandbox>, InitError> {
        let mut current = self.sandbox.lock().await;
        if let Some(sandbox) = current.as_ref().filter(|sandbox| sandbox.ended().is_none()) {
            return Ok(Arc::clone(sandbox));
        }
        let sandbox = Arc::new(Sandbox::start(&self.function).await?);
        match tokio::time::timeout(INIT_WITHIN, sandbox.initialised()).await {
            Err(_) => return Err(InitError::Slow),
            Ok(Err(status)) => return Err(InitError::Ended { status, output: self.output().trim().to_owned() }),
            Ok(Ok(())) => {}
        }
        Ok(Arc::clone(current.insert(sandbox)))
    }
}

impl Target for LambdaHost {
    async fn invoke(&self, event: Bytes) -> Invocation {
        match self.running().await {
            Ok(sandbox) => sandbox.invoke(event, self.function.timeout).await,
            Err(error) => Invocation::Crashed(error.to_string()),
        }
    }
}

/// One process with its own Runtime API, so that no request of a killed process can reach the next one.
#[derive(Debug)]
struct Sandbox {
    api: Arc<Api>,
    jobs: mpsc::Sender<Job>,
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<Option<String>>,
    server: JoinHandle<()>,
}

/// What the handlers of the Runtime API share.
#[derive(Debug)]
struct Api {
    jobs: tokio::sync::Mutex<mpsc::Receiver<Job>>,
    /// How often the function has asked for an invocation.
    asked: watch::Sender<u64>,
    pending: Mutex<HashMap<String, oneshot::Sender<Invocation>>>,
}

#[derive(Debug)]
struct Job {
    id: String,
    deadline_ms: u128,
    event: Bytes,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Kill,
}

impl Sandbox {
    async fn start(function: &Function) -> Result<Self, InitError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (jobs, queue) = mpsc::channel(1);
        let api = Arc::new(Api {
            jobs: tokio::sync::Mutex::new(queue),
            asked: watch::Sender::new(0),
            pending: Mutex::default(),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(|| async { StatusCode::ACCEPTED }))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&api));
        let server = tokio::spawn(async move {
            // It serves until it is aborted; an error of one connection does not end it.
            let _ = axum::serve(listener, routes).await;
        });
        let mut program = Program::new(&function.binary, &function.log);
        program.environment = function.environment.clone();
        let program = program
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_REGION", REGION)
            .env("NO_PROXY", "127.0.0.1,localhost");
        let process = Process::start(&program)?;
        let (orders, received) = mpsc::channel(1);
        let (end, ended) = watch::channel(None);
        tokio::spawn(watch_over(process, received, end));
        Ok(Sandbox { api, jobs, orders, ended, server })
    }

    fn ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// Waits until the process has ended; returns how.
    async fn end(&self) -> String {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await;
        status.ok().and_then(|status| status.clone()).unwrap_or_default()
    }

    /// Waits for the first request for an invocation; how the process ended when there is none.
    async fn initialised(&self) -> Result<(), String> {
        let mut asked = self.api.asked.subscribe();
        tokio::select! {
            _ = asked.wait_for(|asked| *asked > 0) => Ok(()),
            status = self.end() => Err(status),
        }
    }

    async fn kill(&self) {
        // When the receiver is gone, the process has ended already.
        let _ = self.orders.send(Order::Kill).await;
        self.end().await;
    }

    async fn invoke(&self, event: Bytes, timeout: Duration) -> Invocation {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let job = Job { id: Uuid::new_v4().to_string(), deadline_ms: (now + timeout).as_millis(), event };
        let (answer, answered) = oneshot::channel();
        lock(&self.api.pending).insert(job.id.clone(), answer);
        let outcome = async {
            // Refused only when the API has ended, and then the process is ending too.
            let _ = self.jobs.send(job).await;
            answered.await.unwrap_or_else(|_| Invocation::Crashed("the Runtime API ended".to_owned()))
        };
        tokio::select! {
            biased;
            outcome = outcome => outcome,
            status = self.end() => Invocation::Crashed(status),
            () = tokio::time::sleep(timeout) => {
                self.kill().await;
                Invocation::TimedOut
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Owns the process: ends it on request, or when the sandbox is dropped.
async fn watch_over(mut process: Process, mut orders: mpsc::Receiver<Order>, end: watch::Sender<Option<String>>) {
    let status = tokio::select! {
        status = process.wait() => status.map_or_else(|error| error.to_string(), describe),
        order = orders.recv() => match order {
            Some(Order::Kill) => process.kill().await.map_or_else(|error| error.to_string(), |()| "killed".to_owned()),
            None => process.stop().await.map_or_else(|error| error.to_string(), |()| "stopped".to_owned()),
        },
    };
    end.send_replace(Some(status));
}

fn describe(status: ExitStatus) -> String {
    status.to_string()
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.asked.send_modify(|asked| *asked += 1);
    let Some(job) = api.jobs.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", job.id),
        ("Lambda-Runtime-Deadline-Ms", job.deadline_ms.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", format!("arn:aws:lambda:{REGION}:000000000000:function:local")),
        ("Content-Type", "application/json".to_owned()),
    ];
    (headers, job.event).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&api, &id, Invocation::Answered(body))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    settle(&api, &id, Invocation::Failed(body))
}

fn settle(api: &Api, id: &str, outcome: Invocation) -> StatusCode {
    match lock(&api.pending).remove(id).map(|pending| pending.send(outcome)) {
        Some(Ok(())) => StatusCode::ACCEPTED,
        // Answered before, or the caller waits no longer.
        Some(Err(_)) | None => StatusCode::BAD_REQUEST,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A function in shell and curl: `$1` is what it does with each invocation, given `$id` and `$api`.
    fn shell_function(folder: &std::path::Path, prelude: &str, handle: &str) -> Function {
        let script = format!(
            "#!/bin/sh\napi=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\n{prelude}\nwhile :; do\n\
             event=$(curl -sS --noproxy '*' -D headers $api/invocation/next) || exit 3\n\
             id=$(sed -n 's/^lambda-runtime-aws-request-id: \\([^\\r]*\\).*/\\1/p' headers | tr -d '\\r')\n\
             deadline=$(sed -n 's/^lambda-runtime-deadline-ms: //p' headers | tr -d '\\r')\n{handle}\ndone\n"
        );
        let binary = folder.join("function");
        std::fs::write(&binary, script).unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
        Function {
            name: "shell".into(),
            binary,
            environment: vec![("PWD".into(), String::new()), ("TMPDIR".into(), folder.display().to_string())],
            timeout: Duration::from_secs(20),
            log: folder.join("log"),
        }
    }

    const CD: &str = "cd $TMPDIR";
    const ECHO: &str = "curl -sS --noproxy '*' -d \"$event\" $api/invocation/$id/response";

    #[tokio::test]
    async fn an_event_goes_in_and_an_answer_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let host = LambdaHost::new(shell_function(folder.path(), CD, ECHO));
        for event in ["{\"a\":1}", "{\"a\":2}"] {
            assert_eq!(host.invoke(event.into()).await, Invocation::Answered(event.into()), "{}", host.output());
        }
    }

    #[tokio::test]
    async fn an_error_is_told_from_an_answer_and_the_deadline_is_real() {
        let folder = tempfile::tempdir().unwrap();
        let fail = "curl -sS --noproxy '*' -d \"$deadline\" $api/invocation/$id/error";
        let host = LambdaHost::new(shell_function(folder.path(), CD, fail));
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let Invocation::Failed(deadline) = host.invoke("{}".into()).await else { panic!("{}", host.output()) };
        let deadline: u128 = String::from_utf8_lossy(&deadline).parse().unwrap();
        assert!((before + 20_000..before + 60_000).contains(&deadline));
    }

    #[tokio::test]
    async fn a_crash_is_reported_and_the_next_invocation_starts_afresh() {
        let folder = tempfile::tempdir().unwrap();
        let crash_once = format!("if [ ! -e crashed ]; then touch crashed; exit 7; fi\n{ECHO}");
        let host = LambdaHost::new(shell_function(folder.path(), CD, &crash_once));
        assert_eq!(host.invoke("{}".into()).await, Invocation::Crashed("exit status: 7".to_owned()));
        assert_eq!(host.invoke("{}".into()).await, Invocation::Answered("{}".into()));
    }

    #[tokio::test]
    async fn a_killed_function_answers_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(LambdaHost::new(shell_function(folder.path(), CD, "touch started; sleep 600")));
        let invoked = Arc::clone(&host);
        let invocation = tokio::spawn(async move { invoked.invoke("{}".into()).await });
        while !folder.path().join("started").exists() {
            tokio::task::yield_now().await;
        }
        host.kill().await;
        assert_eq!(invocation.await.unwrap(), Invocation::Crashed("killed".to_owned()));
    }

    #[tokio::test]
    async fn an_invocation_that_overruns_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut function = shell_function(folder.path(), CD, "sleep 600");
        function.timeout = Duration::from_millis(50);
        let host = LambdaHost::new(function);
        assert_eq!(host.invoke("{}".into()).await, Invocation::TimedOut);
    }

    #[tokio::test]
    async fn a_function_that_cannot_start_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let host = LambdaHost::new(shell_function(folder.path(), "echo no table; exit 78", ""));
        let error = host.init().await.unwrap_err().to_string();
        assert!(error.contains("exit status: 78") && error.contains("no table"), "{error}");
    }
}
