//! Documents of the mapping's own on-failure destination.

use local_stack::{Action, Answer, Failpoint, When};
use serde_json::{Value, json};

use crate::stage::{Stage, fates};

fn sample(name: &str) -> Value {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/samples/on-failure");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn documents_with_records_have_their_effect_once() {
    for name in ["s3.json", "kafka-topic.json", "kafka-topic-bare-record.json"] {
        let stage = Stage::start(&[]).await;
        // The samples have a fixed date, which gets too old.
        let replay = json!({"action": "replay", "yes": true, "documents": [sample(name)], "acceptOld": true});
        for _ in 0..2 {
            let report = stage.ask(replay.clone()).await;
            assert_eq!((fates(&report), stage.mails().await), (vec!["finished"], 1), "{name}: {report}");
        }
    }
}

#[tokio::test]
async fn a_record_of_a_document_that_fails_is_dead_lettered() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    let replay = json!({"action": "replay", "yes": true, "documents": [sample("s3.json")], "acceptOld": true});
    assert_eq!(fates(&stage.ask(replay).await), ["finished"]);
    assert_eq!((stage.mails().await, stage.letters().await.len()), (0, 1));
    assert_eq!(fates(&stage.replay().await), ["finished"], "its letter is redriven like any other");
    assert_eq!(stage.mails().await, 1);
}
