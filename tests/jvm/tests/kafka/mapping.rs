//! The command `event-source-mapping` with a cluster that requires TLS and a password.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::post;
use local_stack::{Workspace, build};
use tokio::process::Command;

use crate::broker::{Broker, USER};
use crate::peer;

/// Runs a mapping of the topic until it is finished: its exit code and its output.
async fn mapped(binary: &PathBuf, topic: &str, password: &str, url: &str) -> (i32, String) {
    let broker = Broker::running().await;
    let mut command = Command::new(binary);
    command.args(["run", "--function", "hello", "--topic", topic, "--until-caught-up", "--invoke-url", url]);
    command.args(["--bootstrap-servers", &broker.secure, "--tls", "--ca-file"]).arg(&broker.authority_file);
    command.args(["--set", "StartingPosition=TRIM_HORIZON"]);
    command.args(["--set", r#"SourceAccessConfigurations=[{"Type":"SASL_SCRAM_512_AUTH","URI":"a secret"}]"#]);
    let login = [("KAFKA_USERNAME", USER.0), ("KAFKA_PASSWORD", password), ("NO_PROXY", "127.0.0.1")];
    let output = command.envs(login).kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text)
}

#[tokio::test]
async fn a_mapping_signs_in_with_scram_over_tls() {
    let broker = Broker::running().await;
    let binary = build(&Workspace::find().unwrap(), &["event-source-mapping"]).await.unwrap().remove(0);
    let topic = "mapping.secured";
    broker.topic(topic, 1).await;
    peer::place(&broker.direct, topic, &["a".to_owned(), "b".to_owned(), "c".to_owned()]).await;
    let invocations = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&invocations);
    let function = post(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready("null")
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/2015-03-31/functions/hello/invocations", function);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let (code, output) = mapped(&binary, topic, "not the password", &url).await;
    assert_eq!((code, output.lines().count()), (69, 1), "{output}");
    assert!(output.contains("SASL") && !output.contains("not the password"), "{output}");
    assert_eq!(invocations.load(Ordering::SeqCst), 0);

    let (code, output) = mapped(&binary, topic, USER.1, &url).await;
    assert_eq!((code, invocations.load(Ordering::SeqCst)), (0, 1), "{output}");
    assert!(output.contains("hello: 3 records, mapping.secured-0 0..2: returned ("), "{output}");
}
