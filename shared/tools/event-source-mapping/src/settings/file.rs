//! Mappings of a file: a CloudFormation template or the properties of one mapping, in YAML or JSON; Terraform, in HCL or
//! JSON.

use std::path::{Path, PathBuf};

use super::given::{Given, Value};
use super::terraform;

const TYPE: &str = "AWS::Lambda::EventSourceMapping";
/// Marks a value that only a deployment knows. No YAML text holds it.
const UNKNOWN: char = '\u{1}';

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file system refused.
    #[error("cannot read {}", .0.display())]
    Io(PathBuf, #[source] std::io::Error),
    /// It is not YAML.
    #[error("{} is not YAML: {reason}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// It is not JSON.
    #[error("{} is not JSON", .0.display())]
    Json(PathBuf, #[source] serde_json::Error),
    /// It is not HCL.
    #[error("{} is not Terraform", .0.display())]
    Hcl(PathBuf, #[source] hcl::Error),
    /// It holds no mapping.
    #[error(
        "{} holds no event source mapping. Expected: a CloudFormation template with resources of type {TYPE}, their properties alone, or Terraform with resources aws_lambda_event_source_mapping (.tf, .tf.json)",
        .0.display()
    )]
    Empty(PathBuf),
}

/// The mappings of a file, not checked yet. What kind of file it is, its name says: `.tf`, `.tf.json`, `.json`, and YAML
/// for every other one.
///
/// # Errors
/// When the file cannot be read or holds no mapping.
pub fn read_file(path: &Path) -> Result<Vec<Given>, FileError> {
    let text = std::fs::read_to_string(path).map_err(|source| FileError::Io(path.to_path_buf(), source))?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let json = || serde_json::from_str(&text).map_err(|source| FileError::Json(path.to_path_buf(), source));
    let found = if name.ends_with(".tf") {
        terraform::of_hcl(&text).map_err(|source| FileError::Hcl(path.to_path_buf(), source))?
    } else if name.ends_with(".tf.json") {
        terraform::of_json(&json()?)
    } else if name.ends_with(".json") {
        of_cloudformation(path, json()?)
    } else {
        let yaml: serde_json::Value = serde_saphyr::from_str(&without_tags(&text))
            .map_err(|error| FileError::Yaml { path: path.to_path_buf(), reason: error.to_string() })?;
        of_cloudformation(path, yaml)
    };
    if found.is_empty() { Err(FileError::Empty(path.to_path_buf())) } else { Ok(found) }
}

/// `!Ref Function` and the like become texts that say so.
fn without_tags(yaml: &str) -> String {
    yaml.lines().map(line_without_tags).collect::<Vec<_>>().join("\n")
}

fn line_without_tags(line: &str) -> String {
    let (mut done, mut rest, mut depth) = (String::new(), line, 0);
    let tag = |before: &str| before.trim_end().is_empty() || before.trim_end().ends_with([':', '-', '[', ',']);
    while let Some((at, _)) = rest.match_indices('!').find(|(at, _)| tag(&format!("{done}{}", &rest[..*at]))) {
        done.push_str(&rest[..at]);
        depth += rest[..at].matches(['[', '{']).count();
        depth = depth.saturating_sub(rest[..at].matches([']', '}']).count());
        let length = if depth > 0 { value_in_flow(&rest[at..]) } else { rest.len() - at };
        let text = rest[at..at + length].trim_end().replace('\\', "\\\\").replace('"', "\\\"");
        done.push_str(&format!("\"\\x01{text}\""));
        rest = &rest[at + length..];
    }
    done + rest
}

/// Bytes of a value in `[…]` or `{…}`: to the comma or bracket behind it.
fn value_in_flow(text: &str) -> usize {
    let (mut depth, mut quote) = (0_u32, None);
    let ends = text.char_indices().find(|(_, letter)| match (quote, letter) {
        (Some(open), _) => {
            quote = quote.filter(|_| *letter != open);
            false
        }
        (None, '"' | '\'') => {
            quote = Some(*letter);
            false
        }
        (None, '[' | '{') => {
            depth += 1;
            false
        }
        (None, ']' | '}') if depth > 0 => {
            depth -= 1;
            false
        }
        (None, ',' | ']' | '}') => depth == 0,
        (None, _) => false,
    });
    ends.map_or(text.len(), |(at, _)| at)
}

fn of_cloudformation(path: &Path, file: serde_json::Value) -> Vec<Given> {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    let given = |name: &str, properties: &serde_json::Value| match marked(Value::from(properties.clone())) {
        Value::Object(properties) => Some(Given { name: name.to_owned(), properties }),
        _ => None,
    };
    if let Some(resources) = file["Resources"].as_object() {
        let mappings = resources.iter().filter(|(_, resource)| resource["Type"] == TYPE);
        return mappings.filter_map(|(name, resource)| given(name, &resource["Properties"])).collect();
    }
    let is_mapping = |properties: &serde_json::Value| properties.get("FunctionName").is_some();
    match &file {
        serde_json::Value::Array(several) => {
            let named = several.iter().filter(|properties| is_mapping(properties)).enumerate();
            named
                .filter_map(|(nth, properties)| {
                    given(&format!("{}-{}", stem.unwrap_or("mapping"), nth + 1), properties)
                })
                .collect()
        }
        properties if is_mapping(properties) => given(stem.unwrap_or("mapping"), properties).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn marked(value: Value) -> Value {
    match value {
        Value::Text(text) if text.starts_with(UNKNOWN) => Value::Unknown(text.trim_start_matches(UNKNOWN).to_owned()),
        Value::List(values) => Value::List(values.into_iter().map(marked).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, marked(value))).collect()),
        other => other,
    }
}
