//! Where a contract suite runs: on DynamoDB, or on tables in memory.
#![allow(clippy::expect_used, reason = "a table that does not answer fails the test")]

use std::future::Future;

use aws_sdk_dynamodb::Client;

use crate::memory::MemoryTables;
use crate::value::Item;
use crate::writes::Writes;

/// Gives a contract suite its tables, and looks into them past the code under test.
pub trait Place: Sync {
    /// Where the code under test writes.
    fn writes(&self) -> Writes;

    /// Puts an item as it is.
    fn put(&self, table: &str, item: Item) -> impl Future<Output = ()>;

    /// All items of a table, in any order.
    fn items(&self, table: &str) -> impl Future<Output = Vec<Item>>;
}

impl Place for MemoryTables {
    fn writes(&self) -> Writes {
        self.into()
    }

    async fn put(&self, table: &str, item: Item) {
        MemoryTables::put(self, table, item);
    }

    async fn items(&self, table: &str) -> Vec<Item> {
        MemoryTables::items(self, table)
    }
}

impl Place for Client {
    fn writes(&self) -> Writes {
        self.clone().into()
    }

    async fn put(&self, table: &str, item: Item) {
        self.put_item().table_name(table).set_item(Some(item)).send().await.expect("an item is put");
    }

    async fn items(&self, table: &str) -> Vec<Item> {
        self.scan()
            .table_name(table)
            .consistent_read(true)
            .send()
            .await
            .expect("the table is read")
            .items
            .unwrap_or_default()
    }
}
