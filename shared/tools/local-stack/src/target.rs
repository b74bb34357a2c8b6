//! The function that an event source mapping invokes.

use std::time::Duration;

use bytes::Bytes;

use crate::loopback::loopback_client;

/// Something that can be invoked with an event.
pub trait Target: Send + Sync {
    /// Invokes once and waits for the outcome.
    fn invoke(&self, event: Bytes) -> impl Future<Output = Invocation> + Send;
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// The function answered.
    Answered(Bytes),
    /// The function failed; Lambda's error document.
    Failed(Bytes),
    /// The function took longer than its timeout.
    TimedOut,
    /// The function's process ended, or could not be started.
    Crashed(String),
}

/// A function served by `cargo lambda watch`, where an error is HTTP 500 and a timeout 408 (AWS: 200 and a header).
#[derive(Debug, Clone)]
pub struct Watched {
    url: String,
    http: reqwest::Client,
}

impl Watched {
    /// The function `name` behind a `cargo lambda watch` at `server`, a URL.
    ///
    /// # Errors
    /// When there is cannot make an HTTP client.
    pub fn new(server: &str, name: &str) -> Result<Self, reqwest::Error> {
        let url = format!("{server}/2015-03-31/functions/{name}/invocations");
        Ok(Watched { url, http: loopback_client()? })
    }
}

impl Target for Watched {
    async fn invoke(&self, event: Bytes) -> Invocation {
        // The function may have to be compiled first.
        let request = self.http.post(&self.url).timeout(Duration::from_secs(15 * 60)).body(event);
        let answer = async {
            let answer = request.send().await?;
            Ok::<_, reqwest::Error>((answer.status().as_u16(), answer.bytes().await?))
        };
        match answer.await {
            Ok((200, body)) => Invocation::Answered(body),
            Ok((408, _)) => Invocation::TimedOut,
            Ok((500, body)) => Invocation::Failed(body),
            Ok((status, body)) => {
                Invocation::Crashed(format!("HTTP {status}: {}", String::from_utf8_lossy(&body).trim()))
            }
            Err(error) => Invocation::Crashed(error.without_url().to_string()),
        }
    }
}
