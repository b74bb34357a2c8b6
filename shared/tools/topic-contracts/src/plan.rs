//! Compares contracts with a cluster: what to create and change, and what is refused because it would lose records.

use std::collections::BTreeMap;

use topic_names::alike_in_metrics;

use crate::change::{Change, Refusal, Step};
use crate::contract::{KeyFormat, TopicContract};
use crate::service::Service;

/// What a cluster says about a topic. Of a topic without a contract only the name counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicState {
    /// Its partitions.
    pub partitions: u32,
    /// The values in force of its settings, also those that are the cluster's defaults.
    pub config: BTreeMap<String, String>,
}

/// What may be changed: by the caller's word, and by whose service the cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Settings may change so that the cluster removes records that it keeps today. The caller takes responsibility.
    pub data_loss: bool,
    /// Which settings can be set at all.
    pub service: Service,
}

/// What has to be done so that a cluster has the topics of the contracts. A topic is never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In this order.
    pub changes: Vec<Change>,
    /// What is not done. A plan with a refusal is not applied: a person decides first.
    pub refusals: Vec<Refusal>,
    /// What contracts say and this cluster's service does not let anybody set. It counts neither as a change nor as a refusal.
    pub unsettable: Vec<Refusal>,
    /// Topics of the cluster without a contract. They are left alone.
    pub undeclared: Vec<String>,
}

const KEYS_MOVE: &str = "a key's later records may be in another partition than its earlier ones, and partitions are not read \
     in order: let all consumers reach the end before producers go on";
const KEYS_STAY: &str = "a key's later records may be in another partition than its earlier ones, and compaction never removes \
     those, not even by a tombstone: better write to a new topic";
const SMALLER: &str = "records that fit before are refused now: a connector stops at such a row";
const FEWER: &str = "Kafka cannot remove partitions: write the number that there is, or make a new topic";
const ALIKE: &str = "a topic of the cluster has a name that differs only by `.` and `_`, and Kafka creates only one of them: \
     give this one another name";
const AT_CREATION: &str = "MSK Serverless takes a policy only when it creates a topic: write the policy that there is, or \
     make a new topic";
const UNSETTABLE: &str = "MSK Serverless does not let it be set: its own value counts";
const LOSS: &str = "the cluster would remove records that it keeps today; if nobody needs them, allow data loss";

impl Plan {
    /// Compares contracts, by the names that their topics have in the cluster, with the topics of the cluster.
    pub fn compare(
        wanted: &BTreeMap<String, &TopicContract>,
        cluster: &BTreeMap<String, TopicState>,
        allowed: Allowed,
    ) -> Self {
        let mut plan = Self::default();
        for (topic, contract) in wanted {
            match cluster.get(topic) {
                Some(state) => Comparison { topic, contract, state, allowed, plan: &mut plan }.run(),
                None if cluster.keys().any(|other| alike_in_metrics(topic, other)) => {
                    let asked = "create it".to_owned();
                    plan.refusals.push(Refusal { topic: topic.clone(), asked, reason: ALIKE });
                }
                None => plan.create(topic, contract, allowed.service),
            }
        }
        plan.undeclared = cluster.keys().filter(|topic| !wanted.contains_key(*topic)).cloned().collect();
        plan
    }

    fn create(&mut self, topic: &str, contract: &TopicContract, service: Service) {
        let (config, unsettable) = contract.config.entries().into_iter().partition(|(key, _)| service.sets(key));
        let unsettable: Vec<(&str, String)> = unsettable;
        self.unsettable.extend(unsettable.into_iter().map(|(key, to)| left(topic, key, &to)));
        let step = Step::Create { partitions: contract.partitions, config };
        self.changes.push(Change { topic: topic.to_owned(), step });
    }

    /// Whether the cluster has what the contracts say, as far as it can be set there.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.refusals.is_empty()
    }
}

struct Comparison<'a> {
    topic: &'a str,
    contract: &'a TopicContract,
    state: &'a TopicState,
    allowed: Allowed,
    plan: &'a mut Plan,
}

impl Comparison<'_> {
    fn run(mut self) {
        for (key, to) in self.contract.config.entries() {
            let from = self.state.config.get(key).cloned();
            if from.as_deref().is_some_and(|from| same(key, from, &to)) {
                continue;
            }
            if !self.allowed.service.sets(key) {
                self.plan.unsettable.push(left(self.topic, key, &to));
            } else if !self.allowed.service.alters(key) {
                let from = from.as_deref().unwrap_or("an unknown value");
                self.refuse(format!("set {key} from {from} to {to}"), AT_CREATION);
            } else if !self.allowed.data_loss && self.loses(key, from.as_deref(), &to) {
                let from = from.as_deref().unwrap_or("an unknown value");
                self.refuse(format!("set {key} from {from} to {to}"), LOSS);
            } else {
                let shrinks = key == "max.message.bytes" && number(from.as_deref()) > number(Some(&to));
                self.step(Step::Set { key, from, to, warning: shrinks.then_some(SMALLER) });
            }
        }
        self.partitions();
    }

    fn partitions(&mut self) {
        let (from, to) = (self.state.partitions, self.contract.partitions);
        let warning = match (self.contract.key.format, self.contract.config.cleanup_policy.compacts()) {
            (KeyFormat::None, _) => None,
            (KeyFormat::Avro | KeyFormat::Text, true) => Some(KEYS_STAY),
            (KeyFormat::Avro | KeyFormat::Text, false) => Some(KEYS_MOVE),
        };
        if to < from {
            self.refuse(format!("lower the partitions from {from} to {to}"), FEWER);
        } else if to > from {
            self.step(Step::AddPartitions { from, to, warning });
        }
    }

    /// Whether the cluster would remove what it keeps today. A value that the cluster did not say counts as the one that
    /// keeps most.
    fn loses(&self, key: &str, from: Option<&str>, to: &str) -> bool {
        let does = |policy: Option<&str>, what| policy.is_some_and(|policy| parts(policy).any(|part| part == what));
        let deleted = does(self.state.config.get("cleanup.policy").map(String::as_str), "delete");
        match key {
            "cleanup.policy" => parts(to).any(|part| !does(from, part)),
            // Where nothing was deleted by age, the policy decides, and loses more.
            "retention.ms" => deleted && kept(from) > kept(Some(to)),
            "delete.retention.ms" => kept(from) > kept(Some(to)),
            _ => false,
        }
    }

    fn step(&mut self, step: Step) {
        self.plan.changes.push(Change { topic: self.topic.to_owned(), step });
    }

    fn refuse(&mut self, asked: String, reason: &'static str) {
        self.plan.refusals.push(Refusal { topic: self.topic.to_owned(), asked, reason });
    }
}

fn left(topic: &str, key: &str, to: &str) -> Refusal {
    Refusal { topic: topic.to_owned(), asked: format!("set {key} to {to}"), reason: UNSETTABLE }
}

/// Kafka keeps a policy as it was written, in any order and with spaces.
fn same(key: &str, a: &str, b: &str) -> bool {
    if key != "cleanup.policy" {
        return a == b;
    }
    let sorted = |policy| {
        let mut parts: Vec<_> = parts(policy).collect();
        parts.sort_unstable();
        parts
    };
    sorted(a) == sorted(b)
}

fn parts(policy: &str) -> impl Iterator<Item = &str> {
    policy.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn number(text: Option<&str>) -> Option<i64> {
    text?.parse().ok()
}

/// For how long, in milliseconds; -1 and what is not known are for ever.
fn kept(text: Option<&str>) -> i64 {
    number(text).filter(|ms| *ms >= 0).unwrap_or(i64::MAX)
}
