//! Tests of runs over a queue in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod answers;
mod claims;
mod documents;
mod events;
mod gone;
mod reports;
mod runs;
mod stage;

/// The sample events of this function are requests.
#[test]
fn every_sample_event_is_a_request() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/samples/redrive-dead-letters");
    let samples: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(samples.len() > 5);
    for sample in samples {
        let request: crate::Request = serde_json::from_slice(&std::fs::read(&sample).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
        request.check().unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
    }
}
