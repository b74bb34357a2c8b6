//! The DynamoDB tables of all functions, by shape.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::new_function::TEMPLATES;
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

/// A table that a function asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedTable {
    /// The variable that is to name it.
    pub(crate) variable: String,
    /// Its name.
    pub(crate) name: String,
    /// Whether its keys are `pk` and `sk`.
    pub(crate) append_only: bool,
}

impl WantedTable {
    /// The table: `pk` alone is the key of rows, `pk` and `sk` are those of entries (`shared/adapters/effects-dynamodb`).
    pub(crate) fn table(&self) -> Table<'_> {
        Table { sort: self.append_only.then_some("sk"), ..Table::named(&self.name) }
    }
}

/// The tables that functions ask for in a `local-stack.json` beside their manifest, by the variable that is to name
/// them; so a new function needs no change here.
///
/// # Errors
/// When such a file cannot be read or is something else.
pub(crate) fn tables_of_functions(workspace: &Workspace) -> io::Result<Vec<WantedTable>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[serde(default)]
        tables: BTreeMap<String, String>,
        #[serde(default)]
        append_only_tables: BTreeMap<String, String>,
    }
    let mut tables = Vec::new();
    let functions = std::fs::read_dir(workspace.root().join("functions"))?.collect::<Result<Vec<_>, _>>()?;
    let templates = TEMPLATES.map(|template| workspace.root().join("shared/tools").join(template.name));
    let folders = functions.into_iter().map(|entry| entry.path()).chain(templates);
    for wanted in folders.map(|folder| folder.join("local-stack.json")).filter(|path| path.exists()) {
        let wanted: Wanted = serde_json::from_slice(&std::fs::read(wanted)?)?;
        for (of, append_only) in [(wanted.tables, false), (wanted.append_only_tables, true)] {
            tables.extend(of.into_iter().map(|(variable, name)| WantedTable { variable, name, append_only }));
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_gets_a_table_with_the_keys_that_its_effect_needs() {
        let wanted = tables_of_functions(&Workspace::find().unwrap()).unwrap();
        let sort = |variable: &str| wanted.iter().find(|wanted| wanted.variable == variable).unwrap().table().sort;
        assert_eq!(sort("TEMPLATE_ROWS_TABLE"), None);
        assert_eq!(sort("TEMPLATE_DOCUMENTS_TABLE"), None);
        assert_eq!(sort("TEMPLATE_EVENTS_TABLE"), Some("sk"));
    }
}
