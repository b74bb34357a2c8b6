//! The requests about compatibility levels: what a subject's new version may change.

use avro_decode::Schema;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schema_registry::compatibility::{Level, conflicts};
use serde::Deserialize;
use serde_json::json;

use super::refusals::{error_body, no_schema, refusal, unprocessable};
use super::store::{Content, Held, Registration, Shared, Submission, lock};

/// What is sent to set a level.
#[derive(Deserialize)]
pub(super) struct Wanted {
    compatibility: String,
}

impl Held {
    /// Whether a subject's level lets it have a schema next; what it has already it may have again.
    pub(super) fn allows(&self, subject: &str, content: &Content) -> Result<(), Box<Response>> {
        let mut before: Vec<&Registration> = self.of_subject(subject).collect();
        if before.iter().any(|registration| self.schemas.get(&registration.id) == Some(content)) {
            return Ok(());
        }
        before.sort_by_key(|registration| registration.version);
        let objections = self.objections(subject, content, &before)?;
        if objections.is_empty() {
            return Ok(());
        }
        let message = "Schema being registered is incompatible with an earlier schema for subject";
        let message = format!("{message} \"{subject}\", details: {objections:?}");
        Err(Box::new((StatusCode::CONFLICT, error_body(409, &message)).into_response()))
    }

    /// What keeps a schema from following these versions at the subject's level. A schema that
    /// takes types from others cannot be compared here: only a subject without a level can have it.
    fn objections(
        &self,
        subject: &str,
        content: &Content,
        before: &[&Registration],
    ) -> Result<Vec<String>, Box<Response>> {
        let level = self.levels.get(subject).copied().unwrap_or(Level::None);
        if level == Level::None {
            return Ok(Vec::new());
        }
        let parse = |text: &str| Schema::parse(text).map_err(|_| Box::new(no_schema()));
        let new = parse(&content.schema)?;
        let mut old = Vec::new();
        for registration in before {
            if let Some(content) = self.schemas.get(&registration.id) {
                old.push((registration.version, parse(&content.schema)?));
            }
        }
        let history: Vec<(u32, &Schema)> = old.iter().map(|(version, schema)| (*version, schema)).collect();
        Ok(conflicts(&new, &history, level).iter().map(ToString::to_string).collect())
    }
}

pub(super) async fn level(State(state): State<Shared>, Path(subject): Path<String>) -> Response {
    match lock(&state).levels.get(&subject) {
        Some(level) => Json(json!({"compatibilityLevel": level.name()})).into_response(),
        None => refusal(40408, "Subject does not have subject-level compatibility configured"),
    }
}

pub(super) async fn set_level(
    State(state): State<Shared>,
    Path(subject): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Response {
    let Ok(level) = wanted.compatibility.parse::<Level>() else {
        return unprocessable(42203, "Invalid compatibility level");
    };
    lock(&state).levels.insert(subject, level);
    Json(json!({"compatibility": level.name()})).into_response()
}

/// Whether a schema could follow a version.
pub(super) async fn compatibility(
    State(state): State<Shared>,
    Path((subject, version)): Path<(String, String)>,
    Json(submission): Json<Submission>,
) -> Response {
    let held = lock(&state);
    let verdict = submission.content().and_then(|content| {
        let registration = held.find(&subject, &version)?;
        held.objections(&subject, &content, &[registration])
    });
    match verdict {
        Ok(objections) => Json(json!({"is_compatible": objections.is_empty(), "messages": objections})).into_response(),
        Err(refused) => *refused,
    }
}
