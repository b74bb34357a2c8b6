//! The queries of the README find the right entries.

use end_to_end::{Scene, dynamodb, query, readme_queries};
use local_stack::Invocation;

use crate::{FUNCTION, NOON, update};

#[tokio::test]
async fn the_queries_of_the_readme_find_the_entries() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    const DAY: i64 = 24 * 60 * 60 * 1000;
    // Out of order: the log sorts by the time of the changes.
    let batch = [
        update("late", "u-1001", NOON, 0),
        update("early", "u-1001", NOON - 20 * DAY, 1),
        update("between", "u-1001", NOON - 2 * DAY, 2),
        update("another", "u-1002", NOON, 3),
    ];
    assert!(matches!(scene.invoke(&batch).await, Invocation::Answered(_)));
    let client = dynamodb(scene.stack.aws.endpoint()).await;
    let queries = readme_queries(FUNCTION).unwrap();
    let expected: [&[&str]; 3] = [&["late", "between", "early"], &["between", "late"], &["late"]];
    assert_eq!(queries.len(), expected.len());
    for (input, expected) in queries.iter().zip(expected) {
        let found = query(&client, input).await.unwrap();
        let ids: Vec<_> = found.iter().filter_map(|entry| entry.get("event_id")?.as_s().ok()).collect();
        if input["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap().starts_with("id#") {
            assert_eq!((found.len(), ids.len()), (1, 0), "the item of an id only records that the id is used");
        } else {
            assert_eq!(ids, expected, "{input}");
        }
    }
}
