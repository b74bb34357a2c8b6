//! Runs the DynamoDB queries that a function's README shows.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::AttributeValue;
use local_stack::REGION;
use serde_json::Value;

type Failure = Box<dyn Error + Send + Sync>;

/// A client of the emulator.
pub async fn dynamodb(endpoint: &str) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "end-to-end"))
        .load();
    Client::new(&config.await)
}

/// The queries in the README of a function: its blocks of JSON, each the input of `aws dynamodb query`.
///
/// # Errors
/// When the README is missing, or a block is not JSON.
pub fn readme_queries(function: &str) -> Result<Vec<Value>, Failure> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions").join(function).join("README.md");
    let text = std::fs::read_to_string(readme)?;
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| Ok(serde_json::from_str(block)?)).collect()
}

/// Runs a query.
///
/// # Errors
/// When the input is not the input of a query, or DynamoDB refuses it.
pub async fn query(client: &Client, input: &Value) -> Result<Vec<HashMap<String, AttributeValue>>, Failure> {
    let text = |name: &str| input[name].as_str().map(str::to_owned);
    let mut query = client
        .query()
        .set_table_name(text("TableName"))
        .set_index_name(text("IndexName"))
        .set_key_condition_expression(text("KeyConditionExpression"))
        .set_scan_index_forward(input["ScanIndexForward"].as_bool())
        .set_limit(input["Limit"].as_i64().and_then(|limit| i32::try_from(limit).ok()));
    for (name, attribute) in input["ExpressionAttributeNames"].as_object().into_iter().flatten() {
        query = query.expression_attribute_names(name, attribute.as_str().unwrap_or_default());
    }
    for (name, value) in input["ExpressionAttributeValues"].as_object().into_iter().flatten() {
        let value = value["S"].as_str().ok_or("the value of a query is not text")?;
        query = query.expression_attribute_values(name, AttributeValue::S(value.to_owned()));
    }
    Ok(query.send().await?.items.unwrap_or_default())
}
