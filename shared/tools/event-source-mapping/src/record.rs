//! A record of Kafka, and its part of the event.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;

use crate::filter::Filter;
use crate::machine::{self, Time, TopicPartition};

/// A record as Kafka has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaRecord {
    /// Where it is.
    pub at: TopicPartition,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Whether the timestamp is the broker's, not the producer's.
    pub log_append_time: bool,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; nothing for a tombstone.
    pub value: Option<Bytes>,
    /// In the producer's order; a name may come twice.
    pub headers: Vec<(String, Option<Bytes>)>,
}

impl KafkaRecord {
    /// Its part of the event, as AWS writes it: key and value in Base64, header values as arrays of signed bytes.
    #[must_use]
    pub fn json(&self) -> String {
        let kind = if self.log_append_time { "LOG_APPEND_TIME" } else { "CREATE_TIME" };
        let mut json = format!(
            r#"{{"topic":{},"partition":{},"offset":{},"timestamp":{},"timestampType":"{kind}","key":"#,
            quoted(&self.at.topic),
            self.at.partition,
            self.offset,
            self.timestamp,
        );
        base64(&mut json, self.key.as_deref());
        json.push_str(r#","value":"#);
        base64(&mut json, self.value.as_deref());
        json.push_str(r#","headers":["#);
        for (nth, (name, value)) in self.headers.iter().enumerate() {
            json.push_str(if nth == 0 { "{" } else { ",{" });
            json.push_str(&quoted(name));
            json.push(':');
            match value {
                Some(value) => {
                    json.push('[');
                    for (nth, byte) in value.iter().enumerate() {
                        let comma = if nth == 0 { "" } else { "," };
                        // Writing into a string cannot fail.
                        let _ = write!(json, "{comma}{}", byte.cast_signed());
                    }
                    json.push(']');
                }
                None => json.push_str("null"),
            }
            json.push('}');
        }
        json.push_str("]}");
        json
    }
}

fn base64(json: &mut String, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            json.push('"');
            base64_simd::STANDARD.encode_append(bytes, json);
            json.push('"');
        }
        None => json.push_str("null"),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A record on its way to the function: its JSON is written once, however often it is sent.
#[derive(Debug, Clone)]
pub struct EventRecord {
    record: Arc<KafkaRecord>,
    json: Arc<str>,
    passes: bool,
}

impl EventRecord {
    /// Writes the record's JSON, and asks the filter.
    #[must_use]
    pub fn new(record: KafkaRecord, filter: &Filter) -> Self {
        let json = record.json();
        EventRecord::written(record, json, filter)
    }

    /// A record whose JSON is written already, as it is to be sent, and asks the filter.
    #[must_use]
    pub fn written(record: KafkaRecord, json: String, filter: &Filter) -> Self {
        EventRecord { json: json.into(), passes: filter.passes(record.value.as_deref()), record: Arc::new(record) }
    }

    /// The record as it is in Kafka.
    #[must_use]
    pub fn record(&self) -> &KafkaRecord {
        &self.record
    }

    /// Its part of the event.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl machine::Record for EventRecord {
    fn offset(&self) -> i64 {
        self.record.offset
    }

    fn timestamp(&self) -> Time {
        Time(self.record.timestamp)
    }

    fn payload_bytes(&self) -> usize {
        // A comma, and the name of the topic-partition, which may come with any record.
        self.json.len() + self.record.at.topic.len() + 18
    }

    fn passes_filter(&self) -> bool {
        self.passes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_values_are_base64_and_headers_are_signed_bytes() {
        let record = KafkaRecord {
            at: TopicPartition::new("orders \"x\"", 3),
            offset: 15,
            timestamp: 1_545_084_650_987,
            log_append_time: false,
            key: Some(Bytes::from_static(b"k1")),
            value: None,
            headers: vec![("h".into(), Some(Bytes::from_static(&[104, 195]))), ("h".into(), None)],
        };
        let read: serde_json::Value = serde_json::from_str(&record.json()).unwrap();
        let expected = json!({
            "topic": "orders \"x\"", "partition": 3, "offset": 15, "timestamp": 1_545_084_650_987_i64,
            "timestampType": "CREATE_TIME", "key": "azE=", "value": null, "headers": [{"h": [104, -61]}, {"h": null}],
        });
        assert_eq!(read, expected);
    }
}
