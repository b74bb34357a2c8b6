//! Does what a plan says, topic by topic.

use std::collections::BTreeSet;

use tokio::sync::watch;
use topic_contracts::{Plan, Step};

use crate::cluster::{Cluster, NewTopics};
use crate::error::ClusterError;

/// How often it was asked to stop: after the first time no further topic is begun.
pub type Stop = watch::Receiver<u32>;

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Applied {
    /// Topics whose steps were all accepted, in order.
    pub done: Vec<String>,
    /// Topics of which a step was not accepted.
    pub failed: Vec<Failed>,
    /// Topics that were not begun: it was asked to stop, or the cluster no longer answered.
    pub not_begun: Vec<String>,
}

/// A topic of which a step was not accepted.
#[derive(Debug)]
pub struct Failed {
    /// As the cluster names it.
    pub topic: String,
    /// Why. An earlier step of the topic may have been done; to plan again shows it.
    pub error: ClusterError,
}

/// Applies a plan. One topic's failure stops no other, unless the cluster no longer answers. `tell` hears of each topic that
/// is done. A plan with a refusal is not applied: nothing is begun.
pub async fn apply(
    cluster: &impl Cluster,
    plan: &Plan,
    new: NewTopics,
    stop: &Stop,
    mut tell: impl FnMut(&str),
) -> Applied {
    let mut applied = Applied::default();
    let mut begin = plan.refusals.is_empty();
    for topic in in_order(plan) {
        if !begin || *stop.borrow() > 0 {
            applied.not_begun.push(topic.to_owned());
            continue;
        }
        match steps(cluster, plan, topic, new).await {
            Ok(()) => {
                tell(topic);
                applied.done.push(topic.to_owned());
            }
            Err(error) => {
                begin = error.is_of_topic();
                applied.failed.push(Failed { topic: topic.to_owned(), error });
            }
        }
    }
    applied
}

/// The topics that the plan changes, each once.
fn in_order(plan: &Plan) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let topics = plan.changes.iter().map(|change| change.topic.as_str());
    topics.filter(|topic| seen.insert(*topic)).collect()
}

/// The settings of a topic go together, before its partitions: those that are added have them from the start.
async fn steps(cluster: &impl Cluster, plan: &Plan, topic: &str, new: NewTopics) -> Result<(), ClusterError> {
    let of_topic = || plan.changes.iter().filter(|change| change.topic == topic).map(|change| &change.step);
    for step in of_topic() {
        if let Step::Create { partitions, config } = step {
            cluster.create(topic, *partitions, config, new).await?;
        }
    }
    let set = |step: &Step| match step {
        Step::Set { key, to, .. } => Some((*key, to.clone())),
        Step::Create { .. } | Step::AddPartitions { .. } => None,
    };
    let settings: Vec<_> = of_topic().filter_map(set).collect();
    if !settings.is_empty() {
        cluster.set(topic, &settings).await?;
    }
    for step in of_topic() {
        if let Step::AddPartitions { to, .. } = step {
            cluster.add_partitions(topic, *to).await?;
        }
    }
    Ok(())
}
