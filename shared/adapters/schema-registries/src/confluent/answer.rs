//! The meaning of statuses and error codes of Confluent-compatible registries.

use reqwest::StatusCode;
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget};
use serde::{Deserialize, Deserializer, de::Error as _};
use signed_requests::Answer;

use crate::http::{Cause, kind_by_status};

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    #[serde(deserialize_with = "code")]
    error_code: i64,
    message: Option<String>,
}

/// A number; some registries write it as text.
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

/// The most characters kept of a registry's message: errors may be cached, and there may be many.
const MAX_MESSAGE: usize = 1_000;

/// The body of a success, or the error that a refusal means.
pub(super) fn success(answer: Answer, target: &RegistryTarget) -> Result<Vec<u8>, RegistryError> {
    if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        return Ok(answer.body);
    }
    let refusal = serde_json::from_slice::<Refusal>(&answer.body).ok();
    let code = refusal.as_ref().map(|refusal| refusal.error_code);
    let kind = kind(&answer, code);
    let cause = cause(kind, answer.status.as_u16(), refusal);
    Err(RegistryError::new(target.clone(), kind).after(answer.retry_after).caused_by(cause))
}

/// The registry's own codes are the status with two more digits. A 404 or 422 without such a code comes from something else,
/// behind a wrong URL.
fn kind(answer: &Answer, code: Option<i64>) -> RegistryErrorKind {
    match (answer.status, code) {
        (StatusCode::NOT_FOUND, Some(40_400..40_500)) => RegistryErrorKind::NotFound,
        (StatusCode::CONFLICT, Some(409 | 40_900..41_000)) => RegistryErrorKind::Incompatible,
        (StatusCode::UNPROCESSABLE_ENTITY, Some(422 | 42_200..42_300)) => RegistryErrorKind::Invalid,
        _ => kind_by_status(answer),
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
        Cause::Code { status: 404, code } if code == "404" => Some(RegistryErrorKind::NotFound),
        Cause::Code { status: 400, code } if code == "0" => Some(RegistryErrorKind::Unusable),
        Cause::Status(_)
        | Cause::Code { .. }
        | Cause::Message { .. }
        | Cause::FixedUser
        | Cause::Rule(_)
        | Cause::Unreadable
        | Cause::TooLarge
        | Cause::TimedOut => None,
    }
}

fn cause(kind: RegistryErrorKind, status: u16, refusal: Option<Refusal>) -> Cause {
    let Some(Refusal { error_code, message }) = refusal else { return Cause::Status(status) };
    let code = error_code.to_string();
    match (kind, message) {
        (RegistryErrorKind::Incompatible | RegistryErrorKind::Invalid, Some(message)) => {
            Cause::Message { code, message: message.chars().take(MAX_MESSAGE).collect() }
        }
        _ => Cause::Code { status, code },
    }
}
