//! What a registry and its token endpoint answer, and snapshots of such answers with their rules.
#![no_main]

use std::time::Duration;

use schema_registry::{Snapshot, testing::token_life};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some(life) = token_life(input) {
        assert!(life <= Duration::from_secs(86_400));
    }
    if let Ok(text) = std::str::from_utf8(input)
        && let Ok(snapshot) = Snapshot::parse(text)
    {
        assert!(snapshot.len() <= input.len());
    }
});
