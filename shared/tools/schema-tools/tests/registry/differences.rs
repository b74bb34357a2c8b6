//! What counts as a difference between contracts and registry.

use std::collections::BTreeMap;
use std::fs;

use axum::Json;
use axum::routing::{get, post};
use local_stack::Registry;
use recordings::RegisteredSchema;
use schema_registry::compatibility::Level;
use serde_json::json;

use crate::copy::{ACCOUNTS, Copy, PROFILE, SAME, client, empty, serve};

#[tokio::test]
async fn a_changed_version_is_reported_and_nothing_is_registered() {
    let (contracts, registry) = (Copy::new(), empty().await);
    contracts.at(&registry, &["register", "--yes"]).await;
    contracts.write(1, "Who made the change;", "The user who made the change;");
    let other = format!(
        "{PROFILE} v1: the registry's version 1 has other content\n  fields[3].doc: another string\n  \
         remedy:  registered versions stay: restore v1.avsc, and write the change as the next version\n"
    );
    let stops = "`schemas register` would change nothing: resolve what is refused above first\n";
    assert_eq!(contracts.at(&registry, &["diff"]).await, (3, format!("{other}{stops}")));
    client(&registry).set_level(Some(ACCOUNTS), Level::Backward).await.unwrap();
    for arguments in [&["register"][..], &["register", "--yes"]] {
        let (code, out) = contracts.at(&registry, arguments).await;
        assert_eq!(code, 3, "{out}");
        assert!(out.contains(&other), "{out}");
        assert!(out.ends_with("nothing was changed: resolve what is refused above first\n"), "{out}");
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
    assert_eq!((code, out.starts_with(&expected)), (3, true), "{out}");
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await.0, 3);

    contracts.forget("user.profile.updated");
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
    contracts.forget("cdc.postgres.public.accounts");
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
