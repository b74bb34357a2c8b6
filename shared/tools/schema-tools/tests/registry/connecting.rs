//! A registry that is not there, or not ours to ask.

use std::net::TcpListener;

use axum::http::{HeaderMap, StatusCode};
use local_stack::RegistryMode;

use crate::copy::{Copy, empty, serve};

#[tokio::test]
async fn a_registry_that_is_down_failing_or_closed_to_us_exits_with_69() {
    let contracts = Copy::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = format!("http://127.0.0.1:{port}");
    for command in ["diff", "register"] {
        let (code, out, problem) = contracts.run(&[command, "--registry", &down], &[]).await;
        assert_eq!((code, out.as_str()), (69, ""), "{problem}");
        assert!(problem.contains("the schema registry cannot be reached or is failing: "), "{problem}");
    }
    let registry = empty().await;
    for (status, expected) in [(503, "cannot be reached or is failing"), (401, "check its URL and credentials")] {
        registry.set_mode(RegistryMode::Failing(status));
        let (code, _, problem) = contracts.run(&["diff", "--registry", registry.url()], &[]).await;
        assert_eq!(code, 69, "{problem}");
        assert!(problem.contains(expected) && problem.contains(&format!("HTTP status {status}")), "{problem}");
    }
}

#[tokio::test]
async fn a_registry_that_is_not_configured_exits_with_78_and_repeats_no_secret() {
    let contracts = Copy::new();
    let (code, _, problem) = contracts.run(&["diff"], &[]).await;
    assert_eq!(code, 78, "{problem}");
    assert!(problem.contains("SCHEMA_REGISTRY_URL is not set"), "{problem}");
    let (code, _, problem) = contracts.run(&["diff", "--registry", "http://me:hunter2@localhost"], &[]).await;
    assert_eq!(code, 78, "{problem}");
    assert!(problem.contains("contains a user or password"), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");
    let glue = [("SCHEMA_REGISTRY_KIND", "glue"), ("SCHEMA_FRAME", "glue")];
    let (code, _, problem) = contracts.run(&["diff"], &glue).await;
    assert_eq!(code, 78, "{problem}");
    assert!(problem.contains("AWS Glue has no subjects"), "{problem}");
}

#[tokio::test]
async fn address_and_credentials_come_from_the_environment() {
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let app = axum::Router::new().fallback(move |headers: HeaderMap| {
        let sent = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        sender.send(sent).unwrap();
        async { StatusCode::UNAUTHORIZED }
    });
    let url = serve(app).await;
    let contracts = Copy::new();
    let url = ("SCHEMA_REGISTRY_URL", url.as_str());
    for (variables, expected) in [
        (&[][..], None),
        (&[("SCHEMA_REGISTRY_TOKEN", "t0ken")], Some("Bearer t0ken")),
        (&[("SCHEMA_REGISTRY_USER", "me"), ("SCHEMA_REGISTRY_PASSWORD", "pw")], Some("Basic bWU6cHc=")),
    ] {
        let (code, _, problem) = contracts.run(&["diff"], &[&[url], variables].concat()).await;
        assert_eq!(code, 69, "{problem}");
        assert_eq!(seen.recv().await.unwrap().as_deref(), expected);
    }
}
