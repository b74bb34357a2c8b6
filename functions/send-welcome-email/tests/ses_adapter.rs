//! The SES adapter against a server that fails in every way: its errors claim only what the failure proves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use event_functions::{Disposition, Failure, SdkConfig};
use send_welcome_email::address::Address;
use send_welcome_email::error::SendError;
use send_welcome_email::mailbox::Mailbox;
use send_welcome_email::mailer::{Mailer, SentMail};
use send_welcome_email::message::{Email, Recipient};
use send_welcome_email::ses::{SesMailer, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the server does with a connection.
#[derive(Debug, Clone)]
enum Reaction {
    /// Answers with these bytes.
    Answer(String),
    /// Reads the request and never answers.
    Hang,
    /// Closes the connection without reading.
    DropUnread,
    /// Closes the connection once it has read the request.
    DropRead,
    /// Answers with half a body and closes the connection.
    DropAnswering,
}

/// Counts connections and keeps the bodies of requests.
struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
    bodies: mpsc::UnboundedReceiver<String>,
}

impl Server {
    async fn start(reaction: Reaction) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (bodies, received) = mpsc::unbounded_channel();
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(react(stream, reaction.clone(), bodies.clone()));
            }
        });
        Server { address, connections, bodies: received }
    }
}

async fn react(mut stream: TcpStream, reaction: Reaction, bodies: mpsc::UnboundedSender<String>) {
    if matches!(reaction, Reaction::DropUnread) {
        return;
    }
    while let Some(body) = read_request(&mut stream).await {
        // The test may have ended.
        let _ = bodies.send(body);
        match &reaction {
            Reaction::Answer(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Reaction::Hang => std::future::pending().await,
            Reaction::DropAnswering => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"Messa").await.unwrap();
                return;
            }
            Reaction::DropRead | Reaction::DropUnread => return,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(body.to_owned());
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Reaction {
    Reaction::Answer(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

fn refusal(status: &str, code: &str, text: &str) -> Reaction {
    let headers = format!("x-amzn-errortype: {code}\r\nx-amzn-requestid: r-1\r\ncontent-type: application/json\r\n");
    answer(status, &headers, &format!("{{\"message\":\"{text}\"}}"))
}

fn aws(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("id", "key", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

fn mailer(aws: &SdkConfig, timeout: Duration) -> SesMailer {
    let sender = Mailbox::parse("The Shop <hello@shop.example>").unwrap();
    let reply_to = Some(Address::parse("help@shop.example").unwrap());
    let configuration_set = Some("welcome-email".to_owned());
    SesMailer::new(aws, Settings { sender, reply_to, configuration_set, timeout, function: "send-welcome-email" })
}

fn email() -> Email {
    let address = Address::parse("ada@example.com").unwrap();
    Email::welcome(&Recipient { address, name: Some("Ada".into()), locale: Some("de-AT") }, "The Shop").unwrap()
}

const SOON: Duration = Duration::from_millis(300);
const PLENTY: Duration = Duration::from_secs(30);

async fn failure(reaction: Reaction, timeout: Duration) -> (SendError, Server) {
    let server = Server::start(reaction).await;
    let error = mailer(&aws(&server.address), timeout).send(&email()).await.unwrap_err();
    (error, server)
}

fn chain(error: &SendError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn a_mail_has_sender_reply_address_tags_and_both_bodies() {
    let mut server = Server::start(answer("200 OK", "", "{\"MessageId\":\"m-1\"}")).await;
    let sent = mailer(&aws(&server.address), PLENTY).send(&email()).await.unwrap();
    assert_eq!(sent, SentMail::Accepted { message_id: "m-1".into() });

    let body: serde_json::Value = serde_json::from_str(&server.bodies.recv().await.unwrap()).unwrap();
    assert_eq!(body["FromEmailAddress"], "\"The Shop\" <hello@shop.example>");
    assert_eq!(body["ReplyToAddresses"], serde_json::json!(["help@shop.example"]));
    assert_eq!(body["Destination"], serde_json::json!({"ToAddresses": ["ada@example.com"]}));
    assert_eq!(body["ConfigurationSetName"], "welcome-email");
    assert_eq!(
        body["EmailTags"],
        serde_json::json!([
            {"Name": "function", "Value": "send-welcome-email"},
            {"Name": "template", "Value": "welcome"},
            {"Name": "locale", "Value": "de"},
        ])
    );
    let message = &body["Content"]["Simple"];
    assert_eq!(message["Subject"], serde_json::json!({"Data": "Willkommen bei The Shop", "Charset": "UTF-8"}));
    assert!(message["Body"]["Text"]["Data"].as_str().unwrap().starts_with("Hallo Ada,\n"));
    assert!(message["Body"]["Html"]["Data"].as_str().unwrap().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn failures_before_sending_are_retried_or_permanent() {
    const RETRY: Disposition = Disposition::Retry { after: None };
    let unverified = "Email address is not verified. The following identities failed the check in region X: ";
    let [sender, recipient] = ["hello@shop.example", "ada@example.com"].map(|who| format!("{unverified}{who}"));
    let in_two = Disposition::Retry { after: Some(Duration::from_secs(2)) };
    for (reaction, code, disposition) in [
        (refusal("429 Too Many Requests", "TooManyRequestsException", "slow down"), "ses_throttled", RETRY),
        (refusal("400 Bad Request", "ThrottlingException", "Rate exceeded"), "ses_throttled", RETRY),
        (answer("429 Too Many Requests", "retry-after: 2\r\n", "<html>"), "ses_throttled", in_two),
        (answer("503 Service Unavailable", "", ""), "ses_unavailable", RETRY),
        (answer("503 Service Unavailable", "retry-after: 2\r\n", "<garbage"), "ses_unavailable", in_two),
        (refusal("400 Bad Request", "LimitExceededException", ""), "ses_quota_exceeded", RETRY),
        (refusal("403 Forbidden", "AccessDeniedException", "no"), "ses_access_denied", RETRY),
        (refusal("400 Bad Request", "ExpiredTokenException", "no"), "ses_access_denied", RETRY),
        (refusal("400 Bad Request", "SendingPausedException", ""), "ses_sending_paused", RETRY),
        (refusal("400 Bad Request", "AccountSuspendedException", ""), "ses_account_suspended", RETRY),
        (refusal("400 Bad Request", "MailFromDomainNotVerifiedException", ""), "ses_sender_unverified", RETRY),
        (refusal("404 Not Found", "NotFoundException", ""), "ses_configuration_set_missing", RETRY),
        (refusal("400 Bad Request", "MessageRejected", &sender), "ses_sender_unverified", RETRY),
        (refusal("400 Bad Request", "MessageRejected", &recipient), "recipient_unverified", Disposition::DeadLetter),
        (refusal("400 Bad Request", "MessageRejected", "virus"), "ses_rejected", Disposition::DeadLetter),
        (refusal("400 Bad Request", "BadRequestException", "bad"), "ses_request_invalid", Disposition::DeadLetter),
        (answer("400 Bad Request", "", "<html>proxy"), "ses_endpoint_unexpected", RETRY),
        (answer("404 Not Found", "", ""), "ses_endpoint_unexpected", RETRY),
    ] {
        let (error, server) = failure(reaction.clone(), PLENTY).await;
        assert_eq!((error.code(), error.disposition()), (code, disposition), "{reaction:?}: {}", chain(&error));
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "the SDK must not try again: {reaction:?}");
    }
}

#[tokio::test]
async fn doubtful_failures_are_uncertain_and_never_retried() {
    for (reaction, timeout, code) in [
        (Reaction::Hang, SOON, "ses_timeout"),
        (Reaction::DropUnread, PLENTY, "ses_answer_lost"),
        (Reaction::DropRead, PLENTY, "ses_answer_lost"),
        (Reaction::DropAnswering, PLENTY, "ses_answer_unreadable"),
        (answer("200 OK", "", "garbage"), PLENTY, "ses_answer_unreadable"),
        (answer("200 OK", "", "{}"), PLENTY, "ses_answer_unreadable"),
        (answer("200 OK", "", "{\"MessageId\":\"\"}"), PLENTY, "ses_answer_unreadable"),
        (Reaction::Answer("garbage\r\n\r\n".into()), PLENTY, "ses_answer_lost"),
        (answer("301 Moved Permanently", "location: /\r\n", ""), PLENTY, "ses_answer_unreadable"),
        (answer("500 Internal Server Error", "", ""), PLENTY, "ses_server_error"),
        (refusal("500 Internal Server Error", "InternalFailure", "oops"), PLENTY, "ses_server_error"),
        (answer("502 Bad Gateway", "", "<html>"), PLENTY, "ses_server_error"),
        (answer("504 Gateway Timeout", "", ""), PLENTY, "ses_server_error"),
    ] {
        let (error, server) = failure(reaction.clone(), timeout).await;
        let text = chain(&error);
        assert_eq!((error.code(), error.disposition()), (code, Disposition::Uncertain), "{reaction:?}: {text}");
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "the SDK must not try again: {reaction:?}");
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    // A port that was free a moment ago refuses connections.
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    // Without TLS.
    let plain = Server::start(answer("200 OK", "", "")).await;
    let no_tls = plain.address.replace("http://", "https://");
    for endpoint in [refused.as_str(), "http://no-such-host.invalid", no_tls.as_str()] {
        let error = mailer(&aws(endpoint), PLENTY).send(&email()).await.unwrap_err();
        let text = chain(&error);
        assert_eq!(error.code(), "ses_unreachable", "{endpoint}: {text}");
        assert_eq!(error.disposition(), Disposition::Retry { after: None });
    }
}

#[tokio::test]
async fn without_credentials_nothing_was_sent() {
    let server = Server::start(answer("200 OK", "", "{\"MessageId\":\"m-1\"}")).await;
    let mut aws = aws(&server.address).into_builder();
    aws.set_credentials_provider(None);
    let error = mailer(&aws.build(), PLENTY).send(&email()).await.unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("ses_unreachable", Disposition::Retry { after: None }));
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn no_error_contains_the_recipient() {
    let quoting = "Email address is not verified: ada@example.com, Ada";
    for reaction in [
        refusal("400 Bad Request", "MessageRejected", quoting),
        refusal("400 Bad Request", "BadRequestException", quoting),
        refusal("400 Bad Request", "ada@example.com", quoting),
        refusal("500 Internal Server Error", "InternalFailure", quoting),
        answer("200 OK", "", quoting),
        answer("200 OK", "", "{\"MessageId\": {\"ada@example.com\": 1}}"),
        Reaction::Answer(format!("{quoting}\r\n\r\n")),
    ] {
        let (error, _server) = failure(reaction.clone(), PLENTY).await;
        let text = format!("{} {error:?}", chain(&error));
        assert!(!text.to_ascii_lowercase().contains("ada@example"), "{reaction:?}: {text}");
    }
}
