//! Plain JSON, in the rendering of recordings, as Avro: for records and examples that no connector has written.

use apache_avro::Schema;
use apache_avro::schema::{NamesRef, NamespaceRef, ResolvedSchema};
use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use serde_json::Value as Json;

use crate::frame::Frame;

/// The value cannot be written. No text of an error contains the value's data.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The schema is not Avro.
    #[error("the schema is not one that can be written by")]
    Schema(#[source] Box<apache_avro::Error>),
    /// The value does not have the schema's form.
    #[error("the value at {path} cannot be written as {schema}")]
    Form {
        /// Where, such as `$.after.email`.
        path: String,
        /// The name or kind of the schema there.
        schema: String,
    },
}

/// A value in a Confluent frame: `0x00`, the schema's id, the Avro datum.
///
/// # Errors
/// As of [`encode`].
pub fn encode_framed(id: u32, schema: &str, value: &Json) -> Result<Vec<u8>, EncodeError> {
    Ok(Frame { schema_id: id, datum: encode(schema, value)? }.bytes())
}

/// A value as an Avro datum. A union takes the first branch that the value fits; bytes and fixed are
/// `{"bytes_hex": "…"}`; a number of any logical type is the plain number. Members that the schema does not name are left
/// out; a member that it names must be there, defaults or not.
///
/// # Errors
/// When the schema is not Avro, or the value does not have its form.
pub fn encode(schema: &str, value: &Json) -> Result<Vec<u8>, EncodeError> {
    let unusable = |error: apache_avro::Error| EncodeError::Schema(Box::new(error));
    let mut json: Json = serde_json::from_str(schema)
        .map_err(|error| unusable(apache_avro::error::Details::ParseSchemaJson(error).into()))?;
    remove_logical_types(&mut json);
    let schema = Schema::parse(&json).map_err(unusable)?;
    let resolved = ResolvedSchema::new(&schema).map_err(unusable)?;
    let value = avro(&schema, None, resolved.get_names(), value, "$")?;
    let writer = GenericDatumWriter::builder(&schema).build().map_err(unusable)?;
    writer.write_value_to_vec(value).map_err(unusable)
}

/// Recordings do not interpret logical types: without them a decimal is bytes and a timestamp a number.
fn remove_logical_types(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(remove_logical_types),
        Json::Object(members) => {
            members.remove("logicalType");
            members.values_mut().for_each(remove_logical_types);
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// The value that the schema makes of the JSON; `path` is for the error.
fn avro(
    schema: &Schema,
    namespace: NamespaceRef<'_>,
    names: &NamesRef<'_>,
    json: &Json,
    path: &str,
) -> Result<Avro, EncodeError> {
    let misfit = || EncodeError::Form { path: path.to_owned(), schema: name(schema) };
    match schema {
        Schema::Null => json.as_null().map(|()| Avro::Null),
        Schema::Boolean => json.as_bool().map(Avro::Boolean),
        Schema::Int => json.as_i64().and_then(|number| i32::try_from(number).ok()).map(Avro::Int),
        Schema::Long => json.as_i64().map(Avro::Long),
        // A float was widened for the rendering; narrowing it gives the same bits again.
        #[expect(clippy::cast_possible_truncation)]
        Schema::Float => float(json).map(|number| Avro::Float(number as f32)),
        Schema::Double => float(json).map(Avro::Double),
        Schema::Bytes => bytes(json).map(Avro::Bytes),
        Schema::Fixed(fixed) => {
            bytes(json).filter(|bytes| bytes.len() == fixed.size).map(|bytes| Avro::Fixed(fixed.size, bytes))
        }
        Schema::String => json.as_str().map(|text| Avro::String(text.to_owned())),
        Schema::Enum(of) => {
            let symbol = json.as_str().and_then(|text| of.symbols.iter().position(|symbol| symbol == text));
            symbol.and_then(|index| Some(Avro::Enum(u32::try_from(index).ok()?, of.symbols.get(index)?.clone())))
        }
        Schema::Array(of) => {
            let items = json.as_array().ok_or_else(misfit)?.iter();
            let items = items.map(|item| avro(&of.items, namespace, names, item, path));
            Some(Avro::Array(items.collect::<Result<_, _>>()?))
        }
        Schema::Map(of) => {
            let entries = json.as_object().ok_or_else(misfit)?.iter();
            let entries = entries.map(|(key, item)| Ok((key.clone(), avro(&of.types, namespace, names, item, path)?)));
            Some(Avro::Map(entries.collect::<Result<_, EncodeError>>()?))
        }
        Schema::Union(of) => of.variants().iter().zip(0..).find_map(|(branch, index)| {
            let value = avro(branch, namespace, names, json, path).ok()?;
            Some(Avro::Union(index, Box::new(value)))
        }),
        Schema::Record(of) => {
            let namespace = of.name.namespace().or(namespace);
            let fields = of.fields.iter().map(|field| {
                let path = format!("{path}.{}", field.name);
                let missing = || EncodeError::Form { path: path.clone(), schema: name(&field.schema) };
                let member = json.get(&field.name).ok_or_else(missing)?;
                Ok((field.name.clone(), avro(&field.schema, namespace, names, member, &path)?))
            });
            Some(Avro::Record(fields.collect::<Result<_, EncodeError>>()?))
        }
        Schema::Ref { name } => {
            let referred = names.get(&name.fully_qualified_name(namespace)).ok_or_else(misfit)?;
            Some(avro(referred, namespace, names, json, path)?)
        }
        // Logical types, which were removed from the schema.
        Schema::Decimal(_)
        | Schema::BigDecimal
        | Schema::Uuid(_)
        | Schema::Date
        | Schema::TimeMillis
        | Schema::TimeMicros
        | Schema::TimestampMillis
        | Schema::TimestampMicros
        | Schema::TimestampNanos
        | Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos
        | Schema::Duration(_) => None,
    }
    .ok_or_else(misfit)
}

/// A named type by its name, any other by its kind.
fn name(schema: &Schema) -> String {
    match schema.name() {
        Some(name) => name.name().to_owned(),
        None => format!("{:?}", apache_avro::schema::SchemaKind::from(schema)).to_lowercase(),
    }
}

fn bytes(json: &Json) -> Option<Vec<u8>> {
    hex::decode(json.get("bytes_hex")?.as_str()?).ok()
}

/// A number, or one that JSON cannot write.
fn float(json: &Json) -> Option<f64> {
    match json.get("float").and_then(Json::as_str) {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) | None => json.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::recording::Recording;

    #[test]
    fn every_recorded_record_comes_out_as_the_connector_wrote_it() {
        for name in ["postgres-accounts", "mysql-orders", "mongodb-logins"] {
            let recording = Recording::of_repository(name).unwrap();
            for record in &recording.records {
                let (key, value) = (record.key_frame().unwrap(), record.value_frame().unwrap());
                for (frame, expected) in [(key, &record.expected().key), (value, &record.expected().value)] {
                    let Some(frame) = frame else { continue };
                    let ours = encode(&recording.schemas[&frame.schema_id].schema, expected).unwrap();
                    assert_eq!(ours, frame.datum, "{name} {}-{}@{}", record.topic, record.partition, record.offset);
                }
            }
        }
    }

    #[test]
    fn a_value_of_another_form_is_named_by_its_path_and_without_its_data() {
        let schema = r#"{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]}]}"#;
        let error = encode(schema, &json!({"a": "secret"})).unwrap_err().to_string();
        assert!(error.contains("$.a") && !error.contains("secret"), "{error}");
        let error = encode(schema, &json!({})).unwrap_err().to_string();
        assert!(error.contains("$.a"), "{error}");
        assert!(matches!(encode(r#"{"type":"rekord"}"#, &json!(1)), Err(EncodeError::Schema(_))));
    }

    #[test]
    fn types_that_no_recording_has_are_written_by_the_specification() {
        let nested = r#"{"type":"record","name":"a.R","fields":[
            {"name":"f","type":{"type":"fixed","name":"F","size":2}},
            {"name":"again","type":"F"},
            {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
            {"name":"m","type":{"type":"map","values":"float"}},
            {"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}},
            {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;
        let value = json!({"f": {"bytes_hex": "0102"}, "again": {"bytes_hex": "0304"}, "e": "B",
            "m": {"k": {"float": "-Infinity"}}, "d": {"bytes_hex": "ff"}, "at": 1});
        let expected = [1, 2, 3, 4, 2, 2, 2, b'k', 0, 0, 0x80, 0xff, 0, 2, 0xff, 2];
        assert_eq!(encode(nested, &value).unwrap(), expected);
        assert_eq!(encode_framed(7, r#""int""#, &json!(1)).unwrap(), [0, 0, 0, 0, 7, 2]);
        for out_of_range in [json!(2_147_483_648_i64), json!(1.5), json!("1")] {
            assert!(encode(r#""int""#, &out_of_range).is_err());
        }
    }
}
