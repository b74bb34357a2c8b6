//! Recorded topics: a folder with the writer schemas and the records of a real connector.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// A recording: `schemas.json` (the writer schemas by registry id) and `records.jsonl` (a record a line).
pub struct Recorded {
    folder: PathBuf,
}

impl Recorded {
    /// The recording in this folder.
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        Recorded { folder: folder.as_ref().to_owned() }
    }

    /// The schemas, as a snapshot file has them.
    pub(crate) fn schemas(&self) -> String {
        self.text("schemas.json")
    }

    /// The records as one event of an event source mapping.
    pub(crate) fn event(&self) -> Value {
        let mut partitions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for line in self.text("records.jsonl").lines().filter(|line| !line.trim().is_empty()) {
            let mut record: Value = self.json(line);
            let partition = format!("{}-{}", record["topic"].as_str().unwrap_or_default(), record["partition"]);
            if let Some(fields) = record.as_object_mut() {
                // What another decoder read from the bytes.
                fields.remove("expect");
            }
            partitions.entry(partition).or_default().push(record);
        }
        json!({"eventSource": "aws:kafka", "records": partitions})
    }

    fn text(&self, name: &str) -> String {
        let path = self.folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => panic!("cannot read {}: {error}", path.display()),
        }
    }

    fn json<T: serde::de::DeserializeOwned>(&self, text: &str) -> T {
        match serde_json::from_str(text) {
            Ok(read) => read,
            Err(error) => panic!("{} is not a recording: {error}", self.folder.display()),
        }
    }
}
