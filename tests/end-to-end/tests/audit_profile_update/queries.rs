//! The queries of the README, asked.

use end_to_end::{Scene, dynamodb, query, readme_queries};
use local_stack::Invocation;

use crate::{FUNCTION, NOON, update};

#[tokio::test]
async fn the_readmes_queries_answer() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    const DAY: i64 = 24 * 60 * 60 * 1000;
    // Out of order: the log sorts by the changes' own time.
    let batch = [
        update("late", "u-1001", NOON, 0),
        update("early", "u-1001", NOON - 20 * DAY, 1),
        update("between", "u-1001", NOON - 2 * DAY, 2),
        update("another", "u-1002", NOON, 3),
    ];
    assert!(matches!(scene.invoke(&batch).await, Invocation::Answered(_)));
    let client = dynamodb(scene.stack.aws.endpoint()).await;
    let questions = readme_queries(FUNCTION).unwrap();
    let expected: [&[&str]; 3] = [&["late", "between", "early"], &["between", "late"], &["late"]];
    assert_eq!(questions.len(), expected.len());
    for (question, expected) in questions.iter().zip(expected) {
        let found = query(&client, question).await.unwrap();
        let ids: Vec<_> = found.iter().filter_map(|entry| entry.get("event_id")?.as_s().ok()).collect();
        if question["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap().starts_with("id#") {
            assert_eq!((found.len(), ids.len()), (1, 0), "an id's item says only that the id is taken");
        } else {
            assert_eq!(ids, expected, "{question}");
        }
    }
}
