//! A schema registry in the shapes of Confluent's REST API: it serves given schemas, registers new ones, and fails on
//! demand.

mod levels;
mod refusals;
mod schemas;
mod store;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use recordings::RegisteredSchema;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use refusals::{error_body, refusal, unprocessable};
use schemas::{look_up, places, register, schema, schema_by_guid, subjects, version, versions};
pub use store::RegistryMode;
use store::{Held, Shared, lock};

/// A registry on a loopback port. It ends with this value.
///
/// It gives ids and versions as Confluent's does: one id for one text whatever its subject, one version for it in a
/// subject, and the same answer when it is registered again. It accepts any JSON as a schema. A subject with a
/// compatibility level is held to it; the level of all others is `NONE`.
#[derive(Debug)]
pub struct Registry {
    url: String,
    state: Shared,
    server: JoinHandle<()>,
}

impl Registry {
    /// Serves `schemas` on a port of its own.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(schemas: BTreeMap<u32, RegisteredSchema>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state: Shared = Arc::new(Mutex::new(Held::of(schemas)));
        let routes = Router::new()
            .route("/schemas/ids/{id}", get(schema))
            .route("/schemas/ids/{id}/versions", get(places))
            .route("/schemas/guids/{guid}", get(schema_by_guid))
            .route("/schemas/types", get(|| async { Json(["AVRO"]) }))
            .route("/subjects", get(subjects))
            .route("/subjects/{subject}", post(look_up))
            .route("/subjects/{subject}/versions", get(versions).post(register))
            .route("/subjects/{subject}/versions/{version}", get(version))
            .route("/config", get(|| async { Json(json!({"compatibilityLevel": "NONE"})) }))
            .route("/config/{subject}", get(levels::level).put(levels::set_level))
            .route("/compatibility/subjects/{subject}/versions/{version}", post(levels::compatibility))
            .fallback(|| async { refusal(404, "HTTP 404 Not Found") })
            .layer(from_fn_with_state(Arc::clone(&state), count_or_fail))
            .with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            // It serves until it is aborted; an error of one connection does not end it.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Registry { url, state, server })
    }

    /// The address, for `SCHEMA_REGISTRY_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes how it answers from now on.
    pub fn set_mode(&self, mode: RegistryMode) {
        lock(&self.state).mode = mode;
    }

    /// How many requests it has had, including those that it failed on purpose.
    pub fn requests(&self) -> usize {
        lock(&self.state).requests
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn count_or_fail(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let mode = {
        let mut held = lock(&state);
        held.requests += 1;
        held.mode
    };
    match mode {
        RegistryMode::Serving => next.run(request).await,
        RegistryMode::ReadOnly if is_change(&request) => unprocessable(42205, "Subject is in read-only mode"),
        RegistryMode::ReadOnly => next.run(request).await,
        RegistryMode::Failing(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, error_body(50001, "Error in the backend data store")).into_response()
        }
    }
}

fn is_change(request: &Request) -> bool {
    let registers = request.uri().path().starts_with("/subjects/") && request.uri().path().ends_with("/versions");
    request.method() == Method::PUT || (request.method() == Method::POST && registers)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::store::Content;
    use super::*;
    use crate::loopback::loopback_client;

    fn registered(subject: &str, version: u32, schema: &str) -> RegisteredSchema {
        RegisteredSchema { subject: subject.into(), version, schema: schema.into(), references: Vec::new() }
    }

    async fn answer(registry: &Registry, path: &str) -> (u16, Value) {
        let answer = loopback_client().unwrap().get(format!("{}{path}", registry.url())).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn submit(registry: &Registry, path: &str, body: Value) -> (u16, Value) {
        let request = loopback_client().unwrap().post(format!("{}{path}", registry.url()));
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    #[tokio::test]
    async fn it_answers_in_the_shapes_of_confluent() {
        let (first, second) = (registered("t-value", 1, "\"int\""), registered("t-value", 2, "\"long\""));
        let registry = Registry::start(BTreeMap::from([(1, first), (7, second)])).await.unwrap();
        let guid = Content::new("\"long\"".into(), Vec::new()).guid;
        let latest = json!({"subject": "t-value", "version": 2, "id": 7, "schema": "\"long\"", "guid": guid});
        for (path, expected) in [
            ("/schemas/ids/7", (200, json!({"schema": "\"long\"", "guid": guid}))),
            (&format!("/schemas/guids/{guid}"), (200, json!({"schema": "\"long\"", "guid": guid}))),
            ("/schemas/ids/8", (404, json!({"error_code": 40403, "message": "Schema not found"}))),
            ("/schemas/ids/7/versions", (200, json!([{"subject": "t-value", "version": 2}]))),
            ("/subjects", (200, json!(["t-value"]))),
            ("/subjects/t-value/versions", (200, json!([1, 2]))),
            ("/subjects/t-value/versions/2", (200, latest.clone())),
            ("/subjects/t-value/versions/latest", (200, latest)),
            ("/subjects/t-value/versions/3", (404, json!({"error_code": 40402, "message": "Version not found"}))),
            ("/subjects/u-value/versions", (404, json!({"error_code": 40401, "message": "Subject not found"}))),
        ] {
            assert_eq!(answer(&registry, path).await, expected, "{path}");
        }
    }

    #[tokio::test]
    async fn it_registers_schemas_and_gives_one_id_to_one_text() {
        let registry = Registry::start(BTreeMap::from([(3, registered("t-value", 1, "\"int\""))])).await.unwrap();
        let (path, long) = ("/subjects/t-value/versions", json!({"schema": "\"long\""}));
        let guid = Content::new("\"long\"".into(), Vec::new()).guid;
        let expected = |version: u32| (200, json!({"id": 4, "version": version, "guid": guid}));
        assert_eq!(submit(&registry, path, long.clone()).await, expected(2));
        assert_eq!(submit(&registry, path, long.clone()).await, expected(2), "again");
        assert_eq!(submit(&registry, "/subjects/u-value/versions", long.clone()).await, expected(1));
        assert_eq!(answer(&registry, path).await, (200, json!([1, 2])));
        assert_eq!(submit(&registry, "/subjects/t-value", long).await.1["version"], 2);
        let unknown = submit(&registry, "/subjects/t-value", json!({"schema": "\"string\""})).await;
        assert_eq!((unknown.0, &unknown.1["error_code"]), (404, &json!(40403)));
        for wrong in [json!({"schema": "{"}), json!({"schema": "{}", "schemaType": "JSON"})] {
            let refused = submit(&registry, path, wrong).await;
            assert_eq!((refused.0, &refused.1["error_code"]), (422, &json!(42201)));
        }
    }

    async fn set_level(registry: &Registry, subject: &str, level: &str) -> (u16, Value) {
        let request = loopback_client().unwrap().put(format!("{}/config/{subject}", registry.url()));
        let answer = request.json(&json!({"compatibility": level})).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    #[tokio::test]
    async fn it_holds_a_subject_to_its_compatibility_level() {
        let registry = Registry::start(BTreeMap::from([(1, registered("t-value", 1, "\"int\""))])).await.unwrap();
        let none = answer(&registry, "/config/t-value").await;
        assert_eq!((none.0, &none.1["error_code"]), (404, &json!(40408)));
        assert_eq!(set_level(&registry, "t-value", "FULL").await, (200, json!({"compatibility": "FULL"})));
        let level = answer(&registry, "/config/t-value").await;
        assert_eq!(level, (200, json!({"compatibilityLevel": "FULL"})));
        let unknown = set_level(&registry, "t-value", "SIDEWAYS").await;
        assert_eq!((unknown.0, &unknown.1["error_code"]), (422, &json!(42203)));

        let (wider, other) = (json!({"schema": "\"long\""}), "/subjects/u-value/versions");
        let refused = submit(&registry, "/subjects/t-value/versions", wider.clone()).await;
        assert_eq!((refused.0, &refused.1["error_code"]), (409, &json!(409)));
        assert_eq!(answer(&registry, "/subjects/t-value/versions").await, (200, json!([1])));
        let verdict = "/compatibility/subjects/t-value/versions/latest";
        let found = submit(&registry, verdict, wider.clone()).await.1;
        assert_eq!((&found["is_compatible"], found["messages"].as_array().map(Vec::len)), (&json!(false), Some(1)));
        assert_eq!(set_level(&registry, "t-value", "BACKWARD").await.0, 200);
        let verdict = submit(&registry, verdict, wider.clone()).await;
        assert_eq!(verdict, (200, json!({"is_compatible": true, "messages": []})));
        assert_eq!(submit(&registry, "/subjects/t-value/versions", wider).await.0, 200);
        assert_eq!(submit(&registry, other, json!({"schema": "\"int\""})).await.0, 200, "no level, no promise");
        assert_eq!(submit(&registry, other, json!({"schema": "\"string\""})).await.0, 200);
    }

    #[tokio::test]
    async fn it_takes_nothing_new_while_it_is_read_only() {
        let registry = Registry::start(BTreeMap::from([(1, registered("t-value", 1, "\"int\""))])).await.unwrap();
        registry.set_mode(RegistryMode::ReadOnly);
        let long = json!({"schema": "\"long\""});
        for refused in
            [submit(&registry, "/subjects/t-value/versions", long).await, set_level(&registry, "t-value", "FULL").await]
        {
            assert_eq!((refused.0, &refused.1["error_code"]), (422, &json!(42205)));
        }
        assert_eq!(answer(&registry, "/subjects/t-value/versions").await, (200, json!([1])));
        assert_eq!(submit(&registry, "/subjects/t-value", json!({"schema": "\"int\""})).await.0, 200);
    }

    #[tokio::test]
    async fn it_fails_on_request_recovers_and_counts() {
        let registry = Registry::start(BTreeMap::new()).await.unwrap();
        registry.set_mode(RegistryMode::Failing(503));
        assert_eq!(answer(&registry, "/subjects").await.0, 503);
        registry.set_mode(RegistryMode::Serving);
        assert_eq!(answer(&registry, "/subjects").await.0, 200);
        assert_eq!(registry.requests(), 2);
    }
}
