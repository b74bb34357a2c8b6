//! Conditional writes as data: sent to DynamoDB, or evaluated in memory by tests.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::attribute::{KEY, SORT};
use crate::condition::{Condition, Placeholders};
use crate::value::{Item, text};

/// One write of one item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) key: Key,
    pub(crate) change: Change,
    pub(crate) condition: Condition,
}

/// The key of an item: [`KEY`], and [`SORT`] in tables that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) partition: String,
    pub(crate) sort: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    /// The item as a whole, without its key.
    Put(Item),
    /// Some attributes of an item.
    Update(Update),
    Delete,
}

/// Changes of single attributes. Each sees the item as it was before the update.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Update {
    pub(crate) set: BTreeMap<String, AttributeValue>,
    pub(crate) remove: Vec<String>,
    pub(crate) copy: Vec<CopyUnlessThere>,
}

/// The attribute `to` gets the value of `from`, unless it has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyUnlessThere {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Key {
    pub(crate) fn of(partition: &str) -> Self {
        Key { partition: partition.to_owned(), sort: None }
    }

    /// The key as attributes.
    pub(crate) fn attributes(self) -> Item {
        let partition = (KEY.to_owned(), text(self.partition));
        let sort = self.sort.map(|sort| (SORT.to_owned(), text(sort)));
        [partition].into_iter().chain(sort).collect()
    }

    /// The item with this key.
    pub(crate) fn put_into(self, mut item: Item) -> Item {
        item.extend(self.attributes());
        item
    }
}

impl Update {
    /// As an update expression of DynamoDB.
    pub(crate) fn expression(self, placeholders: &mut Placeholders) -> String {
        let Update { set, remove, copy } = self;
        let set = set.into_iter().map(|(name, value)| {
            let name = placeholders.name(&name);
            format!("{name}={}", placeholders.value(value))
        });
        let mut set: Vec<_> = set.collect();
        set.extend(copy.iter().map(|CopyUnlessThere { from, to }| {
            let (from, to) = (placeholders.name(from), placeholders.name(to));
            format!("{to}=if_not_exists({to},{from})")
        }));
        let remove: Vec<_> = remove.iter().map(|name| placeholders.name(name)).collect();
        let parts = [("SET", set), ("REMOVE", remove)].into_iter().filter(|(_, parts)| !parts.is_empty());
        let parts: Vec<_> = parts.map(|(action, parts)| format!("{action} {}", parts.join(","))).collect();
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_sets_removes_and_copies_by_name() {
        let update = Update {
            set: BTreeMap::from([("email".to_owned(), text("new"))]),
            remove: vec!["phone".to_owned()],
            copy: vec![CopyUnlessThere { from: "version".to_owned(), to: "version#notes".to_owned() }],
        };
        let mut placeholders = Placeholders::default();
        let expression = update.expression(&mut placeholders);
        assert_eq!(expression, "SET #0=:0,#2=if_not_exists(#2,#1) REMOVE #3");
        assert_eq!(placeholders.names().unwrap()["#3"], "phone");
        let removes = Update { remove: vec!["phone".to_owned()], ..Update::default() };
        assert_eq!(removes.expression(&mut Placeholders::default()), "REMOVE #0");
    }
}
