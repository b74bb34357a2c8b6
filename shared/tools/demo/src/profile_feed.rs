//! The feed of profile changes that the demonstration publishes, and what the publisher needs around it: API and broker.

use std::fs;
use std::path::{Path, PathBuf};

use local_broker::{Broker, BrokerError, TopicSettings};
use local_stack::{SetupError, Stack, Workspace};
use serde::Deserialize;
use serde_json::Value;

use crate::profile_api::{PROFILE_API_TOKEN, ProfileApi, profile_change};

/// Changes in the feed, one of them invalid.
pub(crate) const CHANGES: u64 = 60;
const USERS: u64 = 12;
const BROKEN: u64 = 17;

/// The topic that it is published to.
const TOPIC: &str = "user.profile.updated";

/// The feed of the API: changes of some users, one of which lacks its user.
pub fn profile_feed() -> Vec<Value> {
    let change = |number| {
        let mut change = profile_change(number, &format!("u-{:04}", number % USERS), number / USERS + 1);
        if number == BROKEN {
            change["user_id"] = Value::Null;
        }
        change
    };
    (1..=CHANGES).map(change).collect()
}

/// What `publish-profile-updates` reads and writes. Both end with this value.
#[derive(Debug)]
pub struct Profiles {
    /// The API.
    pub api: ProfileApi,
    /// The broker.
    pub broker: Broker,
}

/// The surroundings of `publish-profile-updates` did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// The API did not.
    #[error("the profile API cannot listen on a port of 127.0.0.1")]
    Api(#[source] std::io::Error),
    /// The broker did not.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// There is no workspace to read the topic's contract in.
    #[error(transparent)]
    Workspace(#[from] SetupError),
    /// The topic's contract cannot be read.
    #[error("cannot read {}, the contract of the topic that profile updates are published to", path.display())]
    Contract {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The contract does not say how many partitions the topic has.
    #[error("{} has no number of \"partitions\": `make schemas-check` says what a contract has to say", path.display())]
    Partitions {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// Serves a profile API with `changes` in its feed and a broker whose log is the file `log`, and leads
/// `publish-profile-updates` to both.
///
/// # Errors
/// When one of them does not start.
pub async fn serve_profiles(stack: &mut Stack, changes: Vec<Value>, log: &Path) -> Result<Profiles, ProfilesError> {
    let api = ProfileApi::start(changes).await.map_err(ProfilesError::Api)?;
    stack.set("PROFILE_API_URL", api.url());
    stack.set("PROFILE_API_TOKEN", PROFILE_API_TOKEN);
    let broker = serve_broker(stack, log).await?;
    Ok(Profiles { api, broker })
}

/// Serves a broker with the topic of the profile updates, whose log is the file `log`, and leads functions that publish
/// to it. The topic has the partitions that its contract in the workspace around the current directory says.
///
/// # Errors
/// When it does not start, or the contract cannot be read.
pub async fn serve_broker(stack: &mut Stack, log: &Path) -> Result<Broker, ProfilesError> {
    let partitions = partitions(Workspace::find()?.root())?;
    let broker = Broker::start(log).await?;
    broker.create_topic(TOPIC, TopicSettings { partitions, ..TopicSettings::default() });
    stack.set("KAFKA_BOOTSTRAP_SERVERS", broker.address());
    stack.set("KAFKA_AUTH", "plaintext");
    // The broker is on this machine: the least that the function takes, so that its runs fit into a short timeout.
    stack.set("KAFKA_DELIVERY_TIMEOUT_MS", "3000");
    Ok(broker)
}

/// What the topic's contract says.
fn partitions(root: &Path) -> Result<u32, ProfilesError> {
    #[derive(Deserialize)]
    struct Contract {
        partitions: u32,
    }
    let path = root.join(format!("events/topics/{TOPIC}.json"));
    let text = fs::read_to_string(&path).map_err(|source| ProfilesError::Contract { path: path.clone(), source })?;
    let contract = serde_json::from_str(&text).map_err(|source| ProfilesError::Partitions { path, source })?;
    let Contract { partitions } = contract;
    Ok(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_has_the_partitions_that_its_contract_says() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(partitions(root.path()), Err(ProfilesError::Contract { .. })));
        let contract = root.path().join(format!("events/topics/{TOPIC}.json"));
        fs::create_dir_all(contract.parent().unwrap()).unwrap();
        fs::write(&contract, "{}").unwrap();
        let error = partitions(root.path()).unwrap_err().to_string();
        assert!(error.contains("user.profile.updated.json has no number of \"partitions\""), "{error}");
        fs::write(&contract, r#"{"owner": "profiles", "partitions": 7}"#).unwrap();
        assert_eq!(partitions(root.path()).unwrap(), 7);
        assert!(partitions(Workspace::find().unwrap().root()).is_ok());
    }
}
