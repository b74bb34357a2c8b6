//! AWS Glue's side of one call, which computes the signature again from the request to check it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::{SdkConfig, region::Region};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use hmac::{Hmac, KeyInit, Mac};
use schema_registries::{GlueConfigError, GlueRegistry};
use schema_registry::{RegistryErrorKind, SchemaId, SchemaRef, Schemas};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use uuid::Uuid;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const VERSION: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);

#[derive(Clone, Default)]
struct Glue {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
}

impl Glue {
    /// Answers in turn, and then always with the last answer; only to correctly signed requests.
    async fn start(&self, answers: &[(u16, &str)]) -> String {
        *self.answers.lock().unwrap() =
            answers.iter().rev().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/", post(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        url
    }
}

async fn answer(State(glue): State<Glue>, headers: HeaderMap, body: Bytes) -> Response {
    if headers["authorization"] != signature(&headers, &body).as_str() {
        let body = r#"{"__type":"InvalidSignatureException","message":"no"}"#;
        return (StatusCode::BAD_REQUEST, body).into_response();
    }
    assert_eq!(headers["x-amz-target"], "AWSGlue.GetSchemaVersion");
    assert_eq!(headers["x-amz-security-token"], "session");
    assert_eq!(body, format!(r#"{{"SchemaVersionId":"{VERSION}"}}"#));
    let mut answers = glue.answers.lock().unwrap();
    let (status, body) = if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() };
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

/// Signature Version 4 by its documentation: canonical request, string to sign, derived key.
fn signature(headers: &HeaderMap, body: &[u8]) -> String {
    let header = |name: &str| headers[name].to_str().unwrap().trim().to_owned();
    let sent = header("authorization");
    let signed = sent.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap().to_owned();
    for name in ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"] {
        assert!(signed.split(';').any(|signed| signed == name), "{name} is signed");
    }
    let canonical_headers: String = signed.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
    let canonical = format!("POST\n/\n\n{canonical_headers}\n{signed}\n{}", hex(&Sha256::digest(body)));
    let date = header("x-amz-date");
    let scope = format!("{}/eu-central-1/glue/aws4_request", &date[..8]);
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &to_sign));
    format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={signed}, Signature={signature}")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn aws(secret: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", secret, Some("session".to_owned()), None, "test");
    SdkConfig::builder()
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

async fn registry(answers: &[(u16, &str)]) -> GlueRegistry {
    let url = Glue::default().start(answers).await;
    GlueRegistry::new(&aws(SECRET), Some(&url), Duration::from_secs(2)).unwrap()
}

const AVRO: &str = r#"{"SchemaVersionId":"x","SchemaDefinition":"\"int\"","DataFormat":"AVRO","Status":"AVAILABLE"}"#;

#[tokio::test]
async fn a_signed_request_gets_the_schema() {
    let found = registry(&[(200, AVRO)]).await.by_id(SchemaRef::GlueVersion(VERSION)).await.unwrap();
    assert_eq!((found.text.as_str(), found.references.len()), ("\"int\"", 0));
}

#[tokio::test]
async fn a_signature_by_another_key_is_refused_and_retried() {
    let url = Glue::default().start(&[(200, AVRO)]).await;
    let registry = GlueRegistry::new(&aws("another"), Some(&url), Duration::from_secs(2)).unwrap();
    let error = registry.by_id(SchemaRef::GlueVersion(VERSION)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Refused, true));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("InvalidSignatureException") && !cause.contains("another"), "{cause}");
}

#[tokio::test]
async fn a_short_failure_is_retried() {
    let answers = [(500, r#"{"__type":"InternalServiceException"}"#), (200, AVRO)];
    registry(&answers).await.by_id(SchemaRef::GlueVersion(VERSION)).await.unwrap();
}

#[tokio::test]
async fn every_answer_has_its_kind_of_error() {
    use RegistryErrorKind::{NotFound, Refused, Throttled, Unavailable, Unusable};
    let cases = [
        (400, r#"{"__type":"com.amazonaws.glue#EntityNotFoundException","Message":"no"}"#, NotFound),
        (400, r#"{"__type":"EntityNotFoundException","Message":"no"}"#, NotFound),
        (400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#, Throttled),
        (400, r#"{"__type":"AccessDeniedException","Message":"no"}"#, Refused),
        (400, r#"{"__type":"UnrecognizedClientException","message":"no"}"#, Refused),
        (400, r#"{"__type":"ExpiredTokenException","message":"no"}"#, Refused),
        (400, r#"{"__type":"InvalidInputException","Message":"no"}"#, Refused),
        (500, r#"{"__type":"InternalServiceException","Message":"no"}"#, Unavailable),
        (503, "", Unavailable),
        (403, "<html>", Refused),
        (200, "<html>", Refused),
        (200, r#"{"SchemaDefinition":"{}","DataFormat":"JSON","Status":"AVAILABLE"}"#, Unusable),
        (200, r#"{"SchemaDefinition":"{}","DataFormat":"AVRO","Status":"FAILURE"}"#, Unusable),
        (200, r#"{"SchemaDefinition":"{}","DataFormat":"AVRO","Status":"PENDING"}"#, Unavailable),
    ];
    for (status, body, kind) in cases {
        let error = registry(&[(status, body)]).await.by_id(SchemaRef::GlueVersion(VERSION)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert_eq!(error.is_transient(), !matches!(kind, NotFound | Unusable), "{status} {body}");
    }
}

#[tokio::test]
async fn what_it_cannot_do_is_told() {
    let registry = registry(&[(200, AVRO)]).await;
    for schema in [SchemaRef::Id(SchemaId(7)), SchemaRef::Guid(VERSION)] {
        assert_eq!(registry.by_id(schema).await.unwrap_err().kind(), RegistryErrorKind::Unsupported);
    }
    let timeout = Duration::from_secs(2);
    let nowhere = SdkConfig::builder().build();
    assert!(matches!(GlueRegistry::new(&nowhere, None, timeout), Err(GlueConfigError::Region)));
    let nobody = SdkConfig::builder().region(Region::new("eu-central-1")).build();
    assert!(matches!(GlueRegistry::new(&nobody, None, timeout), Err(GlueConfigError::Credentials)));
    assert!(matches!(GlueRegistry::new(&aws(SECRET), Some("glue"), timeout), Err(GlueConfigError::Endpoint)));
}
