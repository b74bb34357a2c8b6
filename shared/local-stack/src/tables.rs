//! The DynamoDB tables of all functions, by shape.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::tools::Workspace;

/// Claims of effects that cannot be made conditional.
pub const CLAIMS_TABLE: &str = "claims";

/// The newest version of each login, also by user and time.
pub const LOGINS_TABLE: &str = "logins";
/// The audit log of profile updates.
pub const AUDIT_TABLE: &str = "profile-audit";

/// How far the profile feed is published.
pub const PROFILE_CURSOR_TABLE: &str = "profile-cursor";

/// Every table of the local stack.
pub const TABLES: &[Table<'static>] = &[
    Table { partition: "pk", ..Table::named(CLAIMS_TABLE) },
    Table { index: Some(("by_user", "user", "at")), ..Table::named(LOGINS_TABLE) },
    Table { sort: Some("sk"), ..Table::named(AUDIT_TABLE) },
    Table::named(PROFILE_CURSOR_TABLE),
];

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

/// The tables that functions ask for in a `local-stack.json` beside their manifest, by the variable that is to name
/// them; so a new function needs no change here. Their only key is the text `pk`.
///
/// # Errors
/// When such a file cannot be read or is something else.
pub(crate) fn tables_of_functions(workspace: &Workspace) -> io::Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        tables: BTreeMap<String, String>,
    }
    let mut tables = BTreeMap::new();
    let functions = std::fs::read_dir(workspace.root().join("functions"))?.collect::<Result<Vec<_>, _>>()?;
    let folders =
        functions.into_iter().map(|entry| entry.path()).chain([workspace.root().join("shared/function-template")]);
    for wanted in folders.map(|folder| folder.join("local-stack.json")).filter(|path| path.exists()) {
        let wanted: Wanted = serde_json::from_slice(&std::fs::read(wanted)?)?;
        tables.extend(wanted.tables);
    }
    Ok(tables)
}
