//! The API's token in Secrets Manager, and its rotation while the function is warm.

use demo::profile_change;
use local_stack::{Invocation, Target};
use serde_json::{Value, json};

use crate::stage::Stage;

const SECRET: &str = "profile-api-token";

async fn warm_with_a_secret() -> Stage {
    let stage =
        Stage::set(vec![profile_change(1, "u-1", 1)], &[("PROFILE_API_TOKEN", ""), ("PROFILE_API_SECRET_ARN", SECRET)])
            .await;
    let secret = json!({"Name": SECRET, "SecretString": format!("{}\n", demo::PROFILE_API_TOKEN)});
    stage.scene.stack.aws.call("secretsmanager.CreateSecret", &secret).await.unwrap();
    assert_eq!(stage.run().await["published"], 1);
    stage
}

fn reads(stage: &Stage) -> usize {
    stage.scene.stack.faults.calls("GetSecretValue")
}

#[tokio::test]
async fn a_token_rotated_between_two_warm_invocations_is_picked_up_by_the_second() {
    let stage = warm_with_a_secret().await;
    stage.api.push(profile_change(2, "u-1", 2));
    assert_eq!(
        (stage.run().await["published"].clone(), reads(&stage)),
        (json!(1), 1),
        "it is read once while it works"
    );

    stage.api.rotate_token("rotated-hunter2");
    let rotated = json!({"SecretId": SECRET, "SecretString": "rotated-hunter2"});
    stage.scene.stack.aws.call("secretsmanager.PutSecretValue", &rotated).await.unwrap();
    stage.api.push(profile_change(3, "u-1", 3));
    assert_eq!((stage.run().await["published"].clone(), reads(&stage)), (json!(1), 2));
    let statuses: Vec<_> = stage.api.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 1, "one refusal, no more: {statuses:?}");
    let output = stage.scene.host.output();
    assert!(!output.contains("hunter2") && !output.contains(demo::PROFILE_API_TOKEN), "{output}");
}

#[tokio::test]
async fn a_token_that_stays_refused_fails_the_run_after_one_more_look_at_the_secret() {
    let stage = warm_with_a_secret().await;
    stage.api.rotate_token("known-to-nobody");
    let Invocation::Failed(error) = stage.scene.host.invoke("{}".into()).await else { panic!("it has to fail") };
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!((&error["errorType"], reads(&stage)), (&json!("profile_api_denied"), 2), "{error}");
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named() {
    let stage = Stage::set(
        vec![profile_change(1, "u-1", 1)],
        &[("PROFILE_API_TOKEN", ""), ("PROFILE_API_SECRET_ARN", "no-such-secret")],
    )
    .await;
    let Invocation::Failed(error) = stage.scene.host.invoke("{}".into()).await else { panic!("it has to fail") };
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!(error["errorType"], "secret_unavailable", "{error}");
    assert!(error["errorMessage"].as_str().unwrap().contains("no-such-secret"), "{error}");
}
