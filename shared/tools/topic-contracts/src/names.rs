//! Files about names: the rules of an organisation, and what an environment calls its topics.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use topic_names::{EnvironmentNames, Helper, Holds, Letters, NamingRules};

use crate::error::TopicsError;
use crate::files;

const RULES: &str = include_str!("../../../../events/names.schema.json");
const ENVIRONMENT: &str = include_str!("../../../../events/environment-names.schema.json");

#[derive(Deserialize)]
struct RulesFile {
    patterns: Vec<PatternOfFile>,
    #[serde(default)]
    capitals: bool,
    #[serde(default)]
    underscores: bool,
}

#[derive(Deserialize)]
struct PatternOfFile {
    holds: HoldsOfFile,
    name: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum HoldsOfFile {
    Events,
    Changes,
    SchemaChanges,
    SchemaHistory,
    Transactions,
    Messages,
    Heartbeats,
}

#[derive(Deserialize)]
struct EnvironmentFile {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    topics: BTreeMap<String, String>,
}

/// The rules in `names.json` of a folder such as `events`. Without the file, those of `topic-names`.
///
/// # Errors
/// When the file cannot be read, has not the form of `names.schema.json`, or a pattern cannot be used.
pub fn naming_rules(events: &Path) -> Result<NamingRules, TopicsError> {
    let path = events.join("names.json");
    let file: RulesFile = match read(&path, RULES) {
        Ok(file) => file,
        Err(TopicsError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(NamingRules::default());
        }
        Err(error) => return Err(error),
    };
    let patterns = file.patterns.iter().map(|pattern| (holds(pattern.holds), pattern.name.as_str()));
    let letters = Letters { capitals: file.capitals, underscores: file.underscores };
    NamingRules::new(patterns, letters).map_err(|source| TopicsError::Rules { path, source })
}

/// What an environment calls its topics, from a file of the form of `events/environment-names.schema.json`.
///
/// # Errors
/// When the file cannot be read, has another form, or gives a name that no topic can have.
pub fn environment_names(path: &Path) -> Result<EnvironmentNames, TopicsError> {
    let file: EnvironmentFile = read(path, ENVIRONMENT)?;
    EnvironmentNames::new(&file.prefix, file.topics)
        .map_err(|source| TopicsError::Names { path: path.to_owned(), problems: vec![source] })
}

fn holds(of_file: HoldsOfFile) -> Holds {
    match of_file {
        HoldsOfFile::Events => Holds::Events,
        HoldsOfFile::Changes => Holds::Changes,
        HoldsOfFile::SchemaChanges => Holds::Helper(Helper::SchemaChanges),
        HoldsOfFile::SchemaHistory => Holds::Helper(Helper::SchemaHistory),
        HoldsOfFile::Transactions => Holds::Helper(Helper::Transaction),
        HoldsOfFile::Messages => Holds::Helper(Helper::Message),
        HoldsOfFile::Heartbeats => Holds::Helper(Helper::Heartbeat),
    }
}

fn read<T: DeserializeOwned>(path: &Path, schema: &str) -> Result<T, TopicsError> {
    let json = files::json(path)?;
    let wrong = files::not_of_form(&files::validator(schema)?, &json);
    if !wrong.is_empty() {
        return Err(TopicsError::Form { path: path.to_owned(), problems: wrong });
    }
    serde_json::from_value(json).map_err(|source| TopicsError::Json { path: path.to_owned(), source })
}
