//! Frames of every format, with and without headers and metadata, and the order of keys.
#![no_main]

use schema_registry::{Body, FrameFormat, KeyFormat, SchemaHints, inflates_to_at_most, split};

libfuzzer_sys::fuzz_target!(|input: (&[u8], Option<&[u8]>, Option<&str>)| {
    let (bytes, header, metadata_id) = input;
    assert_eq!(KeyFormat::Text.order_key(bytes), bytes);
    for format in [
        FrameFormat::Confluent,
        FrameFormat::ConfluentHeader,
        FrameFormat::Apicurio,
        FrameFormat::Glue,
        FrameFormat::Metadata,
    ] {
        let keys = KeyFormat::Framed(format);
        let order = keys.order_key(bytes);
        if let Ok(frame) = split(format, bytes, SchemaHints { header, metadata_id }) {
            match frame.body {
                // A key has the same order whether its schema id is before it or in a header.
                Body::Plain(body) if format == FrameFormat::ConfluentHeader => assert_eq!(keys.order_key(body), order),
                Body::Plain(body) => assert!(body.len() <= bytes.len()),
                Body::Zlib(_) => {
                    if let Ok(inflated) = frame.body.inflate() {
                        assert!(inflated.len() <= inflates_to_at_most(bytes));
                    }
                }
            }
        }
    }
});
