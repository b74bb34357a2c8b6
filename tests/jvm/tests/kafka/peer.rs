//! Runs Kafka's own clients, through `tests/jvm/kafka/Peer.java`.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use jvm_peers::{class_path, jars};
use kafka_producer::testing::{ReadBack, Written};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

/// Runs `Peer` and returns its output.
pub(crate) async fn run(arguments: &[&str]) -> String {
    let class_path = [jars("kafka").unwrap(), jars("avro").unwrap()].map(|jars| class_path(&jars)).join(":");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/Peer.java");
    let mut java = Command::new("java");
    let done = java.args(["-cp", &class_path]).arg(source).args(arguments).output().await.unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Signs in with AWS's own plug-in; returns "connected", or the broker's error.
pub(crate) async fn iam(bootstrap: &str, authority: &Path, region: &str, identity: &[&str]) -> Result<String, String> {
    let class_path = [jars("kafka").unwrap(), jars("msk-iam").unwrap()].map(|jars| class_path(&jars)).join(":");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("msk-iam/MskIamClient.java");
    let mut java = Command::new("java");
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    java.envs(names.into_iter().zip(identity)).env("AWS_REGION", region);
    let done = java.args(["-cp", &class_path]).arg(source).arg(bootstrap).arg(authority).output().await.unwrap();
    match done.status.success() {
        true => Ok(String::from_utf8(done.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    }
}

/// A record, as Java's consumer reads it.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    /// Its partition.
    pub(crate) partition: i32,
    /// Its offset.
    pub(crate) offset: i64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<(String, String)>,
    /// The value, decoded by Java's Avro.
    #[serde(default)]
    pub(crate) decoded: Value,
}

impl Line {
    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| decode(value)).unwrap();
        String::from_utf8(value.to_vec()).unwrap()
    }

    /// The key as text.
    pub(crate) fn key(&self) -> String {
        String::from_utf8(decode(self.key.as_ref().unwrap()).to_vec()).unwrap()
    }

    /// The bytes of the value.
    pub(crate) fn value(&self) -> Bytes {
        decode(self.value.as_ref().unwrap())
    }
}

/// All records of a topic.
pub(crate) async fn read(bootstrap: &str, topic: &str, schema: Option<&Path>) -> Vec<Line> {
    let schema = schema.map(|path| path.to_str().unwrap());
    let arguments: Vec<_> = ["read", bootstrap, topic].into_iter().chain(schema).collect();
    run(&arguments).await.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The partitions in which Java's producer writes a record of each key.
pub(crate) async fn place(bootstrap: &str, topic: &str, keys: &[String]) -> BTreeMap<String, i32> {
    let arguments: Vec<_> = ["place", bootstrap, topic].into_iter().chain(keys.iter().map(String::as_str)).collect();
    serde_json::from_str(&run(&arguments).await).unwrap()
}

/// Sends a record of this time with Java's producer, and waits until the broker has deleted it because of its age.
pub(crate) async fn expire(bootstrap: &str, topic: &str, timestamp: i64) {
    run(&["expire", bootstrap, topic, &timestamp.to_string()]).await;
}

/// Reads topics for the contract of producers.
pub(crate) struct Consumer<'a>(pub(crate) &'a str);

impl ReadBack for Consumer<'_> {
    fn read<'a>(&'a self, topic: &'a str) -> std::pin::Pin<Box<dyn Future<Output = Vec<Written>> + Send + 'a>> {
        Box::pin(async move {
            let mut found: Vec<_> = read(self.0, topic, None).await.into_iter().map(written).collect();
            found.sort_by_key(|written| (written.partition, written.offset));
            found
        })
    }
}

fn written(line: Line) -> Written {
    Written {
        partition: line.partition,
        offset: line.offset,
        timestamp: line.timestamp,
        key: line.key.as_ref().map(decode),
        value: line.value.as_ref().map(decode),
        headers: line.headers.iter().map(|(name, value)| (name.clone(), decode(value))).collect(),
    }
}

fn decode(text: impl AsRef<str>) -> Bytes {
    Bytes::from(base64_simd::STANDARD.decode_to_vec(text.as_ref()).unwrap())
}
