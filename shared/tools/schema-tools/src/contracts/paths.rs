//! Finds a field in a schema by its path.

use std::collections::HashMap;

use serde_json::Value as Json;

/// The connector's name for a text that is a JSON document.
const DOCUMENT: &str = "io.debezium.data.Json";

/// Whether a schema has a field: `after.account_id`, `changes[].field`, `labels{}`. Below a JSON document every path is
/// one, because no schema says what it holds.
pub fn has_field(schema: &Json, path: &str) -> bool {
    let mut names = HashMap::new();
    collect(schema, &mut names);
    let steps = path.replace("[]", ".[]").replace("{}", ".{}");
    let steps: Vec<&str> = steps.split('.').collect();
    Search { names }.reaches(schema, &steps)
}

struct Search<'a> {
    /// Named types, by their names without namespace.
    names: HashMap<&'a str, &'a Json>,
}

impl Search<'_> {
    fn reaches(&self, schema: &Json, steps: &[&str]) -> bool {
        let Some((step, rest)) = steps.split_first() else { return true };
        match schema {
            Json::Array(branches) => branches.iter().any(|branch| self.reaches(branch, steps)),
            Json::String(name) => self.names.get(simple(name)).is_some_and(|named| self.reaches(named, steps)),
            Json::Object(object) => match object.get("type").unwrap_or(&Json::Null) {
                Json::String(kind) => match kind.as_str() {
                    "record" => field(object, step).is_some_and(|schema| self.reaches(schema, rest)),
                    "array" => *step == "[]" && object.get("items").is_some_and(|items| self.reaches(items, rest)),
                    "map" => *step == "{}" && object.get("values").is_some_and(|values| self.reaches(values, rest)),
                    "string" => object.get("connect.name").is_some_and(|name| name == DOCUMENT),
                    other => self.names.get(simple(other)).is_some_and(|named| self.reaches(named, steps)),
                },
                nested => self.reaches(nested, steps),
            },
            _ => false,
        }
    }
}

fn field<'a>(record: &'a serde_json::Map<String, Json>, name: &str) -> Option<&'a Json> {
    let fields = record.get("fields")?.as_array()?;
    fields.iter().find(|field| field.get("name").is_some_and(|found| found == name))?.get("type")
}

fn collect<'a>(schema: &'a Json, names: &mut HashMap<&'a str, &'a Json>) {
    match schema {
        Json::Array(branches) => branches.iter().for_each(|branch| collect(branch, names)),
        Json::Object(object) => {
            let kind = object.get("type").and_then(Json::as_str);
            if let (Some("record"), Some(name)) = (kind, object.get("name").and_then(Json::as_str)) {
                names.insert(simple(name), schema);
            }
            object.values().for_each(|member| collect(member, names));
        }
        _ => {}
    }
}

fn simple(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
