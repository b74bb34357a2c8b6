//! The resources that functions need, read from their manifests.

use std::collections::{BTreeMap, BTreeSet};

use function_manifests::{FunctionManifest, Index, ManifestError, Variable};
use serde_json::{Value, json};

use crate::workspace::{PackagesError, Workspace};

/// A table whose keys are text, with `expires_at` as the time to live.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Its name.
    pub name: &'a str,
    /// The partition key.
    pub partition: &'a str,
    /// The sort key, if it has one.
    pub sort: Option<&'a str>,
    /// Secondary indexes with all attributes.
    pub indexes: &'a [Index],
}

impl<'a> Table<'a> {
    /// A table whose only key is the text `pk`.
    pub const fn named(name: &'a str) -> Self {
        Table { name, partition: "pk", sort: None, indexes: &[] }
    }

    /// The request of `CreateTable`.
    pub(crate) fn definition(&self) -> Value {
        let keys = |partition: &str, sort: Option<&str>| -> Vec<Value> {
            let partition = json!({"AttributeName": partition, "KeyType": "HASH"});
            let sort = sort.map(|sort| json!({"AttributeName": sort, "KeyType": "RANGE"}));
            std::iter::once(partition).chain(sort).collect()
        };
        let of_indexes = self.indexes.iter().flat_map(|index| [&*index.partition_key, &*index.sort_key]);
        let names: BTreeSet<_> = std::iter::once(self.partition).chain(self.sort).chain(of_indexes).collect();
        let mut definition = json!({
            "TableName": self.name,
            "AttributeDefinitions": names.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect::<Vec<_>>(),
            "KeySchema": keys(self.partition, self.sort),
            "BillingMode": "PAY_PER_REQUEST",
        });
        let index = |index: &Index| {
            json!({
                "IndexName": index.name,
                "KeySchema": keys(&index.partition_key, Some(&index.sort_key)),
                "Projection": {"ProjectionType": "ALL"},
            })
        };
        if !self.indexes.is_empty() {
            definition["GlobalSecondaryIndexes"] = self.indexes.iter().map(index).collect();
        }
        definition
    }
}

/// The resources of all functions of a workspace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    /// Each table once, by its name.
    tables: BTreeMap<String, Declared>,
    /// The addresses or domains that may send mail.
    pub(crate) senders: BTreeSet<String>,
    /// Variables with their values; among them those that name the tables.
    pub(crate) variables: BTreeMap<String, String>,
    /// Variables that contain a queue's URL.
    pub(crate) queues: BTreeSet<String>,
    /// Variables that name a bucket.
    pub(crate) buckets: BTreeSet<String>,
}

/// What functions declare about a table, and which of them said it first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    function: String,
    partition: String,
    sort: Option<String>,
    indexes: Vec<Index>,
}

/// The resources of the functions cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum ResourcesError {
    /// No list of the functions.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// A manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// All functions share one environment here.
    #[error(
        "{function} and {other} both call a table {table}, and declare other keys or indexes for it: give one of them a \
         variable of another name"
    )]
    Tables {
        /// The table.
        table: String,
        /// A function.
        function: String,
        /// One that came before.
        other: String,
    },
    /// All functions share one environment here.
    #[error(
        "{function} has `{wanted}` for {variable} here, and a function before it another value: declare one value          (`local`, or the example) for both, or give the variables other names"
    )]
    Values {
        /// The function.
        function: String,
        /// The variable.
        variable: String,
        /// Its value for this function.
        wanted: String,
    },
}

impl Resources {
    /// Reads the manifests of all packages of the workspace.
    ///
    /// # Errors
    /// When a manifest cannot be used, or two contradict each other.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self, ResourcesError> {
        let mut resources = Resources::default();
        for package in workspace.packages()? {
            if let Some(manifest) = function_manifests::read(&package.folder)? {
                resources.add(&manifest)?;
            }
        }
        Ok(resources)
    }

    /// All tables.
    pub(crate) fn tables(&self) -> impl Iterator<Item = Table<'_>> {
        self.tables.iter().map(|(name, Declared { partition, sort, indexes, .. })| Table {
            name,
            partition,
            sort: sort.as_deref(),
            indexes,
        })
    }

    fn add(&mut self, manifest: &FunctionManifest) -> Result<(), ResourcesError> {
        for table in &manifest.tables {
            let declared = Declared {
                function: manifest.function.clone(),
                partition: table.partition_key.clone(),
                sort: table.sort_key.clone(),
                indexes: table.indexes.clone(),
            };
            let known = self.tables.entry(table.name.clone()).or_insert_with(|| declared.clone());
            if (&known.partition, &known.sort, &known.indexes)
                != (&declared.partition, &declared.sort, &declared.indexes)
            {
                let (table, other) = (table.name.clone(), known.function.clone());
                return Err(ResourcesError::Tables { table, function: declared.function, other });
            }
            self.variables.insert(table.variable.clone(), table.name.clone());
        }
        for variable in &manifest.variables {
            self.add_variable(&manifest.function, variable)?;
        }
        let sends = |actions: &&function_manifests::Actions| actions.resource.starts_with("identity/");
        let senders = manifest.actions.iter().filter(sends).filter_map(function_manifests::Actions::variable);
        self.senders.extend(senders.filter_map(|variable| self.variables.get(variable)).map(|sender| address(sender)));
        Ok(())
    }

    /// What no resource fills has the value that is declared for a laptop, else, if it must be set, its example.
    fn add_variable(&mut self, function: &str, variable: &Variable) -> Result<(), ResourcesError> {
        let name = &variable.name;
        match variable.resource.as_deref() {
            Some("queue") => drop(self.queues.insert(name.clone())),
            Some("bucket") => drop(self.buckets.insert(name.clone())),
            Some("table") => {}
            _ => {
                let example = variable.required.then_some(&variable.example);
                let Some(wanted) = variable.local.as_ref().or(example) else { return Ok(()) };
                let value = self.variables.entry(name.clone()).or_insert_with(|| wanted.clone());
                if value != wanted {
                    let (function, wanted) = (function.to_owned(), wanted.clone());
                    return Err(ResourcesError::Values { function, variable: name.clone(), wanted });
                }
            }
        }
        Ok(())
    }
}

/// `Name <address>` or `address`.
fn address(sender: &str) -> String {
    let address = sender.rsplit_once('<').map_or(sender, |(_, address)| address.trim_end_matches('>'));
    address.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(function: &str, tables: Value, variables: Value, actions: Value) -> FunctionManifest {
        let manifest = json!({
            "$schema": "../function.schema.json", "function": function, "trigger": {"kind": "invocation"},
            "limits": {"memory_mb": 128, "timeout_seconds": 3},
            "variables": variables, "tables": tables, "actions": actions,
        });
        function_manifests::parse(&manifest.to_string(), "function.json".as_ref()).unwrap()
    }

    fn table(variable: &str, sort: Option<&str>, indexes: Value) -> Value {
        json!({
            "variable": variable, "name": variable.to_lowercase(), "partition_key": "pk", "sort_key": sort, "ttl": null,
            "indexes": indexes, "person": [], "actions": ["dynamodb:PutItem"],
        })
    }

    fn variable(name: &str, required: bool, example: &str, resource: Option<&str>) -> Value {
        let mut variable = json!({
            "name": name, "meaning": "It.", "kind": "text", "required": required, "example": example, "secret": false,
        });
        if let Some(resource) = resource {
            variable["resource"] = resource.into();
        }
        variable
    }

    fn resources(manifests: &[FunctionManifest]) -> Result<Resources, ResourcesError> {
        let mut resources = Resources::default();
        manifests.iter().try_for_each(|manifest| resources.add(manifest)).map(|()| resources)
    }

    #[test]
    fn what_functions_declare_is_prepared_once() {
        let by_a = json!([{"name": "by_a", "partition_key": "a", "sort_key": "b"}]);
        let rows = manifest("keep-rows", json!([table("ROWS", None, by_a)]), json!([]), json!([]));
        let variables = json!([
            variable("MODE", true, "live", None),
            variable("COLOR", false, "red", None),
            {"name": "RATE", "meaning": "It.", "kind": "n", "required": false, "example": "5", "local": "9", "secret": false},
            variable("SENDER", true, "Us <us@example.com>", None),
            variable("LETTERS", true, "http://a", Some("queue")),
            variable("LARGE", false, "b", Some("bucket")),
        ]);
        let sends = json!([{"actions": ["ses:SendEmail"], "resource": "identity/${SENDER}"}]);
        let mails = manifest("send-mail", json!([table("LOG", Some("sk"), json!([]))]), variables, sends);
        let found = resources(&[rows.clone(), mails, rows]).unwrap();
        let tables: Vec<_> = found.tables().map(|table| (table.name, table.sort, table.indexes.len())).collect();
        assert_eq!(tables, [("log", Some("sk"), 0), ("rows", None, 1)]);
        let sender = ("SENDER", "Us <us@example.com>");
        let variables = [("LOG", "log"), ("MODE", "live"), ("RATE", "9"), ("ROWS", "rows"), sender];
        assert_eq!(found.variables, variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!(found.senders, BTreeSet::from(["us@example.com".to_owned()]));
        assert_eq!(found.queues.iter().chain(&found.buckets).collect::<Vec<_>>(), ["LETTERS", "LARGE"]);
    }

    #[test]
    fn functions_that_contradict_each_other_are_named() {
        let tabled = |function, sort| manifest(function, json!([table("T", sort, json!([]))]), json!([]), json!([]));
        let refused = resources(&[tabled("keep-a", None), tabled("keep-b", Some("sk"))]).unwrap_err().to_string();
        assert!(refused.starts_with("keep-b and keep-a both call a table t,"), "{refused}");
        let with = |function, example| {
            manifest(function, json!([]), json!([variable("MODE", true, example, None)]), json!([]))
        };
        let refused = resources(&[with("keep-a", "on"), with("keep-b", "off")]).unwrap_err().to_string();
        assert!(refused.starts_with("keep-b has `off` for MODE here"), "{refused}");
    }

    #[test]
    fn the_functions_of_the_workspace_are_read() {
        let found = Resources::of(&Workspace::find().unwrap()).unwrap();
        assert!(found.tables().next().is_some() && !found.variables.is_empty());
    }
}
