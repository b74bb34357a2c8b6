//! A proxy for TLS connections that forwards bytes and can cut all connections at once.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::broker::Proxied;

/// The proxy. It ends when this value is dropped.
pub(crate) struct Forwarder {
    connections: Arc<Mutex<JoinSet<()>>>,
    server: JoinHandle<()>,
}

impl Forwarder {
    /// Starts a proxy for a listener of the broker.
    pub(crate) async fn start(between: Proxied) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", between.told)).await.unwrap();
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let all = Arc::clone(&connections);
        let server = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                all.lock().unwrap().spawn(async move {
                    let Ok(mut broker) = TcpStream::connect(("127.0.0.1", between.broker)).await else { return };
                    // An error means that one side has closed.
                    let _ = copy_bidirectional(&mut client, &mut broker).await;
                });
            }
        });
        Forwarder { connections, server }
    }

    /// Cuts every connection; new connections work.
    pub(crate) fn cut(&self) {
        self.connections.lock().unwrap().abort_all();
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.server.abort();
    }
}
