//! The requests about schemas, subjects and versions.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use super::refusals::refusal;
use super::store::{Content, Registration, Shared, Submission, lock};

pub(super) async fn schema(State(state): State<Shared>, Path(id): Path<String>) -> Response {
    let held = lock(&state);
    content(id.parse().ok().and_then(|id: u32| held.schemas.get(&id)))
}

pub(super) async fn schema_by_guid(State(state): State<Shared>, Path(guid): Path<Uuid>) -> Response {
    content(lock(&state).schemas.values().find(|content| content.guid == guid))
}

fn content(found: Option<&Content>) -> Response {
    let Some(content) = found else { return refusal(40403, "Schema not found") };
    let mut body = json!({});
    content.fill(&mut body);
    Json(body).into_response()
}

/// The subjects and versions under which an id is registered.
pub(super) async fn places(State(state): State<Shared>, Path(id): Path<u32>) -> Response {
    let held = lock(&state);
    let places: Vec<_> = held
        .versions
        .iter()
        .filter(|registration| registration.id == id)
        .map(|registration| json!({"subject": registration.subject, "version": registration.version}))
        .collect();
    if places.is_empty() { refusal(40403, "Schema not found") } else { Json(places).into_response() }
}

pub(super) async fn subjects(State(state): State<Shared>) -> Response {
    let held = lock(&state);
    let mut subjects: Vec<_> = held.versions.iter().map(|registration| registration.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    Json(subjects).into_response()
}

pub(super) async fn versions(State(state): State<Shared>, Path(subject): Path<String>) -> Response {
    let held = lock(&state);
    let mut versions: Vec<_> = held.of_subject(&subject).map(|registration| registration.version).collect();
    versions.sort_unstable();
    if versions.is_empty() { refusal(40401, "Subject not found") } else { Json(versions).into_response() }
}

pub(super) async fn version(State(state): State<Shared>, Path((subject, version)): Path<(String, String)>) -> Response {
    let held = lock(&state);
    held.find(&subject, &version).map_or_else(|refused| *refused, |registration| held.answer(registration))
}

/// Whether a schema is registered under a subject, and as what.
pub(super) async fn look_up(
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

pub(super) async fn register(
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
