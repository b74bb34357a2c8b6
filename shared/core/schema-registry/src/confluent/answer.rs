//! What a Confluent-compatible registry's statuses and error codes mean.

use reqwest::StatusCode;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{
    Asked, RegistryError, RegistryErrorKind,
    http::{Answer, Said},
};

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    #[serde(deserialize_with = "code")]
    error_code: i64,
    message: Option<String>,
}

/// A number, from some as text.
fn code<'de, D: Deserializer<'de>>(code: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Code {
        Number(i64),
        Text(String),
    }
    match Code::deserialize(code)? {
        Code::Number(number) => Ok(number),
        Code::Text(text) => text.trim().parse().map_err(D::Error::custom),
    }
}

/// The most of a registry's words that is kept, in characters: an error may be remembered, and there may be many.
const MAX_MESSAGE: usize = 1_000;

/// The body of a success, or what the refusal proves.
pub(super) fn success(answer: Answer, asked: &Asked) -> Result<Vec<u8>, RegistryError> {
    if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        return Ok(answer.body);
    }
    let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
    let code = refusal.as_ref().map(|refusal| refusal.error_code);
    let (kind, if_well) = (kind(&answer, code), if_well(answer.status, code));
    let said = said(kind, answer.status.as_u16(), refusal);
    Err(RegistryError::new(asked.clone(), kind).if_well(if_well).after(answer.retry_after).caused_by(said))
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

/// Apicurio says of a schema that is not there what others say of a path that is not there, and of one that it cannot
/// make out what others say of a request that makes no sense.
fn if_well(status: StatusCode, code: Option<i64>) -> Option<RegistryErrorKind> {
    match (status, code) {
        (StatusCode::NOT_FOUND, Some(404)) => Some(RegistryErrorKind::NotFound),
        (StatusCode::BAD_REQUEST, Some(0)) => Some(RegistryErrorKind::Unusable),
        _ => None,
    }
}

fn said(kind: RegistryErrorKind, status: u16, refusal: Option<Refusal>) -> Said {
    let Some(Refusal { error_code, message }) = refusal else { return Said::Status(status) };
    let code = error_code.to_string();
    match (kind, message) {
        (RegistryErrorKind::Incompatible | RegistryErrorKind::Invalid, Some(message)) => {
            Said::Message { code, message: message.chars().take(MAX_MESSAGE).collect() }
        }
        _ => Said::Code { status, code },
    }
}
