//! A schema registry that serves a recording's schemas in the shapes of Confluent's REST API, and can be made to fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::recording::RegisteredSchema;

/// A registry on a loopback port. It ends with this value.
#[derive(Debug)]
pub struct Registry {
    url: String,
    mode: Arc<Mutex<RegistryMode>>,
    server: JoinHandle<()>,
}

/// How the registry answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryMode {
    /// As it should.
    #[default]
    Serving,
    /// Every request gets this HTTP status.
    Failing(u16),
}

type Schemas = Arc<BTreeMap<u32, RegisteredSchema>>;

impl Registry {
    /// Serves `schemas` on a port of its own.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(schemas: BTreeMap<u32, RegisteredSchema>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mode = Arc::new(Mutex::new(RegistryMode::default()));
        let routes = Router::new()
            .route("/schemas/ids/{id}", get(schema))
            .route("/subjects", get(subjects))
            .route("/subjects/{subject}/versions", get(versions))
            .route("/subjects/{subject}/versions/{version}", get(version))
            .fallback(|| async { refusal(404, "HTTP 404 Not Found") })
            .layer(from_fn_with_state(Arc::clone(&mode), fail_if_told))
            .with_state(Arc::new(schemas));
        let server = tokio::spawn(async move {
            // It serves until it is aborted; an error of one connection does not end it.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Registry { url, mode, server })
    }

    /// Its address, for `SCHEMA_REGISTRY_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes how it answers from now on.
    pub fn set_mode(&self, mode: RegistryMode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn fail_if_told(State(mode): State<Arc<Mutex<RegistryMode>>>, request: Request, next: Next) -> Response {
    let mode = *mode.lock().unwrap_or_else(PoisonError::into_inner);
    match mode {
        RegistryMode::Serving => next.run(request).await,
        RegistryMode::Failing(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, error_body(50001, "Error in the backend data store")).into_response()
        }
    }
}

async fn schema(State(schemas): State<Schemas>, Path(id): Path<String>) -> Response {
    match id.parse().ok().and_then(|id: u32| schemas.get(&id)) {
        Some(schema) => with_references(json!({"schema": schema.schema}), schema),
        None => refusal(40403, "Schema not found"),
    }
}

async fn subjects(State(schemas): State<Schemas>) -> Response {
    let mut subjects: Vec<_> = schemas.values().map(|schema| schema.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    Json(subjects).into_response()
}

async fn versions(State(schemas): State<Schemas>, Path(subject): Path<String>) -> Response {
    let mut versions: Vec<_> = of_subject(&schemas, &subject).map(|(_, schema)| schema.version).collect();
    versions.sort_unstable();
    if versions.is_empty() { refusal(40401, "Subject not found") } else { Json(versions).into_response() }
}

async fn version(State(schemas): State<Schemas>, Path((subject, version)): Path<(String, String)>) -> Response {
    if of_subject(&schemas, &subject).next().is_none() {
        return refusal(40401, "Subject not found");
    }
    let found = match version.as_str() {
        "latest" => of_subject(&schemas, &subject).max_by_key(|(_, schema)| schema.version),
        number => of_subject(&schemas, &subject).find(|(_, schema)| schema.version.to_string() == number),
    };
    match found {
        Some((id, schema)) => {
            let body = json!({"subject": subject, "version": schema.version, "id": id, "schema": schema.schema});
            with_references(body, schema)
        }
        None => refusal(40402, "Version not found"),
    }
}

fn of_subject<'a>(schemas: &'a Schemas, subject: &'a str) -> impl Iterator<Item = (&'a u32, &'a RegisteredSchema)> {
    schemas.iter().filter(move |(_, schema)| schema.subject == subject)
}

/// The registry leaves the field out when there are none.
fn with_references(mut body: Value, schema: &RegisteredSchema) -> Response {
    if !schema.references.is_empty() {
        body["references"] = json!(schema.references);
    }
    Json(body).into_response()
}

fn refusal(code: u32, message: &str) -> Response {
    (StatusCode::NOT_FOUND, error_body(code, message)).into_response()
}

fn error_body(code: u32, message: &str) -> Json<Value> {
    Json(json!({"error_code": code, "message": message}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::loopback_client;

    fn registered(subject: &str, version: u32, schema: &str) -> RegisteredSchema {
        RegisteredSchema { subject: subject.into(), version, schema: schema.into(), references: Vec::new() }
    }

    async fn answer(registry: &Registry, path: &str) -> (u16, Value) {
        let answer = loopback_client().unwrap().get(format!("{}{path}", registry.url())).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    #[tokio::test]
    async fn it_answers_in_the_shapes_of_confluent() {
        let (first, second) = (registered("t-value", 1, "\"int\""), registered("t-value", 2, "\"long\""));
        let registry = Registry::start(BTreeMap::from([(1, first), (7, second)])).await.unwrap();
        let latest = json!({"subject": "t-value", "version": 2, "id": 7, "schema": "\"long\""});
        for (path, expected) in [
            ("/schemas/ids/7", (200, json!({"schema": "\"long\""}))),
            ("/schemas/ids/8", (404, json!({"error_code": 40403, "message": "Schema not found"}))),
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
    async fn it_fails_when_told_and_recovers() {
        let registry = Registry::start(BTreeMap::new()).await.unwrap();
        registry.set_mode(RegistryMode::Failing(503));
        assert_eq!(answer(&registry, "/subjects").await.0, 503);
        registry.set_mode(RegistryMode::Serving);
        assert_eq!(answer(&registry, "/subjects").await.0, 200);
    }
}
