//! The command `topics` with a cluster that requires TLS and a login: SCRAM, and MSK IAM.

use std::path::Path;

use local_stack::{Workspace, build};
use serde_json::json;
use tokio::process::Command;

use crate::broker::{Broker, REGION, ROLE, SESSION, USER};

const TOPIC: &str = "signed.topic.made";

fn contract(folder: &Path) {
    let contract = json!({
        "$schema": "topic.schema.json", "owner": "tests", "description": "A test's own.", "kind": "facts",
        "producers": [{"service": "tests"}], "key": {"format": "none", "meaning": "None."}, "value": {"format": "json"},
        "person": [], "partitions": 1,
        "config": {"cleanup.policy": "delete", "retention.ms": 86_400_000, "max.message.bytes": 65536,
                   "message.timestamp.type": "CreateTime"}});
    std::fs::write(folder.join(format!("{TOPIC}.json")), contract.to_string()).unwrap();
}

/// Exit code and output of the command over TLS, with nothing of AWS from outside.
async fn topics(servers: &str, contracts: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let broker = Broker::running().await;
    let binary = build(&Workspace::find().unwrap(), &["topics"]).await.unwrap().remove(0);
    let mut command = Command::new(binary);
    command.args(arguments).args(["--bootstrap", servers, "--tls", "--ca-file"]).arg(&broker.authority_file);
    command.arg("--contracts").arg(contracts).kill_on_drop(true);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"] {
        command.env_remove(name);
    }
    let nothing = [("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", contracts.to_str().unwrap())];
    let output = command.envs(nothing).envs(variables.iter().copied()).output().await.unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

#[tokio::test]
async fn topics_signs_in_with_scram_and_with_a_role() {
    let broker = Broker::running().await;
    let folder = tempfile::tempdir().unwrap();
    let contracts = folder.path().join("topics");
    std::fs::create_dir(&contracts).unwrap();
    contract(&contracts);
    let iam = async |command: &[&str], key: &str, secret: &str, token: Option<&str>| {
        let arguments = [command, &["--auth", "msk-iam", "--region", REGION]].concat();
        let mut variables = vec![("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)];
        variables.extend(token.map(|token| ("AWS_SESSION_TOKEN", token)));
        topics(&broker.iam, &contracts, &arguments, &variables).await
    };
    let (code, output) = iam(&["plan"], ROLE.0, ROLE.1, None).await;
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("signed.topic.made: create it with 1 partitions"), "{output}");
    let (code, output) = iam(&["plan"], ROLE.0, "hunter2", None).await;
    assert_eq!(code, 69, "{output}");
    assert!(!output.contains("hunter2"), "{output}");
    let (code, output) = iam(&["apply", "--yes"], SESSION.0, SESSION.1, Some(SESSION.2)).await;
    assert_eq!(code, 0, "{output}");

    let nobody = ["plan", "--auth", "msk-iam", "--region", REGION];
    let (code, output) = topics(&broker.iam, &contracts, &nobody, &[]).await;
    assert_eq!((code, output.contains("there are no AWS credentials")), (78, true), "{output}");
    let scram = ["plan", "--auth", "scram-sha-512", "--username", USER.0];
    let (code, output) = topics(&broker.secure, &contracts, &scram, &[("KAFKA_PASSWORD", USER.1)]).await;
    assert_eq!((code, output.contains("1 topics: the cluster has")), (0, true), "{output}");
}
