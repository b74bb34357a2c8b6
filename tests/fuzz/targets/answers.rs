//! Responses of a registry and its token endpoint, and snapshots of responses with their rules.
#![no_main]

use std::time::Duration;

use schema_registries::{Snapshot, token_lifetime};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some(lifetime) = token_lifetime(input) {
        assert!(lifetime <= Duration::from_secs(86_400));
    }
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(snapshot) = Snapshot::parse(text)
    {
        assert!(snapshot.len() <= input.len());
    }
});
