//! The broker: listens, and ends with its value.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::connection::{Connection, ConnectionError};
use crate::fault::Fault;
use crate::log::{Log, LogError};
use crate::state::{Shared, State, lock};
use crate::topic::TopicSettings;

/// A stand-in for one Kafka broker. Dropping it closes its port and its connections; its log stays.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("records.jsonl");
/// use local_broker::{Broker, TopicSettings};
///
/// let broker = Broker::start(&path).await?;
/// broker.create_topic("user.profile.updated", TopicSettings { partitions: 3, ..TopicSettings::default() });
/// let bootstrap_servers = broker.address(); // for a client, in plaintext
/// # assert!(bootstrap_servers.starts_with("127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Broker {
    address: String,
    log: PathBuf,
    state: Shared,
    listening: JoinHandle<()>,
}

/// The broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Its log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// No port on loopback.
    #[error("the local broker cannot listen on a port of 127.0.0.1")]
    Listen(#[from] io::Error),
}

impl Broker {
    /// Listens on a free port of 127.0.0.1 and appends what it acknowledges to the file `log`. Offsets go on where the file
    /// ends; producers of an earlier broker are not known any more.
    ///
    /// # Errors
    /// When the file is in use, is not a log or cannot be written, or no port can be had.
    pub async fn start(log: impl Into<PathBuf>) -> Result<Self, BrokerError> {
        let path = log.into();
        let (log, earlier) = Log::open(&path)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Shared::new(Mutex::new(State::new(log, earlier)));
        let listening = tokio::spawn(accept(listener, port, Arc::clone(&state)));
        Ok(Broker { address: format!("127.0.0.1:{port}"), log: path, state, listening })
    }

    /// The bootstrap server, `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The file with everything that was acknowledged, a JSON line a record.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Creates a topic; one that exists stays as it is. No client can create one here.
    pub fn create_topic(&self, name: &str, settings: TopicSettings) {
        lock(&self.state).create_topic(name, settings);
    }

    /// From here on requests to write meet the faults that `fault` gives for their numbers, from 0 over all connections.
    pub fn fail(&self, fault: impl Fn(usize) -> Option<Fault> + Send + 'static) {
        lock(&self.state).faults = Box::new(fault);
    }

    /// From here on no request meets a fault.
    pub fn recover(&self) {
        self.fail(|_| None);
    }

    /// How many requests to write have arrived.
    pub fn produce_requests(&self) -> usize {
        lock(&self.state).produce_requests
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Serves connections until it is aborted, and they end with it.
async fn accept(listener: TcpListener, port: u16, state: Shared) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    eprintln!("local broker: a connection was not accepted: {error}");
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let connection = Connection::new(stream, port, Arc::clone(&state));
        connections.spawn(async move {
            match connection.serve().await {
                // Clients come and go.
                Ok(()) | Err(ConnectionError::Io(_)) => {}
                Err(error) => eprintln!("local broker: closed a connection: {error}"),
            }
        });
    }
}
