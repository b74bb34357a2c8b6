//! A schema registry in the shapes of Confluent's REST API: it serves a recording's schemas, learns new ones, and
//! fails when told.

mod levels;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use schema_registry::compatibility::Level;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use recordings::RegisteredSchema;

/// A registry on a loopback port. It ends with this value.
///
/// It gives ids and versions as Confluent's does: one id for one text whatever its subject, one version for it in a
/// subject, and the same answer when it is registered again. It takes any JSON for a schema, but holds a subject that was
/// given a compatibility level to it; the level of all others is `NONE`.
#[derive(Debug)]
pub struct Registry {
    url: String,
    state: Shared,
    server: JoinHandle<()>,
}

/// How the registry answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryMode {
    /// As it should.
    #[default]
    Serving,
    /// It answers, and takes nothing new.
    ReadOnly,
    /// Every request gets this HTTP status.
    Failing(u16),
}

type Shared = Arc<Mutex<Held>>;

/// What the registry holds.
#[derive(Debug, Default)]
struct Held {
    schemas: BTreeMap<u32, Content>,
    /// In the order of registration.
    versions: Vec<Registration>,
    /// Of those subjects that have one of their own.
    levels: BTreeMap<String, Level>,
    mode: RegistryMode,
    requests: usize,
}

/// A schema with what it refers to; the GUID is the content's own.
#[derive(Debug, Clone, PartialEq)]
struct Content {
    schema: String,
    references: Vec<Value>,
    guid: Uuid,
}

#[derive(Debug)]
struct Registration {
    subject: String,
    version: u32,
    id: u32,
}

/// What is sent to register or to look up a schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submission {
    schema: String,
    schema_type: Option<String>,
    #[serde(default)]
    references: Vec<Value>,
}

impl Registry {
    /// Serves `schemas` on a port of its own.
    ///
    /// # Errors
    /// When no port can be had.
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

    /// Its address, for `SCHEMA_REGISTRY_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes how it answers from now on.
    pub fn set_mode(&self, mode: RegistryMode) {
        lock(&self.state).mode = mode;
    }

    /// How many requests it has had, those included that it was told to fail.
    pub fn requests(&self) -> usize {
        lock(&self.state).requests
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Held {
    fn of(schemas: BTreeMap<u32, RegisteredSchema>) -> Self {
        let mut held = Held::default();
        for (id, RegisteredSchema { subject, version, schema, references }) in schemas {
            held.schemas.insert(id, Content::new(schema, references));
            held.versions.push(Registration { subject, version, id });
        }
        held
    }

    /// The id under which the content is known, or a new one.
    fn id_of(&mut self, content: Content) -> u32 {
        if let Some((id, _)) = self.schemas.iter().find(|(_, known)| **known == content) {
            return *id;
        }
        let id = self.schemas.keys().next_back().map_or(1, |last| last + 1);
        self.schemas.insert(id, content);
        id
    }

    fn of_subject<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Registration> {
        self.versions.iter().filter(move |registration| registration.subject == subject)
    }

    fn latest<'a>(&'a self, subject: &'a str) -> Option<&'a Registration> {
        self.of_subject(subject).max_by_key(|registration| registration.version)
    }

    /// A version by its number or as the latest.
    fn find<'a>(&'a self, subject: &'a str, version: &str) -> Result<&'a Registration, Box<Response>> {
        let Some(latest) = self.latest(subject) else { return Err(Box::new(refusal(40401, "Subject not found"))) };
        let found = match version {
            "latest" => Some(latest),
            number => match number.parse::<u32>() {
                Ok(number) => self.of_subject(subject).find(|registration| registration.version == number),
                Err(_) => {
                    return Err(Box::new(unprocessable(42202, "The specified version is not a valid version id")));
                }
            },
        };
        found.ok_or_else(|| Box::new(refusal(40402, "Version not found")))
    }

    fn answer(&self, registration: &Registration) -> Response {
        let Registration { subject, version, id } = registration;
        let Some(content) = self.schemas.get(id) else { return refusal(40403, "Schema not found") };
        let mut body = json!({"subject": subject, "version": version, "id": id});
        content.fill(&mut body);
        Json(body).into_response()
    }
}

impl Content {
    fn new(schema: String, references: Vec<Value>) -> Self {
        let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, json!([schema, references]).to_string().as_bytes());
        Content { schema, references, guid }
    }

    /// The registry leaves the references out when there are none.
    fn fill(&self, body: &mut Value) {
        body["schema"] = json!(self.schema);
        body["guid"] = json!(self.guid);
        if !self.references.is_empty() {
            body["references"] = json!(self.references);
        }
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

async fn schema(State(state): State<Shared>, Path(id): Path<String>) -> Response {
    let held = lock(&state);
    content(id.parse().ok().and_then(|id: u32| held.schemas.get(&id)))
}

async fn schema_by_guid(State(state): State<Shared>, Path(guid): Path<Uuid>) -> Response {
    content(lock(&state).schemas.values().find(|content| content.guid == guid))
}

fn content(found: Option<&Content>) -> Response {
    let Some(content) = found else { return refusal(40403, "Schema not found") };
    let mut body = json!({});
    content.fill(&mut body);
    Json(body).into_response()
}

/// The subjects and versions under which an id is registered.
async fn places(State(state): State<Shared>, Path(id): Path<u32>) -> Response {
    let held = lock(&state);
    let places: Vec<_> = held
        .versions
        .iter()
        .filter(|registration| registration.id == id)
        .map(|registration| json!({"subject": registration.subject, "version": registration.version}))
        .collect();
    if places.is_empty() { refusal(40403, "Schema not found") } else { Json(places).into_response() }
}

async fn subjects(State(state): State<Shared>) -> Response {
    let held = lock(&state);
    let mut subjects: Vec<_> = held.versions.iter().map(|registration| registration.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    Json(subjects).into_response()
}

async fn versions(State(state): State<Shared>, Path(subject): Path<String>) -> Response {
    let held = lock(&state);
    let mut versions: Vec<_> = held.of_subject(&subject).map(|registration| registration.version).collect();
    versions.sort_unstable();
    if versions.is_empty() { refusal(40401, "Subject not found") } else { Json(versions).into_response() }
}

async fn version(State(state): State<Shared>, Path((subject, version)): Path<(String, String)>) -> Response {
    let held = lock(&state);
    held.find(&subject, &version).map_or_else(|refused| *refused, |registration| held.answer(registration))
}

/// Whether a schema is registered under a subject, and as what.
async fn look_up(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    Json(submission): Json<Submission>,
) -> Response {
    let content = match submission.content() {
        Ok(content) => content,
        Err(refused) => return *refused,
    };
    let held = lock(&state);
    if held.latest(&subject).is_none() {
        return refusal(40401, "Subject not found");
    }
    let found = held.of_subject(&subject).find(|registration| held.schemas.get(&registration.id) == Some(&content));
    found.map_or_else(|| refusal(40403, "Schema not found"), |registration| held.answer(registration))
}

async fn register(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    Json(submission): Json<Submission>,
) -> Response {
    let content = match submission.content() {
        Ok(content) => content,
        Err(refused) => return *refused,
    };
    let mut held = lock(&state);
    if let Err(refused) = held.allows(&subject, &content) {
        return *refused;
    }
    let guid = content.guid;
    let id = held.id_of(content);
    let known = held.of_subject(&subject).find(|registration| registration.id == id).map(|known| known.version);
    let version = known.unwrap_or_else(|| {
        let version = held.latest(&subject).map_or(1, |latest| latest.version + 1);
        held.versions.push(Registration { subject, version, id });
        version
    });
    Json(json!({"id": id, "version": version, "guid": guid})).into_response()
}

impl Submission {
    fn content(self) -> Result<Content, Box<Response>> {
        let avro = self.schema_type.as_deref().is_none_or(|name| name == "AVRO");
        if !avro || serde_json::from_str::<Value>(&self.schema).is_err() {
            return Err(Box::new(no_schema()));
        }
        Ok(Content::new(self.schema, self.references))
    }
}

fn refusal(code: u32, message: &str) -> Response {
    (StatusCode::NOT_FOUND, error_body(code, message)).into_response()
}

fn unprocessable(code: u32, message: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, error_body(code, message)).into_response()
}

fn no_schema() -> Response {
    unprocessable(42201, "Either the input schema or one its references is invalid")
}

fn error_body(code: u32, message: &str) -> Json<Value> {
    Json(json!({"error_code": code, "message": message}))
}

/// No code panics while it holds the lock, so a poisoned one holds nothing half-done.
fn lock(state: &Mutex<Held>) -> MutexGuard<'_, Held> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
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
    async fn it_learns_schemas_and_gives_one_id_to_one_text() {
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
    async fn it_holds_a_subject_to_the_level_that_it_was_given() {
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
    async fn it_fails_when_told_and_recovers_and_counts() {
        let registry = Registry::start(BTreeMap::new()).await.unwrap();
        registry.set_mode(RegistryMode::Failing(503));
        assert_eq!(answer(&registry, "/subjects").await.0, 503);
        registry.set_mode(RegistryMode::Serving);
        assert_eq!(answer(&registry, "/subjects").await.0, 200);
        assert_eq!(registry.requests(), 2);
    }
}
