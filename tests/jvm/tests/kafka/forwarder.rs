//! A proxy that understands nothing of what goes through it, TLS, and cuts all of it at once when told.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::broker::Proxied;

/// The proxy. It ends with this value.
pub(crate) struct Forwarder {
    connections: Arc<Mutex<JoinSet<()>>>,
    server: JoinHandle<()>,
}

impl Forwarder {
    /// Stands before a listener of the broker.
    pub(crate) async fn start(between: Proxied) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", between.told)).await.unwrap();
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let all = Arc::clone(&connections);
        let server = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                all.lock().unwrap().spawn(async move {
                    let Ok(mut broker) = TcpStream::connect(("127.0.0.1", between.broker)).await else { return };
                    // An error is the end of either side.
                    let _ = copy_bidirectional(&mut client, &mut broker).await;
                });
            }
        });
        Forwarder { connections, server }
    }

    /// Cuts every connection; new ones may be made.
    pub(crate) fn cut(&self) {
        self.connections.lock().unwrap().abort_all();
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.server.abort();
    }
}
