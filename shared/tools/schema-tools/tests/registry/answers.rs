//! What `schemas diff` answers before a deployment: an exit code for each answer, and JSON for scripts.

use std::fs;
use std::net::TcpListener;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use local_stack::{Registry, RegistryMode};
use schema_registry::compatibility::Level;
use serde_json::{Value, json};

use crate::copy::{ACCOUNTS, Copy, PROFILE, client, empty, serve};

const REVISION: &str = r#"{"name": "revision", "type": "long""#;
/// Readers of a long read an int, and not the other way round.
const NARROWED: &str = r#"{"name": "revision", "type": "int""#;

/// A registry that has what the contracts say.
async fn registered(contracts: &Copy) -> Registry {
    let registry = empty().await;
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await.0, 0);
    registry
}

/// The exit code, and the JSON, which names the same code.
async fn answer(contracts: &Copy, url: &str) -> (i32, Value) {
    let (code, out, problem) = contracts.run(&["diff", "--json", "--registry", url], &[]).await;
    assert_eq!(out.lines().count(), 1, "{out}{problem}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["exit_code"], code, "{answer}");
    (code, answer)
}

/// A subject's level in the contracts.
fn set_level(contracts: &Copy, level: &str) {
    let manifest = contracts.schemas().join(PROFILE).join("subject.json");
    let text = fs::read_to_string(&manifest).unwrap();
    assert!(text.contains("FULL_TRANSITIVE"));
    fs::write(manifest, text.replacen("FULL_TRANSITIVE", level, 1)).unwrap();
}

#[tokio::test]
async fn a_registry_with_everything_is_equal() {
    let contracts = Copy::new();
    let registry = registered(&contracts).await;
    let (code, answer) = answer(&contracts, registry.url()).await;
    let nothing = json!([]);
    assert_eq!((code, &answer["answer"]), (0, &json!("equal")));
    for list in ["changes", "conflicts", "refusals", "findings"] {
        assert_eq!(answer[list], nothing, "{list}");
    }
}

#[tokio::test]
async fn a_version_that_both_levels_allow_is_compatible() {
    let contracts = Copy::new();
    let registry = registered(&contracts).await;
    client(&registry).set_level(Some(ACCOUNTS), Level::Backward).await.unwrap();
    contracts.write(2, "Who made the change;", "The user who made the change;");
    let (code, answer) = answer(&contracts, registry.url()).await;
    let changes = json!([
        {"change": "set_level", "subject": ACCOUNTS, "from": "BACKWARD", "to": "FULL_TRANSITIVE"},
        {"change": "register", "subject": PROFILE, "version": 2, "compatible": true},
    ]);
    assert_eq!((code, &answer["answer"], &answer["changes"]), (1, &json!("compatible"), &changes));
    assert_eq!(client(&registry).versions(PROFILE).await.unwrap(), [1], "nothing is changed");
}

#[tokio::test]
async fn a_version_that_breaks_the_level_is_refused_by_contract_and_registry() {
    let contracts = Copy::new();
    let registry = registered(&contracts).await;
    contracts.write(2, REVISION, r#"{"name": "revision", "type": "string""#);
    let (code, answer) = answer(&contracts, registry.url()).await;
    assert_eq!((code, &answer["answer"]), (3, &json!("refused")));
    assert_eq!(answer["changes"][0]["compatible"], false);
    let who: Vec<_> = answer["refusals"].as_array().unwrap().iter().map(|refusal| &refusal["refused_by"]).collect();
    assert_eq!(who, ["contract", "registry"]);
    let (_, out) = contracts.at(&registry, &["diff"]).await;
    assert!(out.contains(&format!("{PROFILE} v2: it breaks the contract's level FULL_TRANSITIVE\n")), "{out}");
    assert!(out.contains("at `revision`: string cannot be read as long"), "{out}");
    assert!(out.contains(&format!("{PROFILE} v2: the registry refuses it at its level FULL_TRANSITIVE\n")), "{out}");
}

#[tokio::test]
async fn a_contract_that_loosens_its_level_is_held_to_the_registrys() {
    let contracts = Copy::new();
    let registry = registered(&contracts).await;
    set_level(&contracts, "FORWARD");
    contracts.write(2, REVISION, NARROWED);
    let (code, answer) = answer(&contracts, registry.url()).await;
    assert_eq!((code, answer["refusals"].as_array().unwrap().len()), (3, 1), "{answer}");
    let refusal = &answer["refusals"][0];
    assert_eq!((&refusal["refused_by"], &refusal["level"]), (&json!("registry"), &json!("FULL_TRANSITIVE")));
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("if the level is to change, register the new level first, without this version"), "{out}");
    assert_eq!(client(&registry).level(Some(PROFILE)).await.unwrap(), Some(Level::FullTransitive), "nothing changed");

    // The remedy: the level alone, then the version.
    let version = fs::read(contracts.file(2)).unwrap();
    fs::remove_file(contracts.file(2)).unwrap();
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await.0, 0);
    fs::write(contracts.file(2), version).unwrap();
    assert_eq!(contracts.at(&registry, &["diff"]).await.0, 1);
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await.0, 0);
}

/// A registry that has version 1 of the profile and a level for all subjects, and gives one verdict.
async fn strict(contracts: &Copy, level: &str, verdict: Value) -> String {
    contracts.forget("cdc.postgres.public.accounts");
    let schema = fs::read_to_string(contracts.file(1)).unwrap();
    let first = json!({"subject": PROFILE, "version": 1, "id": 7, "schema": schema});
    let level = json!({"compatibilityLevel": level});
    let none = (StatusCode::NOT_FOUND, Json(json!({"error_code": 40408, "message": "no level of its own"})));
    let app = Router::new()
        .route("/config/{subject}", get(move || std::future::ready(none.clone())))
        .route("/config", get(move || std::future::ready(Json(level.clone()))))
        .route("/subjects/{subject}/versions", get(async || Json([1])))
        .route("/subjects/{subject}/versions/1", get(move || std::future::ready(Json(first.clone()))))
        .route("/compatibility/subjects/{subject}/versions/1", post(move || std::future::ready(Json(verdict.clone()))));
    serve(app).await
}

#[tokio::test]
async fn the_registrys_own_verdict_counts_where_ours_allows_a_version() {
    for (level, asked) in [("FULL", 1), ("FULL_TRANSITIVE", 2)] {
        let contracts = Copy::new();
        contracts.write(2, "Who made the change;", "The user who made the change;");
        contracts.write(3, "Who made the change;", "The person who made the change;");
        let verdict = json!({"is_compatible": false, "messages": ["a rule of this registry"]});
        let url = strict(&contracts, level, verdict).await;
        let (code, answer) = answer(&contracts, &url).await;
        assert_eq!(code, 3, "{answer}");
        let refusals = answer["refusals"].as_array().unwrap();
        // Where only the latest version counts, the registry cannot be asked about version 3 before it has version 2.
        assert_eq!(refusals.len(), asked, "{answer}");
        let expected = json!({"subject": PROFILE, "version": 2, "refused_by": "registry", "level": level,
            "reasons": ["a rule of this registry"]});
        assert_eq!(refusals[0], expected);
    }
}

#[tokio::test]
async fn a_conflict_is_refused_and_named_in_json() {
    let contracts = Copy::new();
    let registry = registered(&contracts).await;
    contracts.write(1, "Who made the change;", "The user who made the change;");
    let (code, answer) = answer(&contracts, registry.url()).await;
    let conflicts = json!([{"conflict": "other_content", "subject": PROFILE, "version": 1, "registered": 1,
        "places": ["fields[3].doc: another string"]}]);
    assert_eq!((code, &answer["conflicts"]), (3, &conflicts));
}

#[tokio::test]
async fn contracts_that_do_not_hold_or_cannot_be_read_exit_with_65() {
    let contracts = Copy::new();
    let registry = registered(&contracts).await;
    contracts.write(2, r#", "doc": "Whose profile. Also the record's key, as plain UTF-8.""#, "");
    let (code, found) = answer(&contracts, registry.url()).await;
    assert_eq!((code, &found["answer"]), (65, &json!("bad_contracts")));
    assert_eq!((&found["findings"][0]["of"], &found["findings"][0]["version"]), (&json!(PROFILE), &json!(2)));
    let (_, out) = contracts.at(&registry, &["diff"]).await;
    assert!(out.contains(&format!("{PROFILE} v2: `user_id` has no description")), "{out}");

    fs::write(contracts.file(2), "{").unwrap();
    let (code, found) = answer(&contracts, registry.url()).await;
    assert_eq!((code, &found["answer"]), (65, &json!("bad_contracts")));
    assert!(found["problem"].as_str().unwrap().contains("v2.avsc: EOF"), "{found}");
    assert_eq!(contracts.at(&registry, &["register", "--yes"]).await.0, 65);
}

#[tokio::test]
async fn where_there_is_no_answer_the_json_says_why() {
    let contracts = Copy::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, found) = answer(&contracts, &format!("http://127.0.0.1:{port}")).await;
    assert_eq!((code, &found["answer"]), (69, &json!("unavailable")));
    assert!(found["problem"].as_str().unwrap().contains("cannot be reached"), "{found}");
    // Something answers, and it is not a registry.
    let url = serve(Router::new().fallback(async || "<html>")).await;
    assert_eq!(answer(&contracts, &url).await.0, 69);

    let (code, found) = answer(&contracts, "http://me:hunter2@localhost").await;
    assert_eq!((code, &found["answer"]), (78, &json!("not_configured")));
    assert!(!found.to_string().contains("hunter2"), "{found}");

    let registry = empty().await;
    registry.set_mode(RegistryMode::Failing(503));
    assert_eq!(answer(&contracts, registry.url()).await.0, 69);
    let (code, out, problem) = contracts.run(&["diff", "--jsn"], &[]).await;
    assert_eq!((code, out.as_str()), (2, ""), "{problem}");
}
