//! `publish-profile-updates`, the real binary, with a Kafka that requires TLS and a password: the authority in a file, the
//! password in Secrets Manager, and both wrong or changed.

use std::sync::Arc;

use demo::{ProfileApi, profile_change};
use end_to_end::Scene;
use kafka_producer::testing::{EmptyTopic, record};
use kafka_producer::{KafkaConfig, KafkaProducer, Login, Producer, ScramMechanism, Security};
use local_stack::{Invocation, LambdaHost, Stack, Target, Workspace};
use serde_json::{Value, json};

use crate::broker::{Broker, USER, scram};
use crate::forwarder::Forwarder;
use crate::{function, peer};

const SECRET: &str = "AmazonMSK_profiles";

/// The function, one change in its feed, and a secret with user and password.
async fn scene(topic: &str, api: &ProfileApi, servers: &str, login: (&str, &str)) -> Scene {
    let broker = Broker::running().await;
    broker.topic(topic, 1).await;
    let mut stack = Stack::start(&Workspace::find().unwrap(), function::schemas(topic)).await.unwrap();
    for (name, value) in [
        ("PROFILE_API_URL", api.url()),
        ("PROFILE_API_TOKEN", demo::PROFILE_API_TOKEN),
        ("PROFILE_API_TIMEOUT_MS", "500"),
        ("PROFILE_LEASE_SKEW_MS", "0"),
        ("PROFILE_TOPIC", topic),
        ("PROFILE_CURSOR_TABLE", demo::PROFILE_CURSOR_TABLE),
        ("KAFKA_AUTH", "scram-sha-512"),
        ("KAFKA_CA_FILE", broker.authority_file.to_str().unwrap()),
        ("KAFKA_BOOTSTRAP_SERVERS", servers),
        ("KAFKA_DELIVERY_TIMEOUT_MS", "6000"),
    ] {
        stack.set(name, value);
    }
    let (username, password) = login;
    let text = json!({"username": username, "password": password}).to_string();
    let secret = json!({"Name": SECRET, "SecretString": text});
    let created = stack.aws.call("secretsmanager.CreateSecret", &secret).await.unwrap();
    stack.set("KAFKA_SECRET_ARN", created["ARN"].as_str().unwrap());
    Scene::on(stack, "publish-profile-updates", &[]).await.unwrap()
}

async fn one_change() -> ProfileApi {
    ProfileApi::start(vec![profile_change(1, "u-1", 1)]).await.unwrap()
}

async fn published(host: &LambdaHost) -> Value {
    match host.invoke("{}".into()).await {
        Invocation::Answered(answer) => serde_json::from_slice::<Value>(&answer).unwrap()["published"].clone(),
        other => panic!("{other:?}: {}", host.output()),
    }
}

async fn failure(host: &LambdaHost) -> Value {
    match host.invoke("{}".into()).await {
        Invocation::Failed(error) => serde_json::from_slice(&error).unwrap(),
        other => panic!("{other:?}: {}", host.output()),
    }
}

#[tokio::test]
async fn only_the_authority_in_the_file_is_trusted() {
    let broker = Broker::running().await;
    let (topic, api) = ("user.profile.secured", one_change().await);
    let scene = scene(topic, &api, &broker.secure, USER).await;
    let foreign = broker.foreign_authority_file.to_str().unwrap();
    let error = failure(&scene.another_host(&[("KAFKA_CA_FILE", foreign)]).await.unwrap()).await;
    assert_eq!(error["errorType"], "kafka_untrusted", "{error}");
    let said = error["errorMessage"].as_str().unwrap();
    assert!(said.contains(foreign) && said.contains("KAFKA_CA_FILE") && said.contains("must have signed"), "{said}");
    assert!(peer::read(&broker.direct, topic, None).await.is_empty());

    assert_eq!(published(&scene.host).await, 1);
    assert_eq!(peer::read(&broker.direct, topic, None).await.len(), 1);
}

#[tokio::test]
async fn an_unusable_authority_file_ends_the_function_and_is_named() {
    let broker = Broker::running().await;
    let api = one_change().await;
    let scene = scene("user.profile.unsecured", &api, &broker.secure, USER).await;
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (file, wrong) in [("/no/such/file.pem", "cannot be read"), (manifest, "holds no certificate")] {
        let host = scene.another_host(&[("KAFKA_CA_FILE", file)]).await.unwrap();
        let error = host.init().await.unwrap_err().to_string();
        assert!(error.contains(file) && error.contains("KAFKA_CA_FILE") && error.contains(wrong), "{error}");
    }
}

#[tokio::test]
async fn a_secret_without_a_login_is_named_and_not_shown() {
    let broker = Broker::running().await;
    let api = one_change().await;
    let scene = scene("user.profile.nobody", &api, &broker.secure, USER).await;
    let text = json!({"SecretId": SECRET, "SecretString": "hunter2"});
    scene.stack.aws.call("secretsmanager.PutSecretValue", &text).await.unwrap();
    let error = failure(&scene.host).await;
    assert_eq!(error["errorType"], "kafka_credentials_missing", "{error}");
    let said = error["errorMessage"].as_str().unwrap();
    assert!(said.contains(SECRET) && said.contains("username") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn a_rotated_password_is_picked_up_by_the_next_warm_invocation() {
    let broker = Broker::running().await;
    let (topic, api) = ("user.profile.rotated", one_change().await);
    let user = "rotating";
    set_password(broker, topic, user, "hunter2-first").await;
    let way = Forwarder::start(broker.secure_proxied).await;
    let servers = format!("127.0.0.1:{}", broker.secure_proxied.told);
    let scene = scene(topic, &api, &servers, (user, "hunter2-first")).await;
    assert_eq!(published(&scene.host).await, 1);

    set_password(broker, topic, user, "hunter2-second").await;
    let text = json!({"username": user, "password": "hunter2-second"}).to_string();
    let secret = json!({"SecretId": SECRET, "SecretString": text});
    scene.stack.aws.call("secretsmanager.PutSecretValue", &secret).await.unwrap();
    // A connection that is signed in stays open, so it has to be cut before the new password matters.
    way.cut();
    api.push(profile_change(2, "u-1", 2));
    assert_eq!(published(&scene.host).await, 1);
    assert_eq!(scene.stack.faults.calls("GetSecretValue"), 2, "it is read when it is needed, not for every run");
    let output = scene.host.output();
    assert!(!output.contains("hunter2"), "{output}");
    let ids: Vec<_> = peer::read(&broker.direct, topic, None).await.iter().map(|line| line.header("ce_id")).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 2, "{ids:?}");
}

/// The broker learns of a new password a moment later; until then it refuses it.
async fn set_password(broker: &Broker, topic: &str, user: &str, password: &str) {
    peer::run(&["password", &broker.direct, user, password]).await;
    let unknown = EmptyTopic { name: format!("{topic}.unknown"), partitions: 1 };
    for _ in 0..50 {
        let login = Login { user: user.to_owned(), password: password.to_owned() };
        let security = Security::Scram { mechanism: ScramMechanism::Sha512, logins: Arc::new(login) };
        let config = KafkaConfig { security, ..scram(broker, "") };
        let sent = vec![record(&unknown, None, Some(b"v"), Vec::new())];
        let error = KafkaProducer::new(config).send(sent).await.remove(0).unwrap_err();
        if event_runtime::Failure::code(&error) == "kafka_topic_missing" {
            return;
        }
    }
    panic!("the broker does not take the new password of {user}");
}
