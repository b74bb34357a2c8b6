//! A proxy between client and broker that understands enough of Kafka's protocol to cut a connection at a Produce request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::broker::Proxied;

/// The api key of Produce requests.
const PRODUCE: i16 = 0;

/// The point at which the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before the broker receives the request.
    Request,
    /// After the broker has written the records, before the client receives the answer.
    Answer,
}

/// Decides whether to cut each Produce request, by its number from 0.
type Plan = Arc<dyn Fn(usize) -> Option<Cut> + Send + Sync>;

/// The proxy. It ends when this value is dropped.
pub(crate) struct CuttingProxy {
    address: String,
    state: Arc<State>,
    server: JoinHandle<()>,
}

struct State {
    plan: Plan,
    produced: AtomicUsize,
    cut: Mutex<Vec<Cut>>,
}

impl CuttingProxy {
    /// Starts a proxy for a listener of the broker.
    pub(crate) async fn start(between: Proxied, plan: impl Fn(usize) -> Option<Cut> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", between.told)).await.unwrap();
        let state = Arc::new(State { plan: Arc::new(plan), produced: AtomicUsize::new(0), cut: Mutex::default() });
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(converse(client, between.broker, Arc::clone(&shared)));
            }
        });
        CuttingProxy { address: format!("127.0.0.1:{}", between.told), state, server }
    }

    /// The address for clients.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The cuts so far.
    pub(crate) fn cuts(&self) -> Vec<Cut> {
        self.state.cut.lock().unwrap().clone()
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The Produce requests in progress on one connection, by correlation id, with the fate of each answer.
type UnderWay = Arc<Mutex<HashMap<i32, Option<Cut>>>>;

async fn converse(client: TcpStream, broker: u16, state: Arc<State>) {
    let Ok(broker) = TcpStream::connect(("127.0.0.1", broker)).await else { return };
    let ((from_client, to_client), (from_broker, to_broker)) = (client.into_split(), broker.into_split());
    let under_way = UnderWay::default();
    // The direction that ends first drops both halves, which closes both connections.
    tokio::select! {
        () = requests(from_client, to_broker, &state, &under_way) => {}
        () = answers(from_broker, to_client, &state, &under_way) => {}
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, under_way: &UnderWay) {
    while let Some(frame) = frame(&mut from).await {
        // The same in every version: api key, api version, correlation id.
        let key = i16::from_be_bytes([frame[4], frame[5]]);
        let correlation = i32::from_be_bytes([frame[8], frame[9], frame[10], frame[11]]);
        if key == PRODUCE {
            let cut = (state.plan)(state.produced.fetch_add(1, Ordering::SeqCst));
            if cut == Some(Cut::Request) {
                state.cut.lock().unwrap().push(Cut::Request);
                return;
            }
            under_way.lock().unwrap().insert(correlation, cut);
        }
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, under_way: &UnderWay) {
    while let Some(frame) = frame(&mut from).await {
        let correlation = i32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]);
        let cut = under_way.lock().unwrap().remove(&correlation).flatten();
        if cut == Some(Cut::Answer) {
            state.cut.lock().unwrap().push(Cut::Answer);
            return;
        }
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// Reads a frame, with the length in front of it; `None` at the end of the stream.
async fn frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let length = from.read_u32().await.ok()?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.resize(4 + usize::try_from(length).ok()?, 0);
    from.read_exact(&mut frame[4..]).await.ok()?;
    (frame.len() >= 12).then_some(frame)
}
