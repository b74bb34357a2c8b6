//! What a Confluent-compatible registry's statuses and error codes mean.

use reqwest::StatusCode;
use schema_registry::{Asked, RegistryError, RegistryErrorKind};
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::http::{Answer, Said};

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
    let kind = kind(&answer, code);
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

/// What a refused lookup of a schema means if the registry is healthy; `None` where it means nothing else than it says.
///
/// Apicurio answers for a schema that it does not have as others do for an unknown path (404 with code 404), and for a
/// schema that it cannot parse as others do for a bad request (400 with code 0).
pub(super) fn meaning_if_healthy(refusal: &RegistryError) -> Option<RegistryErrorKind> {
    if refusal.kind() == RegistryErrorKind::NotFound {
        return Some(RegistryErrorKind::NotFound);
    }
    match refusal.cause()?.downcast_ref()? {
        Said::Code { status: 404, code } if code == "404" => Some(RegistryErrorKind::NotFound),
        Said::Code { status: 400, code } if code == "0" => Some(RegistryErrorKind::Unusable),
        Said::Status(_)
        | Said::Code { .. }
        | Said::Message { .. }
        | Said::Rule(_)
        | Said::Unreadable
        | Said::TooLarge
        | Said::Late => None,
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
