//! The cursor's item in the formats of earlier and newer versions of the function.

use demo::{PROFILE_CURSOR_TABLE, profile_change};
use local_stack::{Invocation, Target};
use serde_json::{Value, json};

use crate::stage::{Stage, now, run};

/// Items of format 1, as the last version of that format wrote them.
const FORMAT_1: &str = include_str!("../../../../functions/publish-profile-updates/fixtures/cursor-format-1.json");

async fn put(stage: &Stage, item: &Value) {
    let request = json!({"TableName": PROFILE_CURSOR_TABLE, "Item": item});
    stage.scene.stack.aws.call("DynamoDB_20120810.PutItem", &request).await.unwrap();
}

#[tokio::test]
async fn an_item_of_format_1_is_continued_without_its_etag() {
    let stage = Stage::with_changes(11).await;
    let fixtures: Vec<Value> = serde_json::from_str(FORMAT_1).unwrap();
    assert_eq!(fixtures.len(), 8);
    for fixture in fixtures {
        let mut item = fixture["item"].clone();
        // Its run ended long ago, and the API's Retry-After has passed.
        for time in ["lease_until", "not_before"] {
            if let Some(time) = item.get_mut(time) {
                *time = json!({"N": (now() - 60_000).to_string()});
            }
        }
        let done: u64 = item["cursor"]["S"].as_str().map_or(0, |cursor| cursor[2..].parse().unwrap());
        put(&stage, &item).await;
        let asked = stage.api.requests().len();
        let answer = stage.run().await;
        assert_eq!((&answer["published"], &answer["ended"]), (&json!(11 - done), &json!("caught_up")), "{fixture}");
        let requests = stage.api.requests().split_off(asked);
        assert_eq!(requests[0].after.as_deref(), fixture["item"]["cursor"]["S"].as_str(), "{fixture}");
        assert!(requests.iter().all(|request| request.if_none_match.is_none()), "{fixture}");
        let after = stage.item().await;
        assert_eq!((&after["cursor"]["S"], &after["format"]["N"]), (&json!("c-11"), &json!("2")));
        assert!(after.get("etag").is_none() && after.get("token").is_none(), "{after}");
    }
    stage.assert_all_published(11).await;
}

#[tokio::test]
async fn a_lease_of_format_1_is_respected() {
    let stage = Stage::with_changes(3).await;
    let until = (now() + 600_000).to_string();
    let token = "5c8e3868-8f5b-48e3-8963-90d5126c3530";
    put(&stage, &json!({"pk": {"S": "profile-changes"}, "token": {"S": token}, "lease_until": {"N": until}})).await;
    let before = stage.item().await;
    assert_eq!(stage.run().await["ended"], "another_run");
    assert_eq!(stage.item().await, before);
}

#[tokio::test]
async fn an_item_of_a_newer_format_is_refused_and_left_alone() {
    let stage = Stage::with_changes(3).await;
    for format in [json!({"N": "3"}), json!({"S": "two"})] {
        let newer = json!({
            "pk": {"S": "profile-changes"}, "format": format, "cursor": {"S": "c-1"}, "shards": {"L": [{"S": "c-2"}]},
        });
        put(&stage, &newer).await;
        let Invocation::Failed(error) = stage.scene.host.invoke("{}".into()).await else { panic!("a run answered") };
        let error: Value = serde_json::from_slice(&error).unwrap();
        assert_eq!(error["errorType"], "cursor_format_unknown", "{error}");
        assert!(error["errorMessage"].as_str().unwrap().contains("deploy that one again"), "{error}");
        assert_eq!(stage.item().await, newer);
    }
    assert!(stage.api.requests().is_empty() && stage.published().await.is_empty());
}

/// A version of format 1 moves `cursor` and its own `etag`, and keeps fields that it does not know.
#[tokio::test]
async fn an_item_that_format_1_moved_on_is_still_read_correctly() {
    let stage = Stage::with_changes(3).await;
    stage.run().await;
    stage.run().await;
    let mut item = stage.item().await;
    assert!(
        item["page_etag"]["S"].is_string() && item.get("etag").is_none(),
        "format 1 must not find an ETag to send: {item}"
    );
    (4..=8).for_each(|number| stage.api.push(profile_change(number, "u-1", number)));
    item["cursor"] = json!({"S": "c-6"});
    item["etag"] = json!({"S": "\"of-another-page\""});
    item["page_done"] = json!({"M": {"after": {"S": "c-3"}, "items": {"N": "2"}, "last": {"S": uuid_of_nothing()}}});
    put(&stage, &item).await;
    let asked = stage.api.requests().len();
    assert_eq!(stage.run().await["published"], 2);
    assert!(stage.api.requests()[asked..].iter().all(|request| request.if_none_match.is_none()));
    assert_eq!(stage.item().await["page_done"], Value::Null, "the outdated field is removed");
}

fn uuid_of_nothing() -> &'static str {
    "00000000-0000-0000-0000-000000000000"
}

#[tokio::test]
async fn an_etag_is_not_sent_with_another_page_size() {
    let stage = Stage::with_changes(3).await;
    stage.run().await;
    stage.run().await;
    let asked = stage.api.requests().len();
    let other = stage.scene.another_host(&[("PROFILE_PAGE_SIZE", "2")]).await.unwrap();
    assert_eq!(run(&other).await["ended"], "caught_up");
    assert_eq!(run(&other).await["ended"], "caught_up");
    let known: Vec<_> = stage.api.requests()[asked..].iter().map(|request| request.if_none_match.is_some()).collect();
    assert_eq!(known, [false, true], "the first request with this size, and the next");
}
