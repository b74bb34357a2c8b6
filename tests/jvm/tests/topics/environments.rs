//! Names that an environment or an organisation gives.

use serde_json::json;

use crate::cluster::Cluster;
use crate::command::{Contracts, topics};

#[tokio::test]
async fn an_environment_calls_topics_by_its_own_names() {
    let cluster = Cluster::connect().await;
    let contracts = Contracts::of(&["renamed.topic.one", "renamed.topic.two"]);
    let own = json!({"$schema": "environment-names.schema.json", "prefix": "staging.", "topics": {"renamed.topic.two": "legacy.two"}});
    let names = contracts.beside("staging.json", &own);
    let with = |command: &[&'static str]| [command, &["--names", names.to_str().unwrap()]].concat().join(" ");
    let run = async |command: &[&'static str]| topics(&contracts, &with(command).split(' ').collect::<Vec<_>>()).await;
    let created = ["staging.renamed.topic.one: create it", "declared as renamed.topic.one", "legacy.two: create it"];
    run(&["apply", "--yes"]).await.says(0, &created);
    for (topic, there) in [
        ("staging.renamed.topic.one", true),
        ("legacy.two", true),
        ("renamed.topic.one", false),
        ("staging.renamed.topic.two", false),
    ] {
        assert_eq!(cluster.shown(topic).await.is_some(), there, "{topic}");
    }
    run(&["plan"]).await.says(0, &["2 topics: the cluster has"]);
    topics(&contracts, &["plan"]).await.says(1, &["renamed.topic.one: create it", "2 changes"]);
    run(&["plan", "--only", "renamed.topic.two"]).await.says(0, &["1 topics: the cluster has"]);
    run(&["plan", "--only", "legacy.two"])
        .await
        .says(78, &["--only legacy.two", "write a topic as its contract is called"]);

    let taken =
        json!({"$schema": "environment-names.schema.json", "topics": {"renamed.topic.two": "renamed.topic.one"}});
    contracts.beside("staging.json", &taken);
    run(&["plan"]).await.says(78, &["staging.json: ", "would both be `renamed.topic.one`"]);
}

#[tokio::test]
async fn an_organisation_names_topics_by_its_own_rules() {
    let cluster = Cluster::connect().await;
    let contracts = Contracts::of(&[]);
    contracts.change("dbserver1.inventory.Orders", |contract| {
        contract["kind"] = json!("changed_rows");
        contract["producers"] = json!([{"connector": "dbserver1"}]);
    });
    topics(&contracts, &["plan"]).await.says(78, &["`dbserver1.inventory.Orders` is not a topic name"]);
    let patterns = json!([{"holds": "changes", "name": "<system>.<container>.<table>"}]);
    contracts.beside("names.json", &json!({"$schema": "names.schema.json", "patterns": patterns, "capitals": true}));
    topics(&contracts, &["apply", "--yes"]).await.says(0, &["dbserver1.inventory.Orders: create it"]);
    assert_eq!(cluster.shown("dbserver1.inventory.Orders").await.unwrap().partitions, 3);
}
