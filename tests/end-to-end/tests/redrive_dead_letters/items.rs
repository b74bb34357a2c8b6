//! Items that `publish-profile-updates` fetched and dead-lettered: the redrive sends them back to the publisher.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use demo::{PROFILE_API_TOKEN, PROFILE_CURSOR_TABLE, ProfileApi, profile_change, serve_broker};
use end_to_end::Scene;
use local_broker::{Broker, Fault, ResponseError};
use local_stack::{GrowingLog, Invocation, Nulls, Stack, Target, When, Workspace, repository_schemas};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::killed::{at, killed_at};
use crate::stage::{Dialect, Stage, fates};

const PUBLISHER: &str = "publish-profile-updates";

struct Feed {
    stage: Arc<Stage>,
    api: ProfileApi,
    broker: Broker,
    _folder: TempDir,
}

impl Feed {
    /// Three changes; the second cannot be published, and a run has dead-lettered it.
    async fn with_a_dead_lettered_item() -> Self {
        let mut changes: Vec<_> = (1..=3).map(|number| profile_change(number, "u-1", number)).collect();
        changes[1]["changed_at"] = json!("yesterday");
        let folder = tempfile::tempdir().unwrap();
        let api = ProfileApi::start(changes).await.unwrap();
        let workspace = Workspace::find().unwrap();
        let mut stack = Stack::start(&workspace, repository_schemas(&workspace).unwrap()).await.unwrap();
        let broker = serve_broker(&mut stack, &folder.path().join("records.jsonl")).await.unwrap();
        for (name, value) in [
            ("PROFILE_API_URL", api.url()),
            ("PROFILE_API_TOKEN", PROFILE_API_TOKEN),
            ("PROFILE_API_TIMEOUT_MS", "1000"),
        ] {
            stack.set(name, value);
        }
        let stage = Stage::of(Scene::on(stack, PUBLISHER, &[]).await.unwrap(), Dialect::Aws).await;
        let feed = Feed { stage: Arc::new(stage), api, broker, _folder: folder };
        assert_eq!(feed.scheduled().await, json!({"pages": 1, "published": 2, "parked": 1, "ended": "caught_up"}));
        assert_eq!(feed.stage.letters().await[0]["error"]["code"], "item_time");
        feed
    }

    /// A run as the schedule starts it.
    async fn scheduled(&self) -> Value {
        match self.stage.scene.host.invoke("{}".into()).await {
            Invocation::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
            other => panic!("{other:?}: {}", self.stage.scene.host.output()),
        }
    }

    /// Corrects the item in its letter, as if a fixed version of the function read it.
    async fn fix_the_item(&self) {
        let mut letter = self.stage.letters().await.remove(0);
        letter["raw"]["item"] = base64_simd::STANDARD.encode_to_string(self.fixed().to_string()).into();
        let (aws, queue) = (&self.stage.scene.stack.aws, self.stage.scene.stack.dead_letter_queue_url());
        aws.call("AmazonSQS.PurgeQueue", &json!({"QueueUrl": queue})).await.unwrap();
        let message = json!({"QueueUrl": queue, "MessageBody": letter.to_string()});
        aws.call("AmazonSQS.SendMessage", &message).await.unwrap();
    }

    fn fixed(&self) -> Value {
        profile_change(2, "u-1", 2)
    }

    /// The ids of the events in the log, in its order.
    async fn published(&self) -> Vec<String> {
        let mut log = GrowingLog::of_topic(self.broker.log(), "user.profile.updated", Nulls::Written);
        let records = log.poll(usize::MAX);
        assert!(log.broken().is_none(), "{:?}", log.broken());
        let id = |record: local_stack::EventRecord| {
            let headers = record.headers.unwrap();
            let id = headers.iter().find_map(|header| header.get("ce_id")).unwrap();
            String::from_utf8(id.iter().map(|byte| u8::try_from(*byte).unwrap()).collect()).unwrap()
        };
        records.into_iter().map(id).collect()
    }

    async fn cursor(&self) -> Value {
        self.stage.scene.stack.aws.items(PROFILE_CURSOR_TABLE).await.unwrap().remove(0)["cursor"].clone()
    }
}

#[tokio::test]
async fn a_redriven_item_is_published_under_its_original_id() {
    let feed = Feed::with_a_dead_lettered_item().await;
    let cursor = feed.cursor().await;
    let dry = feed.stage.ask(json!({"action": "replay"})).await;
    assert_eq!((fates(&dry), feed.stage.invocations()), (vec!["would_replay"], 0));

    feed.fix_the_item().await;
    let report = feed.stage.replay().await;
    assert_eq!((fates(&report), &report["ending"]), (vec!["finished"], &json!("complete")), "{report}");
    let published = feed.published().await;
    assert_eq!((published.len(), feed.stage.letters().await.len()), (3, 0));
    assert_eq!(feed.cursor().await, cursor, "the feed continues at the same position");
    assert!(fates(&feed.stage.replay().await).is_empty(), "a second redrive changes nothing");
    assert_eq!(feed.published().await, published);

    // If the feed delivers the change again, consumers recognise it by its id.
    feed.api.push(feed.fixed());
    assert_eq!(feed.scheduled().await["published"], 1);
    assert_eq!(feed.published().await[3], published[2]);
}

#[tokio::test]
async fn an_item_that_fails_again_stays_with_its_attempts_counted() {
    let feed = Feed::with_a_dead_lettered_item().await;
    for attempts in 1..=2 {
        let report = feed.stage.replay().await;
        assert_eq!(fates(&report), ["failed_again"], "{report}");
        let error = report["entries"][0]["fate"]["error"].as_str().unwrap();
        assert!(error.contains("item_time") && error.contains("RFC 3339"), "{error}");
        let letters = feed.stage.letters().await;
        assert_eq!((letters.len(), &letters[0]["redriven"]["attempts"]), (1, &json!(attempts)), "{letters:?}");
    }
    assert_eq!(feed.published().await.len(), 2, "the redrive does not start a run");
}

/// The broker refuses the record. Only its acknowledgement removes the letter.
#[tokio::test]
async fn an_item_without_an_acknowledgement_keeps_its_letter() {
    let feed = Feed::with_a_dead_lettered_item().await;
    feed.fix_the_item().await;
    feed.broker.fail(|_| Some(Fault::Refuse(ResponseError::TopicAuthorizationFailed)));
    let report = feed.stage.replay().await;
    assert_eq!(fates(&report), ["failed_again"], "{report}");
    assert!(report["entries"][0]["fate"]["error"].to_string().contains("kafka_denied"), "{report}");
    assert_eq!(feed.stage.letters().await.len(), 1);

    feed.broker.recover();
    assert_eq!(fates(&feed.stage.replay().await), ["finished"]);
    assert_eq!((feed.published().await.len(), feed.stage.letters().await.len()), (3, 0));
}

#[tokio::test]
async fn a_redrive_killed_before_the_removal_publishes_the_same_id_again() {
    let feed = Feed::with_a_dead_lettered_item().await;
    feed.fix_the_item().await;
    killed_at(&feed.stage, at("DeleteMessageBatch", When::Before)).await;
    feed.stage.hidden_letters_reappear().await;
    assert_eq!(fates(&feed.stage.replay().await), ["finished"]);
    let published = feed.published().await;
    let distinct: BTreeSet<_> = published.iter().collect();
    assert_eq!((published.len(), distinct.len(), &published[2]), (4, 3, &published[3]));
    assert!(feed.stage.letters().await.is_empty());
}

/// The sample has the form that the redrive sends.
#[tokio::test]
async fn the_sample_of_a_redriven_item_is_answered_with_its_letter() {
    let feed = Feed::with_a_dead_lettered_item().await;
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/samples").join(PUBLISHER);
    let event = std::fs::read(sample.join("redriven.json")).unwrap();
    let letter = serde_json::from_slice::<Value>(&event).unwrap()["redrive"]["letterId"].clone();
    let Invocation::Answered(answer) = feed.stage.scene.host.invoke(event.into()).await else {
        panic!("{}", feed.stage.scene.host.output())
    };
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), json!({"finished": letter}));
    assert_eq!(feed.published().await.len(), 3);
}
