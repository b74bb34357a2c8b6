//! DynamoDB keeps the contracts that tables in memory keep.

use dynamodb::testing::{append_contract, rows_contract};

use crate::{LOG, ROWS, emulator};

#[tokio::test]
async fn rows_in_dynamodb_keep_the_contract() {
    let (_aws, _proxy, client) = emulator().await;
    rows_contract(&client, ROWS).await;
}

#[tokio::test]
async fn entries_in_dynamodb_keep_the_contract() {
    let (_aws, _proxy, client) = emulator().await;
    append_contract(&client, LOG).await;
}
