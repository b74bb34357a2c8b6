//! Conditional effects against the emulator: DynamoDB's conditions agree with the comparison of row versions, and a lost
//! answer does not cause a second effect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod append_once;
mod contracts;
mod formats;
mod newest_version;
mod unchanged_columns;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use debezium::{Position, RowVersion};
use dynamodb::{Item, VersionedTable};
use event_runtime::{Disposition, Failure};
use local_stack::{Action, Answer, Aws, Failpoint, FaultProxy, REGION, Table, When, Workspace};

const ROWS: &str = "rows";
const LOG: &str = "log";

async fn client(endpoint: &str) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "conformance"))
        .load();
    Client::new(&config.await)
}

async fn emulator() -> (Aws, FaultProxy, Client) {
    let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
    aws.create_table(Table::named(ROWS)).await.unwrap();
    aws.create_table(Table { sort: Some("sk"), ..Table::named(LOG) }).await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    let client = client(proxy.endpoint()).await;
    (aws, proxy, client)
}

fn version(ts_ms: u64) -> RowVersion {
    RowVersion { epoch: 0, position: Position::ChangeStream { ts_ms, ord: 1, total_order: 0 } }
}

#[tokio::test]
async fn each_error_of_the_table_has_its_code_and_disposition() {
    let (_aws, proxy, client) = emulator().await;
    let retry = Disposition::Retry { after: None };
    let missing = VersionedTable::new(client.clone(), "nowhere").put_if_newer("row", Item::new(), &version(1)).await;
    let error = missing.unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("table_missing", retry));
    let empty_key = VersionedTable::new(client.clone(), ROWS).put_if_newer("", Item::new(), &version(1)).await;
    let error = empty_key.unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("item_rejected", Disposition::DeadLetter));
    proxy.arm(Failpoint::new("throttled", "PutItem", When::Before, Action::Answer(Answer::THROTTLED)));
    let error = VersionedTable::new(client, ROWS).put_if_newer("row", Item::new(), &version(1)).await.unwrap_err();
    assert_eq!((error.code(), error.disposition()), ("table_throttled", retry));
}
