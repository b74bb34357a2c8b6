//! The ways without this workspace: other libraries, with hand-written code for the frames.

use std::borrow::Cow;
use std::io::Read;

use apache_avro::{Schema, from_value, reader::datum::GenericDatumReader, types::Value};
use aws_lambda_events::event::kafka::KafkaEvent;
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::ZlibDecoder;
use serde::{Deserialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;

use crate::{Change, Decoded, Framing, Key, Profile, Visitor, Way, Workload};

/// The bytes after the frame, inflated. Neither library reads frames; the one schema of a workload is known.
fn body(framing: Framing, bytes: &[u8]) -> Cow<'_, [u8]> {
    match (framing, bytes) {
        (Framing::Prefix, bytes) => Cow::Borrowed(&bytes[5..]),
        (Framing::Header, bytes) => Cow::Borrowed(bytes),
        (Framing::GlueZlib, [3, 5, ..]) => {
            let mut body = Vec::new();
            ZlibDecoder::new(&bytes[18..]).read_to_end(&mut body).unwrap();
            Cow::Owned(body)
        }
        (Framing::GlueZlib, bytes) => Cow::Borrowed(&bytes[18..]),
    }
}

/// `serde_path_to_error` into `KafkaEvent`, as lambda_runtime does it, base64, apache-avro without a reader schema.
///
/// It ends at apache-avro's `Value`, from which a function still has to read its fields.
pub struct ApacheAvro {
    framing: Framing,
    key: Schema,
    value: Schema,
    /// The struct that a `Value` becomes, as JSON.
    pick: fn(&Value) -> serde_json::Value,
}

impl ApacheAvro {
    /// For [`crate::accounts`].
    pub fn changes(workload: &Workload) -> Self {
        Self::new(workload, picked::<Change<String, ByteBuf>>)
    }

    /// For [`crate::users`].
    pub fn profiles(workload: &Workload) -> Self {
        Self::new(workload, picked::<Profile<String>>)
    }

    fn new(workload: &Workload, pick: fn(&Value) -> serde_json::Value) -> Self {
        let schema = |text: &str| Schema::parse_str(text).unwrap();
        Self {
            framing: workload.framing,
            key: schema(&workload.key_schema.1),
            value: schema(&workload.value_schema.1),
            pick,
        }
    }
}

fn picked<T: DeserializeOwned + Decoded>(value: &Value) -> serde_json::Value {
    from_value::<T>(value).unwrap().to_json()
}

struct Picked<'v>(&'v Value, fn(&Value) -> serde_json::Value);

impl Decoded for Picked<'_> {
    fn to_json(&self) -> serde_json::Value {
        self.1(self.0)
    }
}

impl Way for ApacheAvro {
    fn run(&self, event: &[u8], mut visit: Visitor) {
        let mut json = serde_json::Deserializer::from_slice(event);
        let event: KafkaEvent = serde_path_to_error::deserialize(&mut json).unwrap();
        let reader = |schema| GenericDatumReader::builder(schema).build().unwrap();
        let (keys, values) = (reader(&self.key), reader(&self.value));
        for record in event.records.into_values().flatten() {
            let key = STANDARD.decode(record.key.unwrap()).unwrap();
            let value = STANDARD.decode(record.value.unwrap()).unwrap();
            let key = keys.read_value(&mut &*body(self.framing, &key)).unwrap();
            let value = values.read_value(&mut &*body(self.framing, &value)).unwrap();
            visit(&Picked(&key, picked::<Key<String>>), &Picked(&value, self.pick));
        }
    }
}

/// Reads a value by its schema and shows it.
type ReadValue = fn(&[u8], &serde_avro_fast::Schema, &mut dyn FnMut(&dyn Decoded));

/// `KafkaEvent`, base64, serde_avro_fast into a struct that borrows.
pub struct SerdeAvroFast {
    framing: Framing,
    key: serde_avro_fast::Schema,
    value: serde_avro_fast::Schema,
    read: ReadValue,
}

impl SerdeAvroFast {
    /// For [`crate::accounts`].
    pub fn changes(workload: &Workload) -> Self {
        Self::new(workload, |datum, schema, visit| visit(&fast::<Change<&str, &[u8]>>(datum, schema)))
    }

    /// For [`crate::users`].
    pub fn profiles(workload: &Workload) -> Self {
        Self::new(workload, |datum, schema, visit| visit(&fast::<Profile<&str>>(datum, schema)))
    }

    fn new(workload: &Workload, read: ReadValue) -> Self {
        let schema = |text: &str| text.parse().unwrap();
        Self {
            framing: workload.framing,
            key: schema(&workload.key_schema.1),
            value: schema(&workload.value_schema.1),
            read,
        }
    }
}

fn fast<'de, T: Deserialize<'de>>(datum: &'de [u8], schema: &serde_avro_fast::Schema) -> T {
    serde_avro_fast::from_datum_slice(datum, schema).unwrap()
}

impl Way for SerdeAvroFast {
    fn run(&self, event: &[u8], mut visit: Visitor) {
        let event: KafkaEvent = serde_json::from_slice(event).unwrap();
        for record in event.records.into_values().flatten() {
            let key = STANDARD.decode(record.key.unwrap()).unwrap();
            let value = STANDARD.decode(record.value.unwrap()).unwrap();
            let (key, value) = (body(self.framing, &key), body(self.framing, &value));
            let key: Key<&str> = fast(&key, &self.key);
            (self.read)(&value, &self.value, &mut |value| visit(&key, value));
        }
    }
}
