//! A sample event: a file that `cargo lambda invoke`, tests and documents use.

use std::collections::BTreeMap;

use local_stack::{EventRecord, Nulls, Origin, event};
use recordings::{Record, Recording};
use serde_json::Value;

/// A sample's file name and content.
pub type Sample = (String, String);

/// A recording contains no record of the kind that a sample needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recording has no {0} to make a sample of")]
pub struct NotRecorded(pub &'static str);

/// A sample of recorded records.
pub(crate) fn sample(name: &str, origin: Origin, nulls: Nulls, records: &[&Record]) -> Sample {
    let records: Vec<_> = records.iter().map(|record| EventRecord::new(record, nulls)).collect();
    (format!("{name}.json"), readable(&event(origin, &records)))
}

/// A sample of the first recorded insert of a topic.
///
/// # Errors
/// When the recording has none.
pub(crate) fn created_sample(recording: &Recording, topic: &str) -> Result<Sample, NotRecorded> {
    let created = recording.of_topic(topic).find(|record| record.expected().value["op"] == "c");
    let created = created.ok_or(NotRecorded("insert"))?;
    Ok(sample("created", Origin::Msk, Nulls::Written, &[created]))
}

/// Indented JSON with lists of numbers on one line each: a header would fill a screen otherwise.
pub(crate) fn readable(event: &[u8]) -> String {
    let mut text = String::new();
    let event: Value = serde_json::from_slice(event).unwrap_or_default();
    write_readable(&event, 0, &mut text);
    text.push('\n');
    text
}

fn write_readable(value: &Value, depth: usize, out: &mut String) {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                write_readable(item, depth + 1, out);
            }
            line(out, depth);
            out.push(']');
        }
        Value::Object(fields) if fields.values().any(|field| !field.is_array()) || depth == 1 => {
            out.push('{');
            // In a fixed order, whatever features of serde_json another crate has switched on.
            let fields: BTreeMap<_, _> = fields.iter().collect();
            for (index, (name, field)) in fields.into_iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                line(out, depth + 1);
                out.push_str(&format!("{}: ", Value::from(name.as_str())));
                write_readable(field, depth + 1, out);
            }
            line(out, depth);
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_json_is_the_same_json() {
        let text = "{\"a\":[1,2],\"b\":{\"c\":[{\"d\":[-1]}],\"e\":null},\"f\":[]}";
        assert_eq!(
            serde_json::from_str::<Value>(&readable(text.as_bytes())).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }
}
