//! What a Confluent-compatible registry's statuses and error codes mean.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    Asked, RegistryError, RegistryErrorKind,
    http::{Answer, Said},
};

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    error_code: i64,
    message: Option<String>,
}

/// The body of a success, or what the refusal proves.
pub(super) fn success(answer: Answer, asked: &Asked) -> Result<Vec<u8>, RegistryError> {
    if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        return Ok(answer.body);
    }
    let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
    let kind = kind(&answer, refusal.as_ref().map(|refusal| refusal.error_code));
    let said = said(kind, answer.status.as_u16(), refusal);
    Err(RegistryError::new(asked.clone(), kind).after(answer.retry_after).caused_by(said))
}

/// The registry's own codes are the status with two digits more; a 404 or 422 without one comes from somebody else,
/// behind a URL that is wrong.
fn kind(answer: &Answer, code: Option<i64>) -> RegistryErrorKind {
    match (answer.status, code) {
        (StatusCode::NOT_FOUND, Some(40_400..40_500)) => RegistryErrorKind::NotFound,
        (StatusCode::CONFLICT, Some(409 | 40_900..41_000)) => RegistryErrorKind::Incompatible,
        (StatusCode::UNPROCESSABLE_ENTITY, Some(422 | 42_200..42_300)) => RegistryErrorKind::Invalid,
        _ => answer.kind_by_status(),
    }
}

fn said(kind: RegistryErrorKind, status: u16, refusal: Option<Refusal>) -> Said {
    let Some(Refusal { error_code, message }) = refusal else { return Said::Status(status) };
    let code = error_code.to_string();
    match (kind, message) {
        (RegistryErrorKind::Incompatible | RegistryErrorKind::Invalid, Some(message)) => {
            Said::Message { code, message }
        }
        _ => Said::Code { status, code },
    }
}
