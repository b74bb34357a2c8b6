//! All missing and bad variables are reported together, before the first event.

use end_to_end::Scene;

use crate::FUNCTION;

#[tokio::test]
async fn every_bad_variable_is_named_before_the_first_event() {
    let bad = [
        ("CLAIMS_TABLE", ""),
        ("DEAD_LETTER_QUEUE_URL", "not a url"),
        ("SCHEMA_REGISTRY_URL", "not a url"),
        ("EMAIL_MODE", "loud"),
        ("EMAIL_SENDER", "nobody"),
        ("EMAIL_RATE_PER_SECOND", "many"),
        ("EMAIL_SENDING", "maybe"),
        ("START_TIME", "yesterday"),
        ("EFFECT_TIMEOUT_MS", "-1"),
        ("CLAIM_SKEW_MS", "0"),
        ("PARTIAL_BATCH_RESPONSE", "yes"),
        ("DRAIN_PARTITIONS", "accounts"),
    ];
    let scene = Scene::start(FUNCTION, &bad).await.unwrap();
    let error = scene.host.init().await.unwrap_err().to_string();
    for (name, _) in bad {
        assert!(error.contains(name), "{name} is not named: {error}");
    }
    assert!(error.contains("exit status: 78"), "{error}");
}

#[tokio::test]
async fn every_missing_variable_is_named_at_once() {
    let required =
        ["CLAIMS_TABLE", "DEAD_LETTER_QUEUE_URL", "SCHEMA_REGISTRY_URL", "EMAIL_MODE", "EMAIL_SENDER"].map(|n| (n, ""));
    let scene = Scene::start(FUNCTION, &required).await.unwrap();
    let error = scene.host.init().await.unwrap_err().to_string();
    for (name, _) in required {
        assert!(error.contains(name), "{name} is not named: {error}");
    }
}

#[tokio::test]
async fn the_mode_allowlist_needs_an_allowlist() {
    let scene = Scene::start(FUNCTION, &[("EMAIL_MODE", "allowlist")]).await.unwrap();
    let error = scene.host.init().await.unwrap_err().to_string();
    assert!(error.contains("EMAIL_ALLOWLIST"), "{error}");
}
