//! Events: scanning, headers, base64, schema metadata. Nothing panics, and no record is made up.
#![no_main]

use kafka_events::{Entry, Event};

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let Ok(event) = Event::scan(body) else { return };
    let mut scratch = Vec::new();
    for entry in event.partitions.iter().flat_map(|partition| &partition.records) {
        match entry {
            Entry::Record(record) => {
                for encoded in record.key.iter().chain(&record.value) {
                    let bound = encoded.decoded_len_bound();
                    if let Ok(decoded) = encoded.decode_into(&mut scratch) {
                        assert!(decoded.len() <= bound && bound <= body.len());
                    }
                }
                let headers = record.headers.iter().take_while(Result::is_ok).count();
                assert!(headers <= body.len());
                let _ = record.headers.contains("__debezium.oldkey");
                for metadata in record.key_schema.iter().chain(&record.value_schema) {
                    let _ = (metadata.data_format(), metadata.schema_id());
                }
            }
            Entry::Malformed(malformed) => assert!(malformed.raw.len() <= body.len()),
        }
    }
});
