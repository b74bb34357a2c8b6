//! Plain JSON, as recordings show it, back into framed Avro: for records that no connector has written.

use std::collections::HashMap;

use serde_json::Value;

/// The value does not have the schema's shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Avro {schema} can be made of the value at {path}")]
pub struct EncodeError {
    schema: String,
    path: String,
}

/// A value in a Confluent frame: `0x00`, the schema's id, the Avro datum.
///
/// # Errors
/// When the value does not have the schema's shape; the message holds no data.
pub fn encode_framed(id: u32, schema: &str, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let schema: Value = serde_json::from_str(schema)
        .map_err(|_| EncodeError { schema: format!("schema {id}"), path: "the top".to_owned() })?;
    let mut encoder = Encoder::default();
    encoder.learn(&schema, "");
    let mut bytes = vec![0];
    bytes.extend(id.to_be_bytes());
    encoder.encode(&schema, "", value, "$", &mut bytes)?;
    Ok(bytes)
}

/// Knows the named types of a schema.
#[derive(Default)]
struct Encoder {
    named: HashMap<String, (Value, String)>,
}

impl Encoder {
    /// Remembers each named type with the namespace in which it stands.
    fn learn(&mut self, schema: &Value, namespace: &str) {
        match schema {
            Value::Array(branches) => branches.iter().for_each(|branch| self.learn(branch, namespace)),
            Value::Object(object) => {
                let namespace = inner_namespace(schema, namespace);
                if let Some(name) = object.get("name").and_then(Value::as_str) {
                    self.named.insert(full_name(name, &namespace), (schema.clone(), namespace.clone()));
                }
                for inner in ["type", "items", "values"].iter().filter_map(|name| object.get(*name)) {
                    self.learn(inner, &namespace);
                }
                for field in object.get("fields").and_then(Value::as_array).into_iter().flatten() {
                    if let Some(schema) = field.get("type") {
                        self.learn(schema, &namespace);
                    }
                }
            }
            _ => {}
        }
    }

    fn encode(
        &self,
        schema: &Value,
        namespace: &str,
        value: &Value,
        path: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let misfit = || EncodeError { schema: type_name(schema), path: path.to_owned() };
        match schema {
            Value::String(name) => self.encode_named(name, namespace, value, path, out),
            Value::Array(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    let mut datum = Vec::new();
                    if self.encode(branch, namespace, value, path, &mut datum).is_ok() {
                        write_long(i64::try_from(index).map_err(|_| misfit())?, out);
                        out.extend(datum);
                        return Ok(());
                    }
                }
                Err(misfit())
            }
            Value::Object(object) => {
                let namespace = &inner_namespace(schema, namespace);
                let part = |name: &str| object.get(name).ok_or_else(misfit);
                match part("type")? {
                    Value::String(kind) if kind == "record" => {
                        for field in part("fields")?.as_array().ok_or_else(misfit)? {
                            let name = field["name"].as_str().ok_or_else(misfit)?;
                            let path = format!("{path}.{name}");
                            let inner = value.get(name).ok_or_else(misfit)?;
                            self.encode(&field["type"], namespace, inner, &path, out)?;
                        }
                        Ok(())
                    }
                    Value::String(kind) if kind == "array" => {
                        let items = value.as_array().ok_or_else(misfit)?;
                        begin_block(items.len(), out);
                        for item in items {
                            self.encode(part("items")?, namespace, item, path, out)?;
                        }
                        end_blocks(out);
                        Ok(())
                    }
                    Value::String(kind) if kind == "map" => {
                        let entries = value.as_object().ok_or_else(misfit)?;
                        begin_block(entries.len(), out);
                        for (name, inner) in entries {
                            write_bytes(name.as_bytes(), out);
                            self.encode(part("values")?, namespace, inner, path, out)?;
                        }
                        end_blocks(out);
                        Ok(())
                    }
                    Value::String(kind) if kind == "enum" => {
                        let symbols = part("symbols")?.as_array().ok_or_else(misfit)?;
                        let index = symbols.iter().position(|symbol| symbol == value).ok_or_else(misfit)?;
                        write_long(i64::try_from(index).map_err(|_| misfit())?, out);
                        Ok(())
                    }
                    Value::String(kind) if kind == "fixed" => {
                        out.extend(hex_bytes(value).ok_or_else(misfit)?);
                        Ok(())
                    }
                    inner => self.encode(inner, namespace, value, path, out),
                }
            }
            _ => Err(misfit()),
        }
    }

    fn encode_named(
        &self,
        name: &str,
        namespace: &str,
        value: &Value,
        path: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let misfit = || EncodeError { schema: name.to_owned(), path: path.to_owned() };
        match name {
            "null" => value.as_null().ok_or_else(misfit)?,
            "boolean" => out.push(u8::from(value.as_bool().ok_or_else(misfit)?)),
            "int" | "long" => write_long(value.as_i64().ok_or_else(misfit)?, out),
            "double" => out.extend(value.as_f64().ok_or_else(misfit)?.to_le_bytes()),
            // A float was widened for the rendering; narrowing it gives back the same bits.
            #[expect(clippy::cast_possible_truncation)]
            "float" => out.extend((value.as_f64().ok_or_else(misfit)? as f32).to_le_bytes()),
            "string" => write_bytes(value.as_str().ok_or_else(misfit)?.as_bytes(), out),
            "bytes" => write_bytes(&hex_bytes(value).ok_or_else(misfit)?, out),
            other => {
                let (schema, namespace) = self.named.get(&full_name(other, namespace)).ok_or_else(misfit)?;
                self.encode(schema, namespace, value, path, out)?;
            }
        }
        Ok(())
    }
}

fn type_name(schema: &Value) -> String {
    match schema {
        Value::Array(_) => "union".to_owned(),
        Value::Object(object) => object.get("name").or(object.get("type")).map_or_else(String::new, type_name),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// The namespace that a named type gives to the names in it.
fn inner_namespace(schema: &Value, around: &str) -> String {
    let name = schema["name"].as_str().unwrap_or_default();
    match (schema["namespace"].as_str(), name.rsplit_once('.')) {
        (_, Some((namespace, _))) => namespace.to_owned(),
        (Some(namespace), None) => namespace.to_owned(),
        (None, None) => around.to_owned(),
    }
}

fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

fn hex_bytes(value: &Value) -> Option<Vec<u8>> {
    hex::decode(value.get("bytes_hex")?.as_str()?).ok()
}

fn begin_block(count: usize, out: &mut Vec<u8>) {
    if count > 0 {
        write_length(count, out);
    }
}

/// After the last block comes an empty one.
fn end_blocks(out: &mut Vec<u8>) {
    out.push(0);
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_length(bytes.len(), out);
    out.extend(bytes);
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    // No allocation is larger than that.
    write_long(i64::try_from(length).unwrap_or(i64::MAX), out);
}

/// Zigzag, then seven bits a byte, low ones first.
fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest > 0x7f {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push((rest & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::recording::Recording;

    #[test]
    fn every_recorded_record_comes_out_as_the_connector_wrote_it() {
        for name in ["postgres-accounts", "mysql-orders", "mongodb-logins"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/recorded").join(name);
            let recording = Recording::read(&folder).unwrap();
            for record in &recording.records {
                for (text, expected) in [(&record.key, &record.expect.key), (&record.value, &record.expect.value)] {
                    let Some(text) = text else { continue };
                    let bytes = base64_simd::STANDARD.decode_to_vec(text).unwrap();
                    let id = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
                    let ours = encode_framed(id, &recording.schemas[&id].schema, expected).unwrap();
                    assert_eq!(ours, bytes, "{name} {}-{}@{}", record.topic, record.partition, record.offset);
                }
            }
        }
    }

    #[test]
    fn a_misfit_is_named_by_its_path_and_without_its_data() {
        let schema = r#"{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]}]}"#;
        let error = encode_framed(1, schema, &serde_json::json!({"a": "secret"})).unwrap_err().to_string();
        assert!(error.contains("$.a") && !error.contains("secret"), "{error}");
    }
}
