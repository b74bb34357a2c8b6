//! A schema's fields as a list: paths, types, defaults and meanings.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value as Json;

/// Descriptions of fields, by the record's name without namespace and the field's.
pub type Meanings = BTreeMap<String, BTreeMap<String, String>>;

/// One field, wherever in the schema it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// From the root, as `after.email`; `[]` for the items of a list, `{}` for the values of a map.
    pub path: String,
    /// `Record.field`, without namespace.
    pub member: String,
    /// The type in words: `string or null`, `long (timestamp-millis)`.
    pub kind: String,
    /// The default as JSON.
    pub default: Option<String>,
    /// Its description in the schema.
    pub doc: Option<String>,
}

/// All fields, in order. A named type is listed where it is defined, and only named where it is used again.
pub fn fields(schema: &Json) -> Vec<Field> {
    let mut walk = Walk { found: Vec::new(), seen: HashSet::new() };
    walk.descend(schema, "");
    walk.found
}

struct Walk {
    found: Vec<Field>,
    seen: HashSet<String>,
}

impl Walk {
    fn descend(&mut self, schema: &Json, path: &str) {
        match schema {
            Json::Array(branches) => branches.iter().for_each(|branch| self.descend(branch, path)),
            Json::Object(object) => match object.get("type") {
                Some(Json::String(kind)) if kind == "record" => self.record(object, path),
                Some(Json::String(kind)) if kind == "array" => {
                    self.descend(object.get("items").unwrap_or(&Json::Null), &format!("{path}[]"));
                }
                Some(Json::String(kind)) if kind == "map" => {
                    self.descend(object.get("values").unwrap_or(&Json::Null), &format!("{path}{{}}"));
                }
                Some(nested @ (Json::Object(_) | Json::Array(_))) => self.descend(nested, path),
                _ => {}
            },
            _ => {}
        }
    }

    fn record(&mut self, record: &serde_json::Map<String, Json>, path: &str) {
        let text =
            |of: &serde_json::Map<String, Json>, key: &str| of.get(key).and_then(Json::as_str).map(str::to_owned);
        let name = text(record, "name").unwrap_or_default();
        let simple = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let full = format!("{}.{name}", text(record, "namespace").unwrap_or_default());
        if !self.seen.insert(full) {
            return;
        }
        for field in record.get("fields").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object) {
            let name = text(field, "name").unwrap_or_default();
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let schema = field.get("type").unwrap_or(&Json::Null);
            self.found.push(Field {
                path: inner.clone(),
                member: format!("{simple}.{name}"),
                kind: kind(schema),
                default: field.get("default").map(Json::to_string),
                doc: text(field, "doc"),
            });
            self.descend(schema, &inner);
        }
    }
}

/// A type in words.
fn kind(schema: &Json) -> String {
    match schema {
        Json::String(name) => name.rsplit('.').next().unwrap_or(name).to_owned(),
        Json::Array(branches) => {
            let others = branches.iter().filter(|branch| !is_null(branch)).map(kind).collect::<Vec<_>>().join(" or ");
            if branches.iter().any(is_null) { format!("{others} or null") } else { others }
        }
        Json::Object(object) => {
            let text = |key: &str| object.get(key).and_then(Json::as_str);
            let simple = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
            let inner = |key: &str| match object.get(key) {
                Some(union @ Json::Array(_)) => format!("({})", kind(union)),
                Some(schema) => kind(schema),
                None => String::new(),
            };
            let named = text("name").map(simple).unwrap_or_default();
            let symbols = || object.get("symbols").and_then(Json::as_array).into_iter().flatten().map(kind);
            match (object.get("type"), text("type").unwrap_or_default()) {
                (Some(nested @ (Json::Object(_) | Json::Array(_))), _) => kind(nested),
                (_, "record") => format!("record {named}"),
                (_, "enum") => format!("enum {named} of {}", symbols().collect::<Vec<_>>().join(", ")),
                (_, "fixed") => format!("fixed {named} of {} bytes", inner_number(object, "size")),
                (_, "array") => format!("array of {}", inner("items")),
                (_, "map") => format!("map of {}", inner("values")),
                (_, primitive) => annotated(object, primitive),
            }
        }
        _ => String::new(),
    }
}

/// A primitive type with its logical type, or with the connector's name for it.
fn annotated(object: &serde_json::Map<String, Json>, primitive: &str) -> String {
    let text = |key: &str| object.get(key).and_then(Json::as_str);
    match (text("logicalType"), text("connect.name")) {
        (Some("decimal"), _) => {
            let (precision, scale) = (inner_number(object, "precision"), inner_number(object, "scale"));
            format!("{primitive} (decimal of {precision} digits, {scale} after the point)")
        }
        (Some(logical), _) => format!("{primitive} ({logical})"),
        (None, Some(name)) => format!("{primitive} ({})", name.rsplit('.').next().unwrap_or(name)),
        (None, None) => primitive.to_owned(),
    }
}

fn inner_number(object: &serde_json::Map<String, Json>, key: &str) -> u64 {
    object.get(key).and_then(Json::as_u64).unwrap_or(0)
}

fn is_null(schema: &Json) -> bool {
    schema.as_str() == Some("null")
}

impl super::Contracts {
    /// The description of a field: by its schema, its subject's manifest, or the connector's fields.
    pub fn meaning<'a>(&'a self, subject: &'a super::Subject, field: &'a Field) -> Option<&'a str> {
        let of_connector = || {
            let (record, name) = field.member.split_once('.')?;
            self.connector_fields.get(record)?.get(name)
        };
        let said = field.doc.as_ref().or_else(|| subject.manifest.fields.get(&field.member)).or_else(of_connector);
        said.map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Where the recordings are: beside the schemas.
    pub(crate) fn recordings(&self) -> std::path::PathBuf {
        self.folder.join("..").join("recorded")
    }
}
