//! Errors as Confluent's registry answers them: an HTTP status, a code of its own and a text.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) fn refusal(code: u32, message: &str) -> Response {
    (StatusCode::NOT_FOUND, error_body(code, message)).into_response()
}

pub(super) fn unprocessable(code: u32, message: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, error_body(code, message)).into_response()
}

pub(super) fn no_schema() -> Response {
    unprocessable(42201, "Either the input schema or one its references is invalid")
}

pub(super) fn error_body(code: u32, message: &str) -> Json<Value> {
    Json(json!({"error_code": code, "message": message}))
}
