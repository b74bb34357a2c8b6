//! A registry that fails in every way: no fault passes for an answer, and every request ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use schema_registries::{ConfluentConfig, ConfluentRegistry};
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget, SchemaId, SchemaRef, Schemas};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

const SEVEN: SchemaRef = SchemaRef::Id(SchemaId(7));
const GOOD: &str = r#"{"schema":"\"int\""}"#;

/// What a server does with a request.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// It answers correctly.
    None,
    /// It answers with this status and body.
    Answer(u16, &'static str),
    /// It fails, with `Retry-After` in seconds.
    AskToWait(u64),
    /// It takes the request and never answers.
    Hang,
    /// It breaks off in the middle of the body.
    HalfAnswer,
    /// It closes the connection without an answer.
    Close,
    /// It answers in bytes that are not HTTP.
    Garbage,
    /// It sends the body byte by byte and never ends.
    Drip,
    /// It redirects to itself.
    Redirect,
}

/// A server with a fault, on a loopback port for as long as the test's runtime lives.
struct Faulty {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Faulty {
    /// Answers requests with these faults in turn, and then always with the last.
    async fn start(faults: &'static [Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let fault = *faults.get(number).or(faults.last()).unwrap();
                tokio::spawn(meet(connection, fault));
            }
        });
        Faulty { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// One request to a connection, so that each counts.
async fn meet(mut connection: TcpStream, fault: Fault) -> std::io::Result<()> {
    let mut request = [0; 4_096];
    let _ = connection.read(&mut request).await?;
    let head = |status: u16, length: usize, more: &str| {
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n")
    };
    match fault {
        Fault::None => connection.write_all((head(200, GOOD.len(), "") + GOOD).as_bytes()).await?,
        Fault::Answer(status, body) => connection.write_all((head(status, body.len(), "") + body).as_bytes()).await?,
        Fault::AskToWait(seconds) => {
            connection.write_all(head(503, 0, &format!("retry-after: {seconds}\r\n")).as_bytes()).await?;
        }
        Fault::Hang => std::future::pending().await,
        Fault::HalfAnswer => connection.write_all((head(200, GOOD.len(), "") + &GOOD[..9]).as_bytes()).await?,
        Fault::Close => {}
        Fault::Garbage => connection.write_all(b"\x16\x03\x01 what?\r\n\r\n").await?,
        Fault::Drip => {
            connection.write_all(head(200, 1_000_000, "").as_bytes()).await?;
            loop {
                connection.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Fault::Redirect => {
            connection.write_all(head(302, 0, "location: /schemas/ids/7\r\n").as_bytes()).await?;
        }
    }
    connection.shutdown().await
}

fn quick(url: &str) -> ConfluentConfig {
    ConfluentConfig {
        connect_timeout: Duration::from_millis(200),
        request_timeout: Duration::from_millis(200),
        operation_timeout: Duration::from_secs(2),
        max_pause: Duration::from_millis(5),
        ..ConfluentConfig::new(url)
    }
}

async fn error(config: ConfluentConfig) -> RegistryError {
    ConfluentRegistry::new(config).unwrap().by_id(SEVEN).await.unwrap_err()
}

#[tokio::test]
async fn every_fault_of_a_registry_is_retried_and_ends_in_time() {
    use RegistryErrorKind::{Refused, Throttled, Unavailable};
    let cases: [(&'static [Fault], RegistryErrorKind, usize); 12] = [
        (&[Fault::Answer(500, r#"{"error_code":50001}"#)], Unavailable, 2),
        (&[Fault::Answer(503, "")], Unavailable, 2),
        (&[Fault::Hang], Unavailable, 2),
        (&[Fault::HalfAnswer], Unavailable, 2),
        (&[Fault::Close], Unavailable, 2),
        (&[Fault::Garbage], Unavailable, 2),
        (&[Fault::Drip], Unavailable, 2),
        (&[Fault::Answer(429, "")], Throttled, 2),
        (&[Fault::Answer(200, "<html>log in</html>")], Refused, 1),
        (&[Fault::Answer(200, r#"{"schema":7}"#)], Refused, 1),
        (&[Fault::Answer(404, "<html>nothing here</html>")], Refused, 1),
        (&[Fault::Redirect], Refused, 1),
    ];
    for (faults, kind, requests) in cases {
        let server = Faulty::start(faults).await;
        let asked = Instant::now();
        let error = error(quick(&server.url)).await;
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{faults:?}: {error}");
        assert_eq!(error.target(), &RegistryTarget::Schema(SEVEN), "{faults:?}");
        assert!(asked.elapsed() < Duration::from_secs(2), "{faults:?} took {:?}", asked.elapsed());
        assert_eq!(server.requests(), requests, "{faults:?}");
    }
}

#[tokio::test]
async fn one_more_round_outlasts_a_short_failure() {
    for hiccup in [
        &[Fault::Close, Fault::None],
        &[Fault::HalfAnswer, Fault::None],
        &[Fault::Hang, Fault::None],
        &[Fault::Answer(502, ""), Fault::None],
    ] {
        let server = Faulty::start(hiccup).await;
        let found = ConfluentRegistry::new(quick(&server.url)).unwrap().by_id(SEVEN).await.unwrap();
        assert_eq!((found.text.as_str(), server.requests()), ("\"int\"", 2), "{hiccup:?}");
    }
}

#[tokio::test]
async fn a_failing_url_leads_to_the_next_which_then_comes_first() {
    for fault in [&[Fault::Answer(503, "")], &[Fault::Hang], &[Fault::HalfAnswer], &[Fault::Garbage], &[Fault::Close]] {
        let (first, second) = (Faulty::start(fault).await, Faulty::start(&[Fault::None]).await);
        let registry = ConfluentRegistry::new(quick(&format!("{}, {}", first.url, second.url))).unwrap();
        for _ in 0..3 {
            assert_eq!(registry.by_id(SEVEN).await.unwrap().text, "\"int\"");
        }
        assert_eq!((first.requests(), second.requests()), (1, 3), "{fault:?}");
    }
}

#[tokio::test]
async fn a_url_that_refuses_connections_leads_to_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let second = Faulty::start(&[Fault::None]).await;
    let registry = ConfluentRegistry::new(quick(&format!("{nobody},{}", second.url))).unwrap();
    assert_eq!(registry.by_id(SEVEN).await.unwrap().text, "\"int\"");
}

#[tokio::test]
async fn an_answer_of_one_server_is_the_clusters_answer() {
    use RegistryErrorKind::{NotFound, Refused, Throttled};
    let cases: [(&'static [Fault], RegistryErrorKind); 4] = [
        (&[Fault::Answer(404, r#"{"error_code":40403}"#)], NotFound),
        (&[Fault::Answer(401, r#"{"error_code":401}"#)], Refused),
        (&[Fault::Answer(403, "")], Refused),
        (&[Fault::Answer(429, "")], Throttled),
    ];
    for (answer, kind) in cases {
        let (first, second) = (Faulty::start(answer).await, Faulty::start(&[Fault::None]).await);
        assert_eq!(error(quick(&format!("{},{}", first.url, second.url))).await.kind(), kind);
        assert_eq!(second.requests(), 0, "{answer:?}");
    }
}

#[tokio::test]
async fn an_operation_ends_in_its_own_time_however_many_requests() {
    let server = Faulty::start(&[Fault::Hang]).await;
    let urls = vec![server.url.as_str(); 20].join(",");
    let config = ConfluentConfig { operation_timeout: Duration::from_millis(300), ..quick(&urls) };
    let asked = Instant::now();
    assert_eq!(error(config).await.kind(), RegistryErrorKind::Unavailable);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(server.requests() <= 2, "{}", server.requests());
}

#[tokio::test]
async fn a_registry_that_asks_for_a_long_pause_is_left_alone() {
    let server = Faulty::start(&[Fault::AskToWait(7), Fault::None]).await;
    let left_alone = error(quick(&server.url)).await;
    let told = (left_alone.kind(), left_alone.retry_after());
    assert_eq!(told, (RegistryErrorKind::Unavailable, Some(Duration::from_secs(7))));
    assert_eq!(server.requests(), 1);

    let server = Faulty::start(&[Fault::AskToWait(u64::MAX), Fault::None]).await;
    let left_alone = error(quick(&server.url)).await;
    assert_eq!((left_alone.retry_after(), server.requests()), (Some(Duration::from_secs(u64::MAX)), 1));

    let server = Faulty::start(&[Fault::AskToWait(0), Fault::None]).await;
    ConfluentRegistry::new(quick(&server.url)).unwrap().by_id(SEVEN).await.unwrap();
}
