//! The resources that functions need: read from a `local-stack.json` beside the manifest of each, so that a new function
//! needs no change here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::workspace::{PackagesError, Workspace};

/// The file in which a function lists its resources.
const FILE: &str = "local-stack.json";

/// A table whose keys are text, with `expires_at` as the time to live.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Its name.
    pub name: &'a str,
    /// The partition key.
    pub partition: &'a str,
    /// The sort key, if it has one.
    pub sort: Option<&'a str>,
    /// A secondary index with all attributes: its name, partition key and sort key.
    pub index: Option<(&'a str, &'a str, &'a str)>,
}

impl<'a> Table<'a> {
    /// A table whose only key is the text `pk`.
    pub const fn named(name: &'a str) -> Self {
        Table { name, partition: "pk", sort: None, index: None }
    }

    /// The request of `CreateTable`.
    pub(crate) fn definition(&self) -> Value {
        let keys = |partition: &str, sort: Option<&str>| -> Vec<Value> {
            let partition = json!({"AttributeName": partition, "KeyType": "HASH"});
            let sort = sort.map(|sort| json!({"AttributeName": sort, "KeyType": "RANGE"}));
            std::iter::once(partition).chain(sort).collect()
        };
        let mut names: Vec<_> = std::iter::once(self.partition).chain(self.sort).collect();
        names.extend(self.index.iter().flat_map(|(_, partition, sort)| [*partition, *sort]));
        names.sort_unstable();
        names.dedup();
        let mut definition = json!({
            "TableName": self.name,
            "AttributeDefinitions": names.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect::<Vec<_>>(),
            "KeySchema": keys(self.partition, self.sort),
            "BillingMode": "PAY_PER_REQUEST",
        });
        if let Some((name, partition, sort)) = self.index {
            definition["GlobalSecondaryIndexes"] = json!([{
                "IndexName": name,
                "KeySchema": keys(partition, Some(sort)),
                "Projection": {"ProjectionType": "ALL"},
            }]);
        }
        definition
    }
}

/// The resources of all functions of a workspace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// Each table once.
    pub(crate) tables: BTreeSet<ListedTable>,
    /// The addresses or domains that may send mail.
    pub(crate) senders: BTreeSet<String>,
    /// Variables with their values; among them those that name the tables.
    pub(crate) variables: BTreeMap<String, String>,
}

/// A table that a function lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListedTable {
    name: String,
    append_only: bool,
    index: Option<Index>,
}

impl ListedTable {
    /// Rows have the key `pk`; the entries of an append-only table have `pk` and `sk`.
    pub(crate) fn table(&self) -> Table<'_> {
        let index = self.index.as_ref().map(|index| (&*index.name, &*index.partition, &*index.sort));
        Table { sort: self.append_only.then_some("sk"), index, ..Table::named(&self.name) }
    }
}

/// The resources of the functions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ResourcesError {
    /// No list of the functions.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has another form.
    #[error(
        "{} does not have the form {{\"tables\" or \"append_only_tables\": {{\"VARIABLE\": \"table\" or {{\"name\", \"index\": \
         {{\"name\", \"partition\", \"sort\"}}}}}}, \"senders\": [\"address\"], \"variables\": {{\"VARIABLE\": \"value\"}}}}",
        path.display()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// All functions share one environment here.
    #[error("{} sets {variable} to another value than the function before it: choose one value for all", path.display())]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The variable.
        variable: String,
    },
}

/// What a `local-stack.json` contains.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// By the variable that names the table to the function.
    #[serde(default)]
    tables: BTreeMap<String, TableForm>,
    #[serde(default)]
    append_only_tables: BTreeMap<String, TableForm>,
    #[serde(default)]
    senders: BTreeSet<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum TableForm {
    Name(String),
    Indexed { name: String, index: Index },
}

/// A secondary index with all attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    name: String,
    partition: String,
    sort: String,
}

impl Resources {
    /// Reads the files of all packages of the workspace.
    ///
    /// # Errors
    /// When a file cannot be read or has another form, or two set one variable to different values.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, ResourcesError> {
        let mut resources = Resources::default();
        for package in workspace.packages()? {
            let path = package.folder.join(FILE);
            match std::fs::read(&path) {
                Ok(text) => resources.add(&text, &path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(ResourcesError::Read { path, source }),
            }
        }
        Ok(resources)
    }

    fn add(&mut self, text: &[u8], path: &Path) -> Result<(), ResourcesError> {
        let listed: Listed =
            serde_json::from_slice(text).map_err(|source| ResourcesError::Form { path: path.to_path_buf(), source })?;
        let mut variables = listed.variables;
        for (tables, append_only) in [(listed.tables, false), (listed.append_only_tables, true)] {
            for (variable, form) in tables {
                let (name, index) = match form {
                    TableForm::Name(name) => (name, None),
                    TableForm::Indexed { name, index } => (name, Some(index)),
                };
                variables.insert(variable, name.clone());
                self.tables.insert(ListedTable { name, append_only, index });
            }
        }
        for (variable, value) in variables {
            if self.variables.get(&variable).is_some_and(|known| *known != value) {
                return Err(ResourcesError::Conflict { path: path.to_path_buf(), variable });
            }
            self.variables.insert(variable, value);
        }
        self.senders.extend(listed.senders);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(files: &[&str]) -> Result<Resources, ResourcesError> {
        let mut resources = Resources::default();
        for text in files {
            resources.add(text.as_bytes(), Path::new(FILE))?;
        }
        Ok(resources)
    }

    #[test]
    fn a_table_has_the_keys_and_the_index_that_are_listed() {
        let rows =
            r#"{"tables": {"ROWS": {"name": "rows", "index": {"name": "by_a", "partition": "a", "sort": "b"}}}}"#;
        let log =
            r#"{"append_only_tables": {"LOG": "log"}, "senders": ["us@example.com"], "variables": {"MODE": "live"}}"#;
        let found = resources(&[rows, log, rows]).unwrap();
        let tables: Vec<_> = found.tables.iter().map(ListedTable::table).collect();
        assert_eq!((tables.len(), tables[0].name, tables[0].sort), (2, "log", Some("sk")));
        assert_eq!((tables[1].name, tables[1].sort, tables[1].index), ("rows", None, Some(("by_a", "a", "b"))));
        let variables = [("LOG", "log"), ("MODE", "live"), ("ROWS", "rows")];
        assert_eq!(found.variables, variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!(found.senders, BTreeSet::from(["us@example.com".to_owned()]));
    }

    #[test]
    fn another_form_and_two_values_of_a_variable_are_refused() {
        let refused = |files: &[&str]| resources(files).unwrap_err().to_string();
        assert!(refused(&[r#"{"table": {}}"#]).contains("does not have the form"));
        assert!(refused(&[r#"{"tables": {"A": "a"}}"#, r#"{"variables": {"A": "b"}}"#]).contains("sets A"));
    }

    #[test]
    fn the_packages_of_the_workspace_are_read() {
        let found = Resources::of(&Workspace::find().unwrap()).unwrap();
        assert!(!found.tables.is_empty() && !found.variables.is_empty());
    }
}
