//! Runs the command `topics` on contracts of a test's own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use local_stack::{Workspace, build};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::broker::Broker;

const WITHIN: Duration = Duration::from_secs(60);

/// A folder of contracts.
pub(crate) struct Contracts(TempDir);

impl Contracts {
    /// One contract for each name: three partitions, kept for a day.
    pub(crate) fn of(topics: &[&str]) -> Self {
        let contracts = Contracts(tempfile::tempdir().unwrap());
        std::fs::create_dir(contracts.folder()).unwrap();
        topics.iter().for_each(|topic| contracts.change(topic, |_| {}));
        contracts
    }

    /// Writes a contract again, with a change.
    pub(crate) fn change(&self, topic: &str, change: impl FnOnce(&mut Value)) {
        let mut contract = json!({
            "$schema": "topic.schema.json", "owner": "tests", "description": "A test's own.", "kind": "facts",
            "producers": [{"service": "tests"}], "key": {"format": "text", "meaning": "Any."}, "value": {"format": "json"},
            "person": [], "partitions": 3,
            "config": {"cleanup.policy": "delete", "retention.ms": 86_400_000, "max.message.bytes": 65536,
                       "message.timestamp.type": "CreateTime"}});
        change(&mut contract);
        std::fs::write(self.folder().join(format!("{topic}.json")), contract.to_string()).unwrap();
    }

    /// Writes a file beside the folder.
    pub(crate) fn beside(&self, name: &str, json: &Value) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, json.to_string()).unwrap();
        path
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().join("topics")
    }
}

/// How a run ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Ended with this code, and said all of these.
    pub(crate) fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        let said = format!("{}{}", self.out, self.error);
        let missing: Vec<_> = words.iter().filter(|words| !said.contains(**words)).collect();
        assert!(missing.is_empty(), "{missing:?}: {self:?}");
    }
}

/// The command on a cluster's listener without a login.
pub(crate) async fn topics(contracts: &Contracts, arguments: &[&str]) -> Ended {
    topics_at(&Broker::running().await.direct, contracts, arguments, &[]).await
}

/// The command on any address, with variables of its own.
pub(crate) async fn topics_at(
    servers: &str,
    contracts: &Contracts,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Ended {
    let mut command = command(servers, &contracts.folder(), arguments).await;
    command.envs(variables.iter().copied());
    let output = tokio::time::timeout(WITHIN, command.output()).await.unwrap().unwrap();
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    Ended { code: output.status.code().unwrap(), out, error }
}

pub(crate) async fn command(servers: &str, contracts: &Path, arguments: &[&str]) -> Command {
    static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
    let built = async || build(&Workspace::find().unwrap(), &["topics"]).await.unwrap().remove(0);
    let mut command = Command::new(BINARY.get_or_init(built).await);
    command.args(arguments).args(["--bootstrap", servers, "--contracts"]).arg(contracts);
    for name in ["KAFKA_USERNAME", "KAFKA_PASSWORD", "KAFKA_BOOTSTRAP_SERVERS", "AWS_REGION"] {
        command.env_remove(name);
    }
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}
