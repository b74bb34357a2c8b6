//! Every answer of Secrets Manager, and none: what it means, how often it is asked, and where.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use environment::{Env, Secret, SecretError, secret};
use secrets_manager::SecretsManager;
use tokio::net::TcpListener;

const ARN: &str = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:registry-AbCdEf";

#[derive(Clone)]
struct Service {
    answers: Vec<(u16, String)>,
    asked: Arc<AtomicUsize>,
}

impl Service {
    fn answering(answers: &[(u16, &str)]) -> Self {
        let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        Service { answers, asked: Arc::default() }
    }

    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/", post(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        url
    }
}

/// In turn, and then always the last one.
async fn answer(State(service): State<Service>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    assert_eq!(body, format!(r#"{{"SecretId":"{ARN}"}}"#));
    // The region is that of the ARN, whatever the function's own is.
    assert!(headers["authorization"].to_str().unwrap().contains("/eu-west-3/secretsmanager/aws4_request"));
    let turn = service.asked.fetch_add(1, Ordering::SeqCst).min(service.answers.len() - 1);
    let (status, body) = service.answers[turn].clone();
    (StatusCode::from_u16(status).unwrap(), body)
}

fn aws(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "key", None, None, "test");
    let credentials = SharedCredentialsProvider::new(credentials);
    SdkConfig::builder().credentials_provider(credentials).endpoint_url(endpoint).build()
}

async fn read(aws: &SdkConfig) -> Result<Secret, Vec<SecretError>> {
    let env = Env::from_pairs([("PASSWORD_SECRET_ARN", ARN)]);
    let secret = env.read(|env| env.required("PASSWORD", "", secret())).unwrap();
    let filled = env.secrets().fill(Arc::new(SecretsManager::new(aws).unwrap())).await;
    filled.map(|()| secret).map_err(|errors| errors.iter().cloned().collect())
}

#[tokio::test]
async fn the_text_of_a_secret_is_read() {
    let service = Service::answering(&[(200, r#"{"ARN":"x","SecretString":"hunter2"}"#)]);
    assert_eq!(&*read(&aws(&service.start().await)).await.unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn every_answer_has_its_code_and_is_asked_for_again_only_if_it_may_change() {
    let large = format!(r#"{{"SecretString":"{}"}}"#, "hunter2".repeat(100_000));
    for (status, body, code, asked) in [
        (400, r#"{"__type":"ResourceNotFoundException","Message":"no"}"#, "secret_not_found", 1),
        (400, r#"{"__type":"com.amazonaws.secretsmanager#ResourceNotFoundException"}"#, "secret_not_found", 1),
        (400, r#"{"__type":"InvalidRequestException","Message":"marked for deletion"}"#, "secret_not_found", 1),
        (400, r#"{"__type":"AccessDeniedException","Message":"no"}"#, "secret_denied", 1),
        (400, r#"{"__type":"DecryptionFailure","Message":"no"}"#, "secret_denied", 1),
        (403, "<html>", "secret_denied", 1),
        (400, r#"{"__type":"ThrottlingException","Message":"Rate exceeded"}"#, "secret_unavailable", 3),
        (500, r#"{"__type":"InternalServiceError","Message":"no"}"#, "secret_unavailable", 3),
        (503, "", "secret_unavailable", 3),
        (200, "hunter2", "secret_unavailable", 3),
        (200, &large, "secret_unavailable", 3),
        (200, r#"{"SecretBinary":"aHVudGVyMg=="}"#, "secret_without_text", 1),
    ] {
        let service = Service::answering(&[(status, body)]);
        let [error] = &*read(&aws(&service.start().await)).await.unwrap_err() else { panic!("one secret, one error") };
        assert_eq!((error.code(), service.asked.load(Ordering::SeqCst)), (code, asked), "{status}");
        let told = format!("{error} {error:?} {}", std::error::Error::source(error).unwrap());
        assert!(told.contains(ARN) && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_short_failure_is_not_noticed() {
    let service = Service::answering(&[(500, ""), (200, r#"{"SecretString":"hunter2"}"#)]);
    assert_eq!(&*read(&aws(&service.start().await)).await.unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn nobody_there_is_an_error_that_says_so() {
    let errors = read(&aws("http://127.0.0.1:1")).await.unwrap_err();
    assert_eq!(errors.iter().map(SecretError::code).collect::<Vec<_>>(), ["secret_unavailable"]);
    let [error] = &*read(&aws("secrets.example.com")).await.unwrap_err() else { panic!("one secret, one error") };
    assert_eq!(error.code(), "secret_endpoint_unusable");
    assert!(error.to_string().contains("AWS_ENDPOINT_URL_SECRETS_MANAGER"), "{error}");
    assert!(SecretsManager::new(&SdkConfig::builder().build()).is_err());
}

/// Credentials that should come from somewhere, as in a container without a role.
#[derive(Debug)]
struct Nowhere;

impl ProvideCredentials for Nowhere {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("no providers in chain")))
    }
}

#[tokio::test]
async fn missing_credentials_are_told_from_a_role_that_may_not_read() {
    let service = Service::answering(&[(200, r#"{"SecretString":"hunter2"}"#)]);
    let endpoint = service.start().await;
    let nobody = SdkConfig::builder().credentials_provider(SharedCredentialsProvider::new(Nowhere));
    let errors = read(&nobody.endpoint_url(endpoint).build()).await.unwrap_err();
    let [error] = &*errors else { panic!("one secret, one error") };
    assert_eq!((error.code(), error.is_transient()), ("secret_credentials_missing", false));
    let told = error.to_string();
    assert!(told.contains("give the function a role") && !told.contains("GetSecretValue"), "{told}");
    assert_eq!(service.asked.load(Ordering::SeqCst), 0);
}

/// As `aws-config` reads variables and profiles.
#[derive(Debug)]
struct Variables(String);

impl LoadServiceConfig for Variables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let name = format!("{}_{}", key.env(), key.service_id().to_uppercase().replace(' ', "_"));
        (name == "AWS_ENDPOINT_URL_SECRETS_MANAGER").then(|| self.0.clone())
    }
}

#[tokio::test]
async fn an_endpoint_for_this_service_goes_before_the_one_for_all() {
    let service = Service::answering(&[(200, r#"{"SecretString":"hunter2"}"#)]);
    let own = Variables(service.start().await);
    let aws = aws("http://127.0.0.1:1").into_builder().service_config(own).build();
    assert_eq!(&*read(&aws).await.unwrap().expose(), "hunter2");
}
