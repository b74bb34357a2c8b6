//! Where conditional writes go: to DynamoDB, or in tests to tables in memory.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::failure::{FailedWrite, WriteFailure};
use super::item::{Write, write};
use super::transaction::{Transaction, transaction};
use crate::condition::{Condition, Placeholders};
#[cfg(feature = "testing")]
use crate::memory::MemoryTables;
use crate::request::{Change, Key, Request};
use crate::value::Item;

/// Takes the conditional writes of this crate's tables. Made of the SDK's client; with the feature `testing` also of
/// `testing::MemoryTables`.
#[derive(Debug, Clone)]
pub struct Writes(Store);

#[derive(Debug, Clone)]
enum Store {
    DynamoDb(Client),
    #[cfg(feature = "testing")]
    Memory(MemoryTables),
}

impl From<Client> for Writes {
    fn from(client: Client) -> Self {
        Writes(Store::DynamoDb(client))
    }
}

#[cfg(feature = "testing")]
impl From<&MemoryTables> for Writes {
    fn from(tables: &MemoryTables) -> Self {
        Writes(Store::Memory(tables.clone()))
    }
}

/// One put of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConditionalPut {
    pub(crate) key: Key,
    pub(crate) item: Item,
    pub(crate) condition: Condition,
}

impl Writes {
    pub(crate) async fn write(&self, table: &str, request: Request) -> Result<Write, FailedWrite> {
        match &self.0 {
            Store::DynamoDb(client) => send(client, table, request).await,
            #[cfg(feature = "testing")]
            Store::Memory(tables) => tables.write(table, request),
        }
    }

    /// All puts or none. When the answer is lost and the SDK sends them again, DynamoDB recognises the request's token.
    pub(crate) async fn put_all(&self, table: &str, puts: [ConditionalPut; 2]) -> Result<Transaction, FailedWrite> {
        match &self.0 {
            Store::DynamoDb(client) => send_all(client, table, puts).await,
            #[cfg(feature = "testing")]
            Store::Memory(tables) => {
                let request =
                    |ConditionalPut { key, item, condition }| Request { key, change: Change::Put(item), condition };
                tables.transact(table, puts.map(request).into())
            }
        }
    }
}

async fn send(client: &Client, table: &str, request: Request) -> Result<Write, FailedWrite> {
    let Request { key, change, condition } = request;
    let mut placeholders = Placeholders::default();
    let condition = condition.expression(&mut placeholders);
    match change {
        Change::Put(item) => {
            let put = client.put_item().table_name(table).set_item(Some(key.put_into(item)));
            let put = put.condition_expression(condition).return_values_on_condition_check_failure(AllOld);
            let put = put.set_expression_attribute_names(placeholders.names());
            write(put.set_expression_attribute_values(placeholders.values()).send().await)
        }
        Change::Update(update) => {
            let expression = update.expression(&mut placeholders);
            let update = client.update_item().table_name(table).set_key(Some(key.attributes()));
            let update = update.update_expression(expression).condition_expression(condition);
            let update = update.return_values_on_condition_check_failure(AllOld);
            let update = update.set_expression_attribute_names(placeholders.names());
            write(update.set_expression_attribute_values(placeholders.values()).send().await)
        }
        Change::Delete => {
            let delete = client.delete_item().table_name(table).set_key(Some(key.attributes()));
            let delete = delete.condition_expression(condition).return_values_on_condition_check_failure(AllOld);
            let delete = delete.set_expression_attribute_names(placeholders.names());
            write(delete.set_expression_attribute_values(placeholders.values()).send().await)
        }
    }
}

async fn send_all(client: &Client, table: &str, puts: [ConditionalPut; 2]) -> Result<Transaction, FailedWrite> {
    let mut request = client.transact_write_items();
    for ConditionalPut { key, item, condition } in puts {
        let mut placeholders = Placeholders::default();
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(key.put_into(item)))
            .condition_expression(condition.expression(&mut placeholders))
            .set_expression_attribute_names(placeholders.names())
            .set_expression_attribute_values(placeholders.values())
            .return_values_on_condition_check_failure(AllOld);
        // A field that the SDK requires is not set: nothing is sent.
        let put = put.build().map_err(|_| FailedWrite { failure: WriteFailure::Rejected, cause: None })?;
        request = request.transact_items(TransactWriteItem::builder().put(put).build());
    }
    transaction(request.send().await)
}
