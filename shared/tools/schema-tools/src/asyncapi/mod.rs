//! The AsyncAPI document of all topics, generated from contracts, schemas and what the functions declare: what the
//! catalogue says, for programs.
//!
//! A channel is a topic; its messages have the newest version of their schemas, by value; an operation is a function that
//! reads or writes it. What AsyncAPI has no word for is an extension: `x-person`, the paths that name a person.

mod channel;
mod message;
mod operation;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use topic_contracts::TopicsError;

use crate::contracts::{ContractError, Contracts};

/// The version of AsyncAPI that the document is written in.
const ASYNCAPI: &str = "3.0.0";

const DESCRIPTION: &str = "\
Every topic: what it holds, who owns it, who writes and reads it, how long it is kept, and the newest version of its schemas. \
Values and keys in Avro are in the frame of the schema registry. Generated from the contracts in `events/topics`, from \
`events/schemas` and from what the functions declare, by `make schemas-docs`; `events/CATALOGUE.md` has the same for people, \
with examples and history.";

/// The document's file, beside the folder of schemas.
pub fn file(schemas: &Path) -> PathBuf {
    schemas.parent().unwrap_or(Path::new("..")).join("asyncapi.json")
}

/// The whole document, as JSON with its names in alphabetical order.
///
/// # Errors
/// When a contract does not hold.
pub fn document(contracts: &Contracts) -> Result<String, ContractError> {
    if !contracts.violations.is_empty() {
        return Err(TopicsError::Invalid(contracts.violations.clone()).into());
    }
    let topics = &contracts.topics.contracts;
    let channels = topics.iter().map(|(topic, contract)| {
        let messages = message::of(contracts, topic, contract);
        (topic.to_string(), channel::of(topic, contract, messages))
    });
    let operations = topics.iter().flat_map(|(topic, contract)| operation::of(contracts, topic, contract));
    let document = json!({
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Topics",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {
                "name": env!("CARGO_PKG_LICENSE"),
                "url": format!("https://spdx.org/licenses/{}.html", env!("CARGO_PKG_LICENSE")),
            },
        },
        "channels": channels.collect::<Map<_, _>>(),
        "operations": operations.collect::<Map<_, _>>(),
    });
    Ok(format!("{document:#}\n"))
}

/// A tag, and what it says in a sentence.
fn tag(name: String, description: String) -> Json {
    json!({ "name": name, "description": description })
}
