//! The API's token in Secrets Manager, and its rotation while the function is warm.

use demo::profile_change;
use local_stack::{Invocation, Target};
use serde_json::{Value, json};

use crate::stage::{SECRET, Stage};

async fn warm_with_a_secret() -> Stage {
    let text = format!("{}\n", demo::PROFILE_API_TOKEN);
    let stage = Stage::with_secret(vec![profile_change(1, "u-1", 1)], Some(&text)).await;
    assert_eq!(stage.run().await["published"], 1);
    stage
}

fn reads(stage: &Stage) -> usize {
    stage.scene.stack.faults.calls("GetSecretValue")
}

#[tokio::test]
async fn a_rotated_token_is_picked_up_by_the_next_warm_invocation() {
    let stage = warm_with_a_secret().await;
    stage.api.push(profile_change(2, "u-1", 2));
    assert_eq!(
        (stage.run().await["published"].clone(), reads(&stage)),
        (json!(1), 1),
        "the secret is read once as long as the token works"
    );

    stage.api.rotate_token("rotated-hunter2");
    let rotated = json!({"SecretId": SECRET, "SecretString": "rotated-hunter2"});
    stage.scene.stack.aws.call("secretsmanager.PutSecretValue", &rotated).await.unwrap();
    stage.api.push(profile_change(3, "u-1", 3));
    assert_eq!((stage.run().await["published"].clone(), reads(&stage)), (json!(1), 2));
    let statuses: Vec<_> = stage.api.requests().iter().map(|request| request.status).collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 401).count(),
        1,
        "the API refuses one request: {statuses:?}"
    );
    let output = stage.scene.host.output();
    assert!(!output.contains("hunter2") && !output.contains(demo::PROFILE_API_TOKEN), "{output}");
}

#[tokio::test]
async fn a_refused_token_is_read_once_more_and_then_fails_the_run() {
    let stage = warm_with_a_secret().await;
    stage.api.rotate_token("known-to-nobody");
    let Invocation::Failed(error) = stage.scene.host.invoke("{}".into()).await else { panic!("it has to fail") };
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!((&error["errorType"], reads(&stage)), (&json!("profile_api_denied"), 2), "{error}");
}

#[tokio::test]
async fn a_missing_secret_ends_the_function_before_its_first_run_and_is_named() {
    let stage = Stage::with_secret(vec![profile_change(1, "u-1", 1)], None).await;
    let error = stage.scene.host.init().await.unwrap_err().to_string();
    assert!(error.contains("no-such-secret") && error.contains("does not exist"), "{error}");
    assert!(stage.api.requests().is_empty());
}
