//! `schemas register`: what it lists, changes and refuses to change.

use local_stack::RegistryMode;
use schema_registry::compatibility::Level;

use crate::copy::{ACCOUNTS, Copy, PROFILE, SAME, client, empty};

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
    let diff = format!("{expected}8 changes, all compatible: `schemas register --yes` makes them\n");
    assert_eq!(contracts.at(&registry, &["diff"]).await, (1, diff));
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
    let diff = format!("{expected}2 changes, all compatible: `schemas register --yes` makes them\n");
    assert_eq!(contracts.at(&registry, &["diff"]).await, (1, diff));
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!((code, out.lines().count()), (0, 3), "{out}");
    assert_eq!(contracts.at(&registry, &["diff"]).await, (0, SAME.to_owned()));
}

#[tokio::test]
async fn contracts_that_do_not_hold_are_not_registered() {
    let (contracts, registry) = (Copy::new(), empty().await);
    contracts.write(2, r#"{"name": "revision", "type": "long""#, r#"{"name": "revision", "type": "string""#);
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!(code, 65, "{out}");
    assert!(out.contains("user.profile.updated-value v2: it breaks the level FULL_TRANSITIVE"), "{out}");
    assert!(out.ends_with("the contracts do not hold (`schemas check`), so nothing was registered\n"), "{out}");
    assert_eq!(registry.requests(), 0);
}

#[tokio::test]
async fn a_refusal_is_shown_in_the_words_of_the_registry() {
    let (contracts, registry) = (Copy::new(), empty().await);
    registry.set_mode(RegistryMode::ReadOnly);
    let (code, out) = contracts.at(&registry, &["register", "--yes"]).await;
    assert_eq!((code, out.lines().count()), (3, 2), "{out}");
    assert!(out.contains("accounts-key v1: not in the registry; refused: "), "{out}");
    assert!(
        out.contains("error code 42205: Subject is in read-only mode\nthe changes after it were not tried\n"),
        "{out}"
    );
}
