//! Requests of tools: registering, compatibility, lists and levels.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use schema_registries::{Compatibility, ConfluentConfig, ConfluentRegistry, NewSchema, SchemaReference};
use schema_registry::compatibility::Level;
use schema_registry::{RegistryErrorKind, RegistryTarget, SchemaId, Version};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Answers from a table of methods and paths, and keeps what was sent.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<HashMap<String, (u16, Value)>>>,
    sent: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Server {
    async fn start(&self) -> ConfluentRegistry {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let config = ConfluentConfig { max_pause: Duration::from_millis(5), ..ConfluentConfig::new(url) };
        ConfluentRegistry::new(config).unwrap()
    }

    fn put(&self, question: &str, status: u16, body: Value) {
        self.answers.lock().unwrap().insert(question.to_owned(), (status, body));
    }

    fn last(&self) -> (String, Value) {
        self.sent.lock().unwrap().last().unwrap().clone()
    }
}

async fn answer(State(server): State<Server>, method: Method, uri: Uri, body: Bytes) -> Response {
    let question = format!("{method} {uri}");
    server.sent.lock().unwrap().push((question.clone(), serde_json::from_slice(&body).unwrap_or_default()));
    let found = server.answers.lock().unwrap().get(&question).cloned();
    let (status, body) = found.unwrap_or((404, json!({"error_code": 40401, "message": "Subject not found"})));
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

fn order() -> NewSchema {
    let reference = SchemaReference { name: "com.shop.Money".to_owned(), subject: "money".to_owned(), version: 2 };
    NewSchema { schema: "\"int\"".to_owned(), references: vec![reference] }
}

#[tokio::test]
async fn a_schema_is_registered_with_its_references() {
    let server = Server::default();
    server.put("POST /subjects/orders-value/versions", 200, json!({"id": 9}));
    let registry = server.start().await;
    assert_eq!(registry.register("orders-value", &order()).await.unwrap(), SchemaId(9));
    let references = json!([{"name": "com.shop.Money", "subject": "money", "version": 2}]);
    assert_eq!(server.last().1, json!({"schema": "\"int\"", "references": references}));
    let plain = NewSchema { references: Vec::new(), ..order() };
    registry.register("orders-value", &plain).await.unwrap();
    assert_eq!(server.last().1, json!({"schema": "\"int\""}));
}

#[tokio::test]
async fn a_refusal_has_its_reason_and_is_not_retried() {
    use RegistryErrorKind::{Incompatible, Invalid, Refused};
    for (status, code, kind) in [
        (409, 409, Incompatible),
        (422, 42201, Invalid),
        (422, 42203, Invalid),
        (422, 1, Refused),
        (403, 40301, Refused),
    ] {
        let server = Server::default();
        let body = json!({"error_code": code, "message": "field cents has no default"});
        server.put("POST /subjects/orders-value/versions", status, body);
        let error = server.start().await.register("orders-value", &order()).await.unwrap_err();
        assert_eq!((error.kind(), error.target()), (kind, &RegistryTarget::Subject("orders-value".to_owned())));
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause.contains("field cents has no default"), kind != Refused, "{cause}");
        assert_eq!(server.sent.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_schema_is_found_under_its_subject() {
    let server = Server::default();
    let registry = server.start().await;
    assert_eq!(registry.find("orders-value", &order()).await.unwrap(), None);
    let found = json!({"subject": "orders-value", "version": 3, "id": 9, "schema": "\"int\"", "references": null});
    server.put("POST /subjects/orders-value", 200, found);
    let found = registry.find("orders-value", &order()).await.unwrap().unwrap();
    assert_eq!((found.id, found.version, found.schema.text.as_str()), (SchemaId(9), 3, "\"int\""));
}

#[tokio::test]
async fn compatibility_comes_with_its_reasons() {
    let server = Server::default();
    let registry = server.start().await;
    assert_eq!(registry.compatibility("orders-value", Version::Latest, &order()).await.unwrap(), None);
    let path = "POST /compatibility/subjects/orders-value/versions/latest?verbose=true";
    server.put(path, 200, json!({"is_compatible": false, "messages": ["no default"]}));
    let verdict = registry.compatibility("orders-value", Version::Latest, &order()).await.unwrap();
    assert_eq!(verdict, Some(Compatibility { compatible: false, messages: vec!["no default".to_owned()] }));
    server.put(
        "POST /compatibility/subjects/orders-value/versions/2?verbose=true",
        200,
        json!({"is_compatible": true}),
    );
    let verdict = registry.compatibility("orders-value", Version::Number(2), &order()).await.unwrap();
    assert_eq!(verdict, Some(Compatibility { compatible: true, messages: Vec::new() }));
}

#[tokio::test]
async fn subjects_versions_and_levels_are_listed_and_set() {
    let server = Server::default();
    let registry = server.start().await;
    server.put("GET /subjects", 200, json!(["a", "b"]));
    assert_eq!(registry.subjects().await.unwrap(), ["a", "b"]);
    assert_eq!(registry.versions("nobody").await.unwrap(), [] as [u32; 0]);
    server.put("GET /subjects/a%2Fb/versions", 200, json!([1, 3]));
    assert_eq!(registry.versions("a/b").await.unwrap(), [1, 3]);

    server.put("GET /config", 200, json!({"compatibilityLevel": "FULL_TRANSITIVE"}));
    assert_eq!(registry.level(None).await.unwrap(), Some(Level::FullTransitive));
    assert_eq!(registry.level(Some("a")).await.unwrap(), None);
    server.put("GET /config/a", 404, json!({"error_code": 40408}));
    assert_eq!(registry.level(Some("a")).await.unwrap(), None);
    server.put("PUT /config/a", 200, json!({"compatibility": "BACKWARD"}));
    registry.set_level(Some("a"), Level::Backward).await.unwrap();
    assert_eq!(server.last(), ("PUT /config/a".to_owned(), json!({"compatibility": "BACKWARD"})));
    server.put("GET /config", 200, json!({"compatibilityLevel": "SIDEWAYS"}));
    assert_eq!(registry.level(None).await.unwrap_err().kind(), RegistryErrorKind::Refused);
}

#[test]
fn a_level_is_read_as_it_is_written() {
    for name in ["NONE", "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"]
    {
        assert_eq!(name.parse::<Level>().unwrap().to_string(), name);
    }
    assert!("backward".parse::<Level>().unwrap_err().to_string().contains("BACKWARD, FORWARD"));
}
