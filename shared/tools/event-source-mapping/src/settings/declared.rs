//! What a function declares (`function.json`), as settings below those of files and flags.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use function_manifests::{Consumption, FILE, FunctionManifest, ManifestError};

use super::given::{Given, Value};
use super::problem::Problem;

const RESPONSE_TYPES: &str = "FunctionResponseTypes";
/// Seconds that Lambda takes as a function's timeout.
const TIMEOUTS: std::ops::RangeInclusive<u32> = 1..=900;

/// The manifest of a function that reads a topic.
#[derive(Debug, Clone)]
pub struct Declared {
    path: PathBuf,
    manifest: FunctionManifest,
    reads: Consumption,
}

/// A manifest cannot give a mapping its settings.
#[derive(Debug, thiserror::Error)]
pub enum DeclaredError {
    /// It cannot be read, or is none.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A schedule or a person invokes the function.
    #[error(
        "{}: {function} reads no topic, so no mapping invokes it: a schedule or a person does. Invoke it with `cargo lambda invoke {function}`, or give the manifest of a function that reads a topic",
        path.display()
    )]
    WithoutTopic {
        /// The manifest.
        path: PathBuf,
        /// Its function.
        function: String,
    },
}

/// What a manifest gave to a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// The settings that it gave, by CloudFormation's names.
    pub settings: BTreeSet<&'static str>,
    /// How long the function may take.
    pub timeout: Option<Duration>,
    /// What is wrong with the manifest, or contradicts it.
    pub problems: Vec<Problem>,
}

impl Declared {
    /// Reads a manifest: the file, or the folder of the function.
    ///
    /// # Errors
    /// When it cannot be read, is not a manifest, or its function reads no topic.
    pub fn read(path: &Path) -> Result<Self, DeclaredError> {
        let path = if path.is_dir() { path.join(FILE) } else { path.to_path_buf() };
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ManifestError::Read { path: path.clone(), source })
            .and_then(|text| function_manifests::parse(&text, &path));
        let manifest = text?;
        match manifest.consumption().cloned() {
            Some(reads) => Ok(Declared { path, manifest, reads }),
            None => Err(DeclaredError::WithoutTopic { path, function: manifest.function }),
        }
    }

    /// The function.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.manifest.function
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The variable that has to agree with `ReportBatchItemFailures`.
    #[must_use]
    pub fn partial_responses(&self) -> &str {
        &self.reads.partial_responses
    }

    /// Gives a mapping what it has not been given, or what only a deployment knows. `variables` are the function's, as far
    /// as the caller has set them: partial responses are used only where the variable that the manifest names is `true`.
    /// `in_file` says that a file describes the mapping, so that what it leaves out is switched off.
    pub fn fill(&self, given: &mut Given, variables: &BTreeMap<String, String>, in_file: bool) -> Filled {
        let mut filled = Filled::default();
        let batch = self.reads.batch;
        for (setting, value) in [
            ("FunctionName", Value::Text(self.manifest.function.clone())),
            ("Topics", Value::List(vec![Value::Text(self.reads.topic.clone())])),
            ("BatchSize", Value::Number(batch.records.into())),
            ("MaximumBatchingWindowInSeconds", Value::Number(batch.window_seconds.into())),
        ] {
            if !given.properties.get(setting).is_some_and(is_known) {
                given.properties.insert(setting.to_owned(), value);
                filled.settings.insert(setting);
            }
        }
        let timeout = self.manifest.limits.timeout_seconds;
        match TIMEOUTS.contains(&timeout) {
            true => filled.timeout = Some(Duration::from_secs(timeout.into())),
            false => {
                let reason = format!("is {timeout}; expected a whole number from 1 to 900, in {}", self.path.display());
                filled.problems.push(Problem { setting: "limits.timeout_seconds".to_owned(), reason });
            }
        }
        if let Some(value) = variables.get(self.partial_responses()) {
            match value.as_str() {
                "true" | "false" => self.agree(given, value == "true", in_file, &mut filled),
                other => {
                    let reason = format!("is {other:?}; expected true or false");
                    filled.problems.push(Problem { setting: self.partial_responses().to_owned(), reason });
                }
            }
        }
        filled
    }

    /// Holds the variable to the mapping's `ReportBatchItemFailures`.
    fn agree(&self, given: &mut Given, reports: bool, in_file: bool, filled: &mut Filled) {
        let said = match given.properties.get(RESPONSE_TYPES).filter(|value| is_known(value)) {
            Some(Value::List(kinds)) => Some(!kinds.is_empty()),
            Some(_) => Some(true),
            None => in_file.then_some(false),
        };
        let (variable, function) = (self.partial_responses(), self.function());
        let reason = match said {
            None if reports => {
                let kinds = Value::List(vec![Value::Text("ReportBatchItemFailures".to_owned())]);
                given.properties.insert(RESPONSE_TYPES.to_owned(), kinds);
                filled.settings.insert(RESPONSE_TYPES);
                return;
            }
            Some(true) if !reports => {
                format!("holds ReportBatchItemFailures, and {variable} of {function} is false: set both or neither")
            }
            Some(false) if reports => format!(
                "lacks ReportBatchItemFailures, and {variable} of {function} is true: records that it reports would be lost. Set both or neither"
            ),
            Some(_) | None => return,
        };
        filled.problems.push(Problem { setting: RESPONSE_TYPES.to_owned(), reason });
    }
}

fn is_known(value: &Value) -> bool {
    match value {
        Value::Null | Value::Unknown(_) => false,
        Value::List(values) => values.iter().all(is_known),
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_) => true,
    }
}
