//! Secrets Manager as the source of secrets, against the emulator and through lost answers.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use environment::{Env, Secret, SecretError, secret};
use local_stack::{Action, Aws, Failpoint, FaultProxy, REGION, When, Workspace};
use secrets_manager::SecretsManager;
use serde_json::{Value, json};

async fn sdk(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        // The region of a secret is in its ARN.
        .region(Region::new("eu-north-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "conformance"))
        .load()
        .await
}

async fn emulator() -> (Aws, FaultProxy) {
    let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    (aws, proxy)
}

/// Its ARN.
async fn created(aws: &Aws, content: Value) -> String {
    let mut secret = json!({"Name": "registry"});
    secret.as_object_mut().unwrap().extend(content.as_object().unwrap().clone());
    let answer = aws.call("secretsmanager.CreateSecret", &secret).await.unwrap();
    answer["ARN"].as_str().unwrap().to_owned()
}

async fn read(proxy: &FaultProxy, address: &str) -> Result<Secret, SecretError> {
    let env = Env::from_pairs([("PASSWORD_SECRET_ARN", address)]);
    let secret = env.read(|env| env.required("PASSWORD", "", secret())).unwrap();
    let source = SecretsManager::new(&sdk(proxy.endpoint()).await).unwrap();
    match env.secrets().fill(Arc::new(source)).await {
        Ok(()) => Ok(secret),
        Err(errors) => Err(errors.iter().next().unwrap().clone()),
    }
}

#[tokio::test]
async fn a_secret_is_read_and_read_again_when_it_is_refused() {
    let (aws, proxy) = emulator().await;
    let arn = created(&aws, json!({"SecretString": r#"{"password": "first"}"#})).await;
    assert!(arn.contains(REGION), "{arn}");
    let secret = read(&proxy, &format!("{arn}#password")).await.unwrap();
    assert_eq!(&*secret.expose(), "first");

    let replaced = json!({"SecretId": arn, "SecretString": r#"{"password": "second"}"#});
    aws.call("secretsmanager.PutSecretValue", &replaced).await.unwrap();
    assert_eq!(&*secret.expose(), "first", "nobody has asked");
    assert!(secret.refused("first").await.unwrap());
    assert_eq!((&*secret.expose(), proxy.calls("GetSecretValue")), ("second", 2));
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let (aws, proxy) = emulator().await;
    let arn = created(&aws, json!({"SecretString": "hunter2"})).await;
    let lost = proxy.arm(Failpoint::new("lost", "GetSecretValue", When::After, Action::Drop).times(1));
    assert_eq!(&*read(&proxy, &arn).await.unwrap().expose(), "hunter2");
    assert_eq!((lost.hits(), proxy.calls("GetSecretValue")), (1, 2));
}

#[tokio::test]
async fn a_secret_that_is_missing_or_no_text_is_told_so() {
    let (aws, proxy) = emulator().await;
    let arn = created(&aws, json!({"SecretBinary": "aHVudGVyMg=="})).await;
    assert_eq!(read(&proxy, &arn).await.unwrap_err().code(), "secret_without_text");
    let missing = arn.replace("registry", "nothing");
    assert_eq!(read(&proxy, &missing).await.unwrap_err().code(), "secret_not_found");
}
