//! `schemas diff` and `schemas register` against a registry.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use local_stack::{Registry, RegistryMode};
use recordings::RegisteredSchema;
use schema_registries::{ConfluentConfig, ConfluentRegistry};
use schema_registry::compatibility::Level;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

const ACCOUNTS: &str = "cdc.postgres.public.accounts-value";
const PROFILE: &str = "user.profile.updated-value";
const SAME: &str = "the registry has what the contracts say\n";

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events")
}

/// The contracts of two subjects, to be changed.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
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

    fn schemas(&self) -> PathBuf {
        self.0.path().join("schemas")
    }

    fn file(&self, version: u32) -> PathBuf {
        self.schemas().join(PROFILE).join(format!("v{version}.avsc"))
    }

    /// The profile's version with another text in it.
    fn write(&self, version: u32, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(1)).unwrap();
        assert!(text.contains(from), "v1 has no {from}");
        fs::write(self.file(version), text.replacen(from, to, 1)).unwrap();
    }

    async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
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
    async fn at(&self, registry: &Registry, arguments: &[&str]) -> (i32, String) {
        let (code, out, _) = self.run(&[arguments, &["--registry", registry.url()]].concat(), &[]).await;
        (code, out)
    }
}

async fn empty() -> Registry {
    Registry::start(BTreeMap::new()).await.unwrap()
}

/// Serves on a port of its own until the test's runtime ends; the address.
async fn serve(app: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

fn client(registry: &Registry) -> ConfluentRegistry {
    ConfluentRegistry::new(ConfluentConfig::new(registry.url())).unwrap()
}

#[tokio::test]
async fn register_lists_its_changes_makes_them_with_yes_and_is_then_done() {
    let (contracts, registry) = (Copy::new(), empty().await);
    let expected = format!(
        "cdc.postgres.public.accounts-key v1: not in the registry\n\
         cdc.postgres.public.accounts-key: the registry has no compatibility level for it, the contract's is FULL_TRANSITIVE\n\
         {ACCOUNTS} v1: not in the registry\n\
         {ACCOUNTS}: the registry has no compatibility level for it, the contract's is FULL_TRANSITIVE\n\
         {ACCOUNTS} v2: not in the registry\n\
         {ACCOUNTS} v3: not in the registry\n\
         {PROFILE} v1: not in the registry\n\
         {PROFILE}: the registry has no compatibility level for it, the contract's is FULL_TRANSITIVE\n"
    );
    assert_eq!(contracts.at(&registry, &["diff"]).await, (1, expected.clone()));
    let dry = format!("{expected}nothing was changed; `register --yes` does it, in this order\n");
    assert_eq!(contracts.at(&registry, &["register"]).await, (1, dry));
    assert!(client(&registry).subjects().await.unwrap().is_empty(), "a dry run changes nothing");

    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!((code, out.lines().count()), (0, 9), "{out}");
    assert!(out.contains(&format!("{ACCOUNTS} v3: registered, its id is 4\n")), "{out}");
    assert!(out.contains(&format!("{ACCOUNTS}: compatibility level set to FULL_TRANSITIVE\n")), "{out}");
    assert!(out.ends_with(SAME), "{out}");

    let client = client(&registry);
    assert_eq!(client.versions(ACCOUNTS).await.unwrap(), [1, 2, 3]);
    assert_eq!(client.level(Some(PROFILE)).await.unwrap(), Some(Level::FullTransitive));
    assert_eq!(contracts.at(&registry, &["diff"]).await, (0, SAME.to_owned()));
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await, (0, SAME.to_owned()));
    assert_eq!(client.versions(ACCOUNTS).await.unwrap(), [1, 2, 3], "a second run changes nothing");
}

#[tokio::test]
async fn only_missing_versions_and_levels_are_registered() {
    let (contracts, registry) = (Copy::new(), empty().await);
    contracts.at(&registry, &["register", "--yes"]).await;
    client(&registry).set_level(Some(ACCOUNTS), Level::Backward).await.unwrap();
    contracts.write(2, "Who made the change;", "The user who made the change;");
    let expected = format!(
        "{ACCOUNTS}: the registry's compatibility level is BACKWARD, the contract's FULL_TRANSITIVE\n\
         {PROFILE} v2: not in the registry\n"
    );
    assert_eq!(contracts.at(&registry, &["diff"]).await, (1, expected));
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!((code, out.lines().count()), (0, 3), "{out}");
    assert_eq!(contracts.at(&registry, &["diff"]).await, (0, SAME.to_owned()));
}

#[tokio::test]
async fn a_changed_version_is_reported_and_nothing_is_registered() {
    let (contracts, registry) = (Copy::new(), empty().await);
    contracts.at(&registry, &["register", "--yes"]).await;
    contracts.write(1, "Who made the change;", "The user who made the change;");
    let other = format!(
        "{PROFILE} v1: the registry's version 1 has other content\n  fields[3].doc: another string\n  \
         remedy:  registered versions stay: restore v1.avsc, and write the change as the next version\n"
    );
    assert_eq!(contracts.at(&registry, &["diff"]).await, (1, other.clone()));
    client(&registry).set_level(Some(ACCOUNTS), Level::Backward).await.unwrap();
    for arguments in [&["register"][..], &["register", "--yes"]] {
        let (code, out) = contracts.at(&registry, arguments).await;
        assert_eq!(code, 1, "{out}");
        assert!(out.contains(&other), "{out}");
        assert!(out.ends_with("nothing was changed: resolve the conflicts above first\n"), "{out}");
    }
    let client = client(&registry);
    assert_eq!(client.versions(PROFILE).await.unwrap(), [1]);
    assert_eq!(client.level(Some(ACCOUNTS)).await.unwrap(), Some(Level::Backward), "nor anything else");
}

#[tokio::test]
async fn a_version_without_a_file_is_reported_and_other_subjects_are_ignored() {
    let (contracts, registry) = (Copy::new(), empty().await);
    contracts.write(2, "Who made the change;", "The user who made the change;");
    contracts.at(&registry, &["register", "--yes"]).await;
    fs::remove_file(contracts.file(2)).unwrap();
    let (code, out) = contracts.at(&registry, &["diff"]).await;
    let expected = format!("{PROFILE}: no file contains the registry's version 2\n");
    assert_eq!((code, out.starts_with(&expected)), (1, true), "{out}");
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await.0, 1);

    for subject in [ACCOUNTS, PROFILE] {
        fs::remove_dir_all(contracts.schemas().join(subject)).unwrap();
    }
    assert_eq!(contracts.at(&registry, &["diff"]).await, (0, SAME.to_owned()));
}

#[tokio::test]
async fn another_form_of_the_same_schema_is_not_a_difference() {
    let contracts = Copy::new();
    let text = fs::read_to_string(contracts.file(1)).unwrap();
    let compact = serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string();
    let schema = RegisteredSchema { subject: PROFILE.into(), version: 1, schema: compact, references: Vec::new() };
    let registry = Registry::start(BTreeMap::from([(7, schema)])).await.unwrap();
    let (_, out) = contracts.at(&registry, &["diff"]).await;
    assert!(!out.contains(&format!("{PROFILE} v1")), "{out}");
}

#[tokio::test]
async fn content_that_the_registry_considers_equal_is_not_a_difference() {
    let contracts = Copy::new();
    for subject in [ACCOUNTS, "cdc.postgres.public.accounts-key"] {
        fs::remove_dir_all(contracts.schemas().join(subject)).unwrap();
    }
    // Confluent's writes a primitive type as its name alone, say, and knows the longer form again.
    let kept = json!({"subject": PROFILE, "version": 1, "id": 7, "schema": "\"string\""});
    let (version, found) = (Json(kept.clone()), Json(kept));
    let app = axum::Router::new()
        .route("/config/{subject}", get(async || Json(json!({"compatibilityLevel": "FULL_TRANSITIVE"}))))
        .route("/subjects/{subject}/versions", get(async || Json([1])))
        .route("/subjects/{subject}/versions/1", get(move || std::future::ready(version.clone())))
        .route("/subjects/{subject}", post(move || std::future::ready(found.clone())));
    let url = serve(app).await;
    let (code, out, problem) = contracts.run(&["diff", "--registry", &url], &[]).await;
    assert_eq!((code, out.as_str()), (0, SAME), "{problem}");
}

#[tokio::test]
async fn contracts_that_do_not_hold_are_not_registered() {
    let (contracts, registry) = (Copy::new(), empty().await);
    contracts.write(2, r#"{"name": "revision", "type": "long""#, r#"{"name": "revision", "type": "string""#);
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("user.profile.updated-value v2: it breaks the level FULL_TRANSITIVE"), "{out}");
    assert!(out.ends_with("the contracts do not hold (`schemas check`), so nothing was registered\n"), "{out}");
    assert_eq!(registry.requests(), 0);
}

#[tokio::test]
async fn a_refusal_is_shown_in_the_words_of_the_registry() {
    let (contracts, registry) = (Copy::new(), empty().await);
    registry.set_mode(RegistryMode::ReadOnly);
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!((code, out.lines().count()), (1, 2), "{out}");
    assert!(out.contains("accounts-key v1: not in the registry; refused: "), "{out}");
    assert!(
        out.contains("error code 42205: Subject is in read-only mode\nthe changes after it were not tried\n"),
        "{out}"
    );
}

#[tokio::test]
async fn a_registry_that_is_down_failing_or_closed_to_us_exits_with_3() {
    let contracts = Copy::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = format!("http://127.0.0.1:{port}");
    for command in ["diff", "register"] {
        let (code, out, problem) = contracts.run(&[command, "--registry", &down], &[]).await;
        assert_eq!((code, out.as_str()), (3, ""), "{problem}");
        assert!(problem.contains("the schema registry cannot be reached or is failing: "), "{problem}");
    }
    let registry = empty().await;
    for (status, expected) in [(503, "cannot be reached or is failing"), (401, "check its URL and credentials")] {
        registry.set_mode(RegistryMode::Failing(status));
        let (code, _, problem) = contracts.run(&["diff", "--registry", registry.url()], &[]).await;
        assert_eq!(code, 3, "{problem}");
        assert!(problem.contains(expected) && problem.contains(&format!("HTTP status {status}")), "{problem}");
    }
}

#[tokio::test]
async fn a_registry_that_is_not_configured_exits_with_2_and_repeats_no_secret() {
    let contracts = Copy::new();
    let (code, _, problem) = contracts.run(&["diff"], &[]).await;
    assert_eq!(code, 2, "{problem}");
    assert!(problem.contains("SCHEMA_REGISTRY_URL is not set"), "{problem}");
    let (code, _, problem) = contracts.run(&["diff", "--registry", "http://me:hunter2@localhost"], &[]).await;
    assert_eq!(code, 2, "{problem}");
    assert!(problem.contains("contains a user or password"), "{problem}");
    assert!(!problem.contains("hunter2"), "{problem}");
    let glue = [("SCHEMA_REGISTRY_KIND", "glue"), ("SCHEMA_FRAME", "glue")];
    let (code, _, problem) = contracts.run(&["diff"], &glue).await;
    assert_eq!(code, 2, "{problem}");
    assert!(problem.contains("AWS Glue has no subjects"), "{problem}");
}

#[tokio::test]
async fn address_and_credentials_come_from_the_environment() {
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let app = axum::Router::new().fallback(move |headers: HeaderMap| {
        let sent = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        sender.send(sent).unwrap();
        async { StatusCode::UNAUTHORIZED }
    });
    let url = serve(app).await;
    let contracts = Copy::new();
    let url = ("SCHEMA_REGISTRY_URL", url.as_str());
    for (variables, expected) in [
        (&[][..], None),
        (&[("SCHEMA_REGISTRY_TOKEN", "t0ken")], Some("Bearer t0ken")),
        (&[("SCHEMA_REGISTRY_USER", "me"), ("SCHEMA_REGISTRY_PASSWORD", "pw")], Some("Basic bWU6cHc=")),
    ] {
        let (code, _, problem) = contracts.run(&["diff"], &[&[url], variables].concat()).await;
        assert_eq!(code, 3, "{problem}");
        assert_eq!(seen.recv().await.unwrap().as_deref(), expected);
    }
}
