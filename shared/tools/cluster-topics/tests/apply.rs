//! Applying a plan to a cluster that fails, is slow to show changes, or is left early.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use cluster_topics::{Applied, Cluster, ClusterError, Declared, NewTopics, Right, Settled, apply, plan, settle};
use tokio::sync::watch;
use topic_contracts::{Allowed, TopicState};

const ORDERS: &str = "cdc.mysql.shop.orders";
const ACCOUNTS: &str = "cdc.postgres.public.accounts";
const PROFILES: &str = "user.profile.updated";
const SOON: Duration = Duration::from_secs(5);

type States = BTreeMap<String, TopicState>;
/// An error about a topic.
type Fault = fn(String) -> ClusterError;

/// A cluster in memory.
#[derive(Default)]
struct Fake {
    topics: Mutex<States>,
    /// What it was asked to change, in order.
    asked: Mutex<Vec<String>>,
    /// The topic that it does not change, and why.
    fails: Option<(&'static str, Fault)>,
    /// How often it still shows what was before the first change.
    stale: Mutex<Option<(usize, States)>>,
    /// Raised when the first topic is changed.
    stop: Option<watch::Sender<u32>>,
}

impl Fake {
    fn change(&self, topic: &str, what: String, change: impl FnOnce(&mut TopicState)) -> Result<(), ClusterError> {
        self.asked.lock().unwrap().push(format!("{topic}: {what}"));
        self.stop.iter().for_each(|stop| stop.send_modify(|presses| *presses = 1));
        match self.fails {
            Some((failing, error)) if failing == topic => Err(error(topic.to_owned())),
            _ => {
                change(self.topics.lock().unwrap().entry(topic.to_owned()).or_default());
                Ok(())
            }
        }
    }
}

impl Cluster for Fake {
    async fn topics(&self, _wanted: &BTreeSet<String>) -> Result<States, ClusterError> {
        if let Some((looks, before)) = self.stale.lock().unwrap().as_mut()
            && *looks > 0
        {
            *looks -= 1;
            return Ok(before.clone());
        }
        Ok(self.topics.lock().unwrap().clone())
    }

    async fn create(
        &self,
        topic: &str,
        partitions: u32,
        config: &[(&'static str, String)],
        _new: NewTopics,
    ) -> Result<(), ClusterError> {
        self.change(topic, "create".to_owned(), |state| {
            state.partitions = partitions;
            state.config = config.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        })
    }

    async fn set(&self, topic: &str, config: &[(&'static str, String)]) -> Result<(), ClusterError> {
        let keys: Vec<_> = config.iter().map(|(key, _)| *key).collect();
        self.change(topic, format!("set {}", keys.join(" ")), |state| {
            state.config.extend(config.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        })
    }

    async fn add_partitions(&self, topic: &str, total: u32) -> Result<(), ClusterError> {
        self.change(topic, format!("partitions {total}"), |state| state.partitions = total)
    }
}

fn declared(only: &[&str]) -> Declared {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/topics");
    let only: Vec<_> = only.iter().map(|topic| (*topic).to_owned()).collect();
    Declared::read(&folder, None, &only).unwrap()
}

/// Plans and applies three topics.
async fn applied(fake: &Fake, stop: u32) -> Applied {
    let plan = plan(fake, &declared(&[ORDERS, ACCOUNTS, PROFILES]), Allowed::default()).await.unwrap();
    let (press, stop) = match &fake.stop {
        Some(stop) => (stop.clone(), stop.subscribe()),
        None => watch::channel(stop),
    };
    let applied = apply(fake, &plan, NewTopics::default(), &stop, |_| {}).await;
    drop(press);
    applied
}

fn failing(topic: &'static str, error: Fault) -> Fake {
    Fake { fails: Some((topic, error)), ..Fake::default() }
}

#[tokio::test]
async fn the_failure_of_one_topic_stops_no_other() {
    let fake = failing(ACCOUNTS, |topic| ClusterError::Denied { topic, right: Right::Create });
    let applied = applied(&fake, 0).await;
    assert_eq!(applied.done, [ORDERS, PROFILES]);
    assert!(applied.not_begun.is_empty());
    let said = applied.failed[0].error.to_string();
    let expected = "cdc.postgres.public.accounts: the right is missing: the ACL operation Create on the topic, with MSK IAM the action kafka-cluster:CreateTopic";
    assert_eq!(said, expected);
}

#[tokio::test]
async fn after_a_request_without_an_answer_nothing_is_begun() {
    let lost = |topic| ClusterError::Unanswered {
        topic,
        asked: "create it",
        source: krafka::error::KrafkaError::timeout("CreateTopics"),
    };
    let applied = applied(&failing(ORDERS, lost), 0).await;
    assert!(applied.done.is_empty());
    assert!(applied.failed[0].error.to_string().contains("may have been done"));
    assert_eq!(applied.not_begun, [ACCOUNTS, PROFILES]);
}

#[tokio::test]
async fn asked_to_stop_it_finishes_the_topic_that_it_began() {
    let fake = Fake { stop: Some(watch::channel(0).0), ..Fake::default() };
    let stopped = applied(&fake, 0).await;
    assert_eq!(
        (stopped.done, stopped.not_begun),
        (vec![ORDERS.to_owned()], vec![ACCOUNTS.to_owned(), PROFILES.to_owned()])
    );
    let never = Fake::default();
    assert_eq!(applied(&never, 1).await.not_begun.len(), 3);
    assert!(never.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_a_plan_with_a_refusal_nothing_is_done() {
    let fake = Fake::default();
    fake.topics.lock().unwrap().insert(ORDERS.to_owned(), TopicState { partitions: 9, ..TopicState::default() });
    let applied = applied(&fake, 0).await;
    assert_eq!((applied.done.len(), applied.not_begun), (0, [ORDERS, ACCOUNTS, PROFILES].map(str::to_owned).to_vec()));
    assert!(fake.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn settings_go_together_and_before_partitions() {
    let fake = Fake::default();
    applied(&fake, 0).await;
    fake.asked.lock().unwrap().clear();
    {
        let mut topics = fake.topics.lock().unwrap();
        let state = topics.get_mut(ORDERS).unwrap();
        state.partitions = 1;
        for (key, value) in [("retention.ms", "3600000"), ("max.message.bytes", "2048")] {
            state.config.insert(key.to_owned(), value.to_owned());
        }
    }
    assert_eq!(applied(&fake, 0).await.done, [ORDERS]);
    let expected = [format!("{ORDERS}: set max.message.bytes retention.ms"), format!("{ORDERS}: partitions 3")];
    assert_eq!(*fake.asked.lock().unwrap(), expected);
    assert!(plan(&fake, &declared(&[ORDERS]), Allowed::default()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_change_counts_when_the_cluster_shows_it() {
    for (looks, shown) in [(5, true), (1000, false)] {
        let fake = Fake::default();
        let done = applied(&fake, 0).await.done;
        *fake.stale.lock().unwrap() = Some((looks, States::new()));
        let all = declared(&[ORDERS, ACCOUNTS, PROFILES]);
        let settled = settle(&fake, &all, Allowed::default(), &done, SOON).await;
        assert_eq!(matches!(settled, Settled::Shown(left) if left.is_empty()), shown, "{looks}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_done_is_not_waited_for() {
    let fake = failing(ACCOUNTS, |topic| ClusterError::Exists { topic });
    let applied = applied(&fake, 0).await;
    let all = declared(&[ORDERS, ACCOUNTS, PROFILES]);
    match settle(&fake, &all, Allowed::default(), &applied.done, SOON).await {
        Settled::Shown(left) => assert_eq!(left.changes[0].topic, ACCOUNTS),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn topics_of_other_environments_are_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("staging.json");
    std::fs::write(&file, r#"{"$schema": "environment-names.schema.json", "prefix": "staging."}"#).unwrap();
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/topics");
    let staging = Declared::read(&contracts, Some(&file), &[]).unwrap();
    let fake = Fake::default();
    for topic in ["staging.shop.order.placed", "production.shop.order.placed", PROFILES] {
        fake.topics.lock().unwrap().insert(topic.to_owned(), TopicState::default());
    }
    let of_staging = plan(&fake, &staging, Allowed::default()).await.unwrap();
    assert_eq!(of_staging.undeclared, ["staging.shop.order.placed"]);
    assert!(of_staging.changes.iter().all(|change| change.topic.contains("staging.")));
    let all = plan(&fake, &declared(&[]), Allowed::default()).await.unwrap();
    assert_eq!(all.undeclared, ["production.shop.order.placed", "staging.shop.order.placed"]);
    assert!(plan(&fake, &declared(&[ORDERS]), Allowed::default()).await.unwrap().undeclared.is_empty());
}

#[test]
fn an_unknown_topic_is_refused_with_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/topics");
    let error = Declared::read(&folder, None, &["staging.user.profile.updated".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("write a topic as its contract is called"), "{error}");
}
