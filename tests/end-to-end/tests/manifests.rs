//! The manifests in the repository are what the functions' binaries declare.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use local_stack::{Workspace, stale_manifests};

#[tokio::test]
async fn every_manifest_is_what_its_function_declares() {
    let (functions, stale) = stale_manifests(&Workspace::find().unwrap()).await.unwrap();
    let stale: Vec<_> = stale.into_iter().map(|manifest| manifest.function).collect();
    assert!(functions > 3 && stale.is_empty(), "run `make manifests`: {stale:?} of {functions} functions have changed");
}
