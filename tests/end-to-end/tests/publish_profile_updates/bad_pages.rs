//! Pages with many bad items.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use demo::profile_change;
use local_stack::{Action, Failpoint, Target, When};
use serde_json::{Value, json};

use crate::stage::{FUNCTION, Stage, run};

const ITEMS: u64 = 1_000;

/// A thousand items on one page; all but two are bad.
fn changes() -> Vec<Value> {
    let change = |number| {
        let mut change = profile_change(number, "u-1", number);
        if number != 251 && number != 751 {
            change["user_id"] = json!("");
        }
        change
    };
    (1..=ITEMS).map(change).collect()
}

/// The queue stops answering in the middle of the page, until the run is out of time.
#[tokio::test]
async fn a_page_of_1000_bad_items_is_dead_lettered_over_two_runs() {
    let stage = Arc::new(Stage::set(changes(), &[("PROFILE_PAGE_SIZE", "1000")]).await);
    // A page takes 12.2 s at most here.
    let short = stage.scene.host_within(Duration::from_secs(15), FUNCTION, &[]).await.unwrap();
    let slow = Failpoint::new("slow", "SendMessageBatch", When::Before, Action::Hold);
    let slow = stage.scene.stack.faults.arm(slow.containing(r#"\"index\":500,"#).times(1));
    let first = run(&short).await;
    assert_eq!(slow.hits(), 1, "{first}");
    assert_eq!((&first["ended"], &first["published"], &first["pages"]), (&json!("out_of_time"), &json!(1), &json!(0)));
    let parked = first["parked"].as_u64().unwrap();
    let item = stage.item().await;
    assert_eq!(item["page_done"]["M"]["items"]["N"], (parked + 1).to_string(), "and one was published");
    assert!((490..=500).contains(&parked), "{parked}");
    assert!(item.get("cursor").is_none() && item.get("token").is_none(), "{item}");

    let second = stage.run().await;
    let expected = json!({"pages": 1, "published": 1, "parked": ITEMS - 2 - parked, "ended": "caught_up"});
    assert_eq!(second, expected);
    let item = stage.item().await;
    assert_eq!((&item["cursor"]["S"], &item["page_done"]), (&json!("c-1000"), &Value::Null));
    assert_eq!(stage.assert_all_published(2).await.len(), 2, "nothing is published twice");
    slow.release();

    let mut copies: BTreeMap<String, u32> = BTreeMap::new();
    for letter in stage.scene.dead_letters().await.unwrap() {
        *copies.entry(letter["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(copies.len() as u64, ITEMS - 2, "every bad item has its letter");
    let twice = copies.values().filter(|copies| **copies > 1).count();
    assert!(twice <= 32, "{twice} letters were stored by both runs: at most those in progress");
}

#[tokio::test]
async fn a_page_ends_before_the_first_letter_that_cannot_be_stored() {
    let mut changes: Vec<_> = (1..=9).map(|number| profile_change(number, "u-1", number)).collect();
    changes[4]["user_id"] = json!("");
    let stage = Stage::set(changes, &[("PROFILE_PAGE_SIZE", "100")]).await;
    let down = |operation| {
        let answer = Action::Answer(local_stack::Answer::UNAVAILABLE);
        stage.scene.stack.faults.arm(Failpoint::new("queue down", operation, When::Before, answer))
    };
    let armed = ["SendMessage", "SendMessageBatch"].map(down);
    for _ in 0..2 {
        let answer = stage.scene.host.invoke("{}".into()).await;
        let local_stack::Invocation::Failed(error) = answer else { panic!("{answer:?}") };
        assert!(String::from_utf8_lossy(&error).contains("dead_letters_unavailable"), "{error:?}");
        assert_eq!(stage.published().await.len(), 4, "the second run does not start the page again");
        assert_eq!(stage.item().await["page_done"]["M"]["items"]["N"], "4");
    }
    armed.iter().for_each(local_stack::Armed::disarm);
    assert_eq!(stage.run().await, json!({"pages": 1, "published": 4, "parked": 1, "ended": "caught_up"}));
    assert_eq!(stage.assert_all_published(8).await.len(), 8, "each once");
}
