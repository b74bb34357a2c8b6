//! The DynamoDB tables of all functions, by shape.

use serde_json::{Value, json};

/// Claims of effects that cannot be made conditional.
pub const CLAIMS_TABLE: &str = "claims";

/// Every table of the local stack.
pub const TABLES: &[Table] = &[Table { partition: "pk", ..Table::named(CLAIMS_TABLE) }];

/// A table whose keys are text, with `expires_at` as the time to live.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The partition key.
    pub partition: &'static str,
    /// The sort key, if it has one.
    pub sort: Option<&'static str>,
    /// A secondary index with all attributes: its name, partition key and sort key.
    pub index: Option<(&'static str, &'static str, &'static str)>,
}

impl Table {
    /// A table whose only key is the text `pk`.
    pub const fn named(name: &'static str) -> Self {
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
