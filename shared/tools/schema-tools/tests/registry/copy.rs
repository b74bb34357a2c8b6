//! Contracts to change, a registry, and the command that compares both.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use local_stack::Registry;
use schema_registries::{ConfluentConfig, ConfluentRegistry};
use tempfile::TempDir;
use tokio::process::Command;

pub(crate) const ACCOUNTS: &str = "cdc.postgres.public.accounts-value";
pub(crate) const PROFILE: &str = "user.profile.updated-value";
pub(crate) const SAME: &str = "the registry has what the contracts say\n";

pub(crate) fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events")
}

/// The contracts of two subjects, to be changed.
pub(crate) struct Copy(TempDir);

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for subject in [ACCOUNTS, "cdc.postgres.public.accounts-key", PROFILE] {
            let to = folder.path().join("schemas").join(subject);
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(events().join("schemas").join(subject)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
        fs::create_dir_all(folder.path().join("topics")).unwrap();
        for topic in [ACCOUNTS, PROFILE] {
            let contract = format!("topics/{}.json", topic.strip_suffix("-value").unwrap());
            fs::copy(events().join(&contract), folder.path().join(&contract)).unwrap();
        }
        let connector_fields = "schemas/connector-fields.json";
        fs::copy(events().join(connector_fields), folder.path().join(connector_fields)).unwrap();
        std::os::unix::fs::symlink(events().join("recorded"), folder.path().join("recorded")).unwrap();
        Self(folder)
    }

    pub(crate) fn schemas(&self) -> PathBuf {
        self.0.path().join("schemas")
    }

    pub(crate) fn file(&self, version: u32) -> PathBuf {
        self.schemas().join(PROFILE).join(format!("v{version}.avsc"))
    }

    /// The profile's version with another text in it.
    pub(crate) fn write(&self, version: u32, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(1)).unwrap();
        assert!(text.contains(from), "v1 has no {from}");
        fs::write(self.file(version), text.replacen(from, to, 1)).unwrap();
    }

    /// Removes a topic's contract and its subjects.
    pub(crate) fn forget(&self, topic: &str) {
        fs::remove_file(self.0.path().join(format!("topics/{topic}.json"))).unwrap();
        for entry in fs::read_dir(self.schemas()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_str().unwrap().strip_prefix(topic).is_some_and(|rest| rest.starts_with('-')) {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
    }

    pub(crate) async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_schemas"))
            .args(arguments)
            .arg("--schemas")
            .arg(self.schemas())
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Exit code and standard output, with this registry.
    pub(crate) async fn at(&self, registry: &Registry, arguments: &[&str]) -> (i32, String) {
        let (code, out, _) = self.run(&[arguments, &["--registry", registry.url()]].concat(), &[]).await;
        (code, out)
    }
}

pub(crate) async fn empty() -> Registry {
    Registry::start(BTreeMap::new()).await.unwrap()
}

/// Serves on a port of its own until the test's runtime ends; the address.
pub(crate) async fn serve(app: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

pub(crate) fn client(registry: &Registry) -> ConfluentRegistry {
    ConfluentRegistry::new(ConfluentConfig::new(registry.url())).unwrap()
}
