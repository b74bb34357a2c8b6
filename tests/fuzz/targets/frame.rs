//! Frames of every format, with and without clues.
#![no_main]

use schema_registry::{Clues, FrameFormat, split};

libfuzzer_sys::fuzz_target!(|input: (&[u8], Option<&[u8]>, Option<&str>)| {
    let (bytes, header, metadata_id) = input;
    for format in [
        FrameFormat::Confluent,
        FrameFormat::ConfluentHeader,
        FrameFormat::Apicurio,
        FrameFormat::Glue,
        FrameFormat::Metadata,
    ] {
        if let Ok(frame) = split(format, bytes, Clues { header, metadata_id }) {
            assert!(frame.body.len() <= schema_registry::MAX_INFLATED_BYTES.max(bytes.len()));
        }
    }
});
