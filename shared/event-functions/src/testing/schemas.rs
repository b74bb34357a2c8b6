//! Checks that a function can read every version of the schemas of its topic: a mistake fails its tests, not production.
//!
//! The topic's contract, `events/topics/<topic>.json`, names its owner and the subjects of its keys and values; these lie in
//! `events/schemas/<subject>`, `v1.avsc` and on.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use avro_decode::{AvroType, Limits, Plan, ResolveError, Schema};

use super::contract::{self, Contract};

/// One type that a function reads records into, as the runtime compiles it: the whole envelope of a change.
pub(crate) struct Reader {
    topic: &'static str,
    part: Part,
    name: &'static str,
    compile: fn(&Schema) -> Result<(), ResolveError>,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Key,
    Value,
}

impl Reader {
    /// Reads values of this topic.
    pub(crate) fn of_values<T: AvroType>(topic: &'static str) -> Self {
        Self::of::<T>(topic, Part::Value)
    }

    /// Reads keys of this topic.
    pub(crate) fn of_keys<T: AvroType>(topic: &'static str) -> Self {
        Self::of::<T>(topic, Part::Key)
    }

    fn of<T: AvroType>(topic: &'static str, part: Part) -> Self {
        let compile = |writer: &Schema| Plan::<T>::compile(writer, &Limits::default()).map(drop);
        Reader { topic, part, name: std::any::type_name::<T>(), compile }
    }
}

/// What a function cannot read, all of it.
#[derive(Debug)]
pub struct Unreadable(Vec<String>);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Error for Unreadable {}

/// Reads every version of what these readers read, and returns how many that were.
pub(super) fn check(function: &str, readers: &[Reader]) -> Result<usize, Unreadable> {
    let from = started_in();
    match folder_above(&from) {
        Some(folder) => check_in(&folder, function, readers),
        None => Err(Unreadable(vec![format!("there is no folder events/schemas in {} or above", from.display())])),
    }
}

/// Whether there is a folder to check with.
pub(super) fn has_schemas() -> bool {
    folder_above(&started_in()).is_some()
}

/// The package of the running test: cargo sets the variable.
fn started_in() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_default()
}

fn folder_above(from: &Path) -> Option<PathBuf> {
    from.ancestors().map(|folder| folder.join("events/schemas")).find(|folder| folder.is_dir())
}

fn check_in(folder: &Path, function: &str, readers: &[Reader]) -> Result<usize, Unreadable> {
    let (mut read, mut problems) = (0, Vec::new());
    for reader in readers {
        match versions(folder, reader) {
            Ok(versions) => {
                read += versions.len();
                problems.extend(versions.iter().filter_map(|version| version.problem(function, reader)));
            }
            Err(problem) => problems.push(format!("{function} reads {}: {problem}", reader.topic)),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(Unreadable(problems)) }
}

/// One version of a subject.
struct Version {
    subject: String,
    number: u32,
    owner: String,
    schema: Schema,
}

impl Version {
    fn problem(&self, function: &str, reader: &Reader) -> Option<String> {
        let Version { subject, number, owner, schema } = self;
        let error = (reader.compile)(schema).err()?;
        let name = reader.name;
        Some(format!(
            "{function} cannot read {subject} v{number} into {name}: {error}. Change the type, or keep that version from \
             being written: {owner} owns the schema"
        ))
    }
}

/// All versions of what the reader reads; none where the topic's keys are plain text.
fn versions(folder: &Path, reader: &Reader) -> Result<Vec<Version>, String> {
    let Contract { owner, key, value } = contract::read(folder, reader.topic)?;
    let subjects = match reader.part {
        Part::Key => key.subjects("key", reader.topic)?,
        Part::Value => value.subjects("value", reader.topic)?,
    };
    let versions = subjects.into_iter().map(|subject| versions_of(folder, &subject, &owner));
    Ok(versions.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn versions_of(folder: &Path, subject: &str, owner: &str) -> Result<Vec<Version>, String> {
    let mut versions = Vec::new();
    // The numbers begin with 1 and have no gaps.
    for number in 1.. {
        let path = folder.join(subject).join(format!("v{number}.avsc"));
        let Some(text) = contract::text_of(&path)? else { break };
        let schema = Schema::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        versions.push(Version { subject: subject.to_owned(), number, owner: owner.to_owned(), schema });
    }
    if versions.is_empty() {
        return Err(format!("there is no events/schemas/{subject}/v1.avsc: write it"));
    }
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use avro_decode::Value;
    use debezium::Change;
    use tempfile::TempDir;

    use super::*;
    use crate::AvroRead;

    #[derive(AvroRead)]
    struct Ticket<'a> {
        title: &'a str,
    }

    const TOPIC: &str = "cdc.mysql.desk.tickets";

    fn readers() -> [Reader; 2] {
        [Reader::of_values::<Change<'static, Ticket<'static>>>(TOPIC), Reader::of_keys::<Value<'static>>(TOPIC)]
    }

    /// An envelope whose row has one column of this type.
    fn envelope(title: &str) -> String {
        format!(
            r#"{{"type":"record","name":"Envelope","fields":[{{"name":"after","type":["null",{{"type":"record","name":"Value","fields":[{{"name":"title","type":"{title}"}}]}}]}}]}}"#
        )
    }

    /// The contract of the topic, with keys in Avro or as text.
    fn declare(folder: &TempDir, avro_keys: bool) {
        let key = if avro_keys {
            r#"{"format":"avro","subjects":["cdc.mysql.desk.tickets-key"]}"#
        } else {
            r#"{"format":"text"}"#
        };
        let value = r#"{"format":"avro","subjects":["cdc.mysql.desk.tickets-value"]}"#;
        let topics = folder.path().join("events/topics");
        fs::create_dir_all(&topics).unwrap();
        let contract = format!(r#"{{"owner":"desk","key":{key},"value":{value}}}"#);
        fs::write(topics.join(format!("{TOPIC}.json")), contract).unwrap();
    }

    fn write(folder: &TempDir, subject: &str, versions: &[&str]) {
        let of = folder.path().join("events/schemas").join(subject);
        fs::create_dir_all(&of).unwrap();
        for (number, version) in versions.iter().enumerate() {
            fs::write(of.join(format!("v{}.avsc", number + 1)), version).unwrap();
        }
    }

    fn check(folder: &TempDir) -> Result<usize, String> {
        let inner = folder.path().join("functions/index-tickets");
        let schemas = folder_above(&inner).unwrap();
        check_in(&schemas, "index-tickets", &readers()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn every_version_of_value_and_key_is_read() {
        let folder = TempDir::new().unwrap();
        declare(&folder, true);
        write(&folder, "cdc.mysql.desk.tickets-value", &[&envelope("string"), &envelope("string")]);
        let problem = check(&folder).unwrap_err();
        assert!(problem.contains("no events/schemas/cdc.mysql.desk.tickets-key/v1.avsc: write it"), "{problem}");
        write(&folder, "cdc.mysql.desk.tickets-key", &[r#""long""#]);
        assert_eq!(check(&folder), Ok(3));
    }

    #[test]
    fn a_version_that_cannot_be_read_is_named_with_its_owner() {
        let folder = TempDir::new().unwrap();
        declare(&folder, false);
        let versions = [envelope("string"), envelope("long")];
        let versions: Vec<_> = versions.iter().map(String::as_str).collect();
        write(&folder, "cdc.mysql.desk.tickets-value", &versions);
        let problem = check(&folder).unwrap_err();
        assert!(problem.starts_with("index-tickets cannot read cdc.mysql.desk.tickets-value v2 into"), "{problem}");
        assert!(problem.contains("title") && problem.contains("desk owns the schema"), "{problem}");
        assert!(!problem.contains("v1"), "{problem}");
    }

    #[test]
    fn a_topic_without_contract_or_schemas_is_told_what_to_write() {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("events/schemas")).unwrap();
        let problem = check(&folder).unwrap_err();
        let said = "index-tickets reads cdc.mysql.desk.tickets: there is no events/topics/cdc.mysql.desk.tickets.json: write \
                    the topic's contract";
        assert!(problem.contains(said), "{problem}");
        declare(&folder, false);
        assert!(check(&folder).unwrap_err().contains("cdc.mysql.desk.tickets-value/v1.avsc: write it"));
        assert_eq!(folder_above(Path::new("/nowhere/at-all")), None);
    }
    #[test]
    fn a_version_whose_file_cannot_be_read_is_not_the_end_of_the_versions() {
        let folder = TempDir::new().unwrap();
        declare(&folder, false);
        write(&folder, "cdc.mysql.desk.tickets-value", &[&envelope("string"), "", &envelope("long")]);
        let second = folder.path().join("events/schemas/cdc.mysql.desk.tickets-value/v2.avsc");
        // Not UTF-8.
        fs::write(&second, [0xff]).unwrap();
        let problem = check(&folder).unwrap_err();
        assert!(problem.contains(&format!("{} cannot be read", second.display())), "{problem}");
    }

    #[test]
    fn a_contract_names_the_schemas_of_its_values_and_avro_keys() {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("events/schemas")).unwrap();
        fs::create_dir_all(folder.path().join("events/topics")).unwrap();
        let contract = folder.path().join("events/topics").join(format!("{TOPIC}.json"));
        for (side, without) in
            [("value", r#"{"format":"avro"}"#), ("value", r#"{"subjects":[]}"#), ("key", r#"{"format":"avro"}"#)]
        {
            let mut said =
                serde_json::json!({"owner": "desk", "key": {"format": "text"}, "value": {"subjects": ["s"]}});
            said[side] = serde_json::from_str(without).unwrap();
            fs::write(&contract, said.to_string()).unwrap();
            let problem = check(&folder).unwrap_err();
            assert!(problem.contains(&format!("tickets.json names no schema of its {side}s")), "{without}: {problem}");
        }
    }
}
