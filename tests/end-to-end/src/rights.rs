//! The actions of IAM that functions declare, and those that the emulator saw.

use std::collections::BTreeSet;

use function_manifests::{Actions, FunctionManifest, ManifestError, read};
use local_stack::Workspace;

use crate::Scene;

/// The manifest of a function of this repository.
///
/// # Errors
/// When it has none, or one that cannot be used.
pub fn manifest(function: &str) -> Result<FunctionManifest, Box<dyn std::error::Error + Send + Sync>> {
    let folder = Workspace::find()?.root().join("functions").join(function);
    let found: Result<_, ManifestError> = read(&folder);
    Ok(found?.ok_or_else(|| format!("{function} has no function.json"))?)
}

/// The actions that a function declares for these variables, without their service. Kafka's are not asked of the emulator.
pub fn declared(function: &FunctionManifest, variables: &[(String, String)]) -> BTreeSet<String> {
    let is_set = |name: &str| variables.iter().any(|(set, _)| set == name);
    let taken = |actions: &&Actions| {
        actions.when.as_ref().is_none_or(|when| variables.contains(&(when.variable.clone(), when.is.clone())))
            && actions.variable().is_none_or(is_set)
    };
    let others = function.actions.iter().filter(taken).flat_map(|actions| &actions.actions);
    let tables = function.tables.iter().filter(|table| is_set(&table.variable)).flat_map(|table| &table.actions);
    let parted = others.chain(tables).filter_map(|action| action.split_once(':'));
    parted.filter(|(service, _)| *service != "kafka-cluster").map(|(_, action)| action.to_owned()).collect()
}

impl Scene {
    /// The actions of the requests that reached the emulator.
    pub fn actions(&self) -> BTreeSet<String> {
        self.stack.faults.operations().iter().map(|operation| action(operation).to_owned()).collect()
    }
}

/// By what an operation is allowed. A transaction by what it consists of, here conditional puts, and a batch of messages as
/// one message (the developer guides of DynamoDB and SQS); S3's operations are known by method and path.
fn action(operation: &str) -> &str {
    match operation {
        "TransactWriteItems" => "PutItem",
        "SendMessageBatch" => "SendMessage",
        "DeleteMessageBatch" => "DeleteMessage",
        "ChangeMessageVisibilityBatch" => "ChangeMessageVisibility",
        put if put.starts_with("PUT /") => "PutObject",
        get if get.starts_with("GET /") => "GetObject",
        other => other,
    }
}
