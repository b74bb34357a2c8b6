//! What is declared: contracts, by the names that their topics have in the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use topic_contracts::{Allowed, Plan, TopicContract, Topics, TopicsError, environment_names};
use topic_names::EnvironmentNames;

use crate::cluster::Cluster;
use crate::error::ClusterError;

/// The contracts that a cluster is compared with.
#[derive(Debug)]
pub struct Declared {
    topics: Topics,
    names: EnvironmentNames,
    /// Declared names; empty for all.
    only: BTreeSet<String>,
}

/// Contracts or names that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeclaredError {
    /// A file cannot be read, or contracts do not hold.
    #[error(transparent)]
    Topics(#[from] TopicsError),
    /// A topic without a contract.
    #[error(
        "--only {topic}: {} declares no such topic; write a topic as its contract is called, whatever the cluster calls it",
        folder.display()
    )]
    Unknown {
        /// The topic.
        topic: String,
        /// The folder of contracts.
        folder: std::path::PathBuf,
    },
}

impl Declared {
    /// Reads a folder of contracts and, if there is one, the file with an environment's names. `only` has declared names of
    /// the topics to look at; empty for all.
    ///
    /// # Errors
    /// When a file cannot be read, a contract does not hold, two topics get one name, or `only` names an unknown topic.
    pub fn read(contracts: &Path, names: Option<&Path>, only: &[String]) -> Result<Self, DeclaredError> {
        let topics = Topics::read(contracts)?;
        let own = names.map(environment_names).transpose()?.unwrap_or_default();
        let path = names.unwrap_or(contracts);
        topics.in_cluster(&own).map_err(|problems| TopicsError::Names { path: path.to_owned(), problems })?;
        let known = |topic: &String| topics.contracts.keys().any(|name| name.as_str() == topic);
        if let Some(topic) = only.iter().find(|topic| !known(topic)) {
            return Err(DeclaredError::Unknown { topic: topic.clone(), folder: topics.folder });
        }
        Ok(Self { topics, names: own, only: only.iter().cloned().collect() })
    }

    /// The contracts that are looked at, by the names of their topics in the cluster.
    pub fn in_cluster(&self) -> BTreeMap<String, &TopicContract> {
        let looked_at = self.topics.contracts.iter().filter(|(topic, _)| self.looks_at(topic.as_str()));
        looked_at.map(|(topic, contract)| (self.names.in_cluster(topic.as_str()), contract)).collect()
    }

    /// The declared name of a topic of the cluster, if it is this environment's.
    pub fn declared(&self, in_cluster: &str) -> Option<String> {
        self.names.declared(in_cluster)
    }

    fn looks_at(&self, topic: &str) -> bool {
        self.only.is_empty() || self.only.contains(topic)
    }
}

/// Compares what is declared with a cluster. Topics without a contract are listed where all contracts are looked at, and
/// only those that could be this environment's.
///
/// # Errors
/// When the cluster does not say what it has.
pub async fn plan(cluster: &impl Cluster, declared: &Declared, allowed: Allowed) -> Result<Plan, ClusterError> {
    let wanted = declared.in_cluster();
    let found = cluster.topics(&wanted.keys().cloned().collect()).await?;
    let mut plan = Plan::compare(&wanted, &found, allowed);
    plan.undeclared.retain(|topic| declared.only.is_empty() && declared.declared(topic).is_some());
    Ok(plan)
}
