//! Waits until a cluster shows what was done.

use std::time::Duration;

use tokio::time::Instant;
use topic_contracts::{Allowed, Plan};

use crate::cluster::Cluster;
use crate::declared::{Declared, plan};
use crate::error::ClusterError;

/// Between two looks. Brokers learn of a change some hundred milliseconds after the controller.
const PAUSE: Duration = Duration::from_millis(200);

/// What a cluster shows after a plan was applied.
#[derive(Debug)]
pub enum Settled {
    /// Everything that was done; the rest of the plan is what was not.
    Shown(Plan),
    /// Not everything, within the time: the plan as it is now.
    NotShown(Plan),
    /// Nothing: it did not say what it has, within the time.
    Unknown(ClusterError),
}

/// Plans again until nothing is left to change of the topics that are done, at most for as long as `within` says.
pub async fn settle(
    cluster: &impl Cluster,
    declared: &Declared,
    allowed: Allowed,
    done: &[String],
    within: Duration,
) -> Settled {
    let deadline = Instant::now() + within;
    loop {
        let now = match plan(cluster, declared, allowed).await {
            Ok(now) if now.changes.iter().all(|change| !done.contains(&change.topic)) => return Settled::Shown(now),
            Ok(now) => Settled::NotShown(now),
            Err(error) => Settled::Unknown(error),
        };
        if Instant::now() >= deadline {
            return now;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
