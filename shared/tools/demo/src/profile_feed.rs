//! The feed of profile changes that the demonstration publishes, and what the publisher needs around it: API and broker.

use std::path::Path;

use local_broker::{Broker, BrokerError, TopicSettings};
use local_stack::Stack;
use serde_json::Value;

use crate::profile_api::{PROFILE_API_TOKEN, ProfileApi, profile_change};

/// Changes in the feed, one of them invalid.
pub(crate) const CHANGES: u64 = 60;
const USERS: u64 = 12;
const BROKEN: u64 = 17;

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
/// to it.
///
/// # Errors
/// When it does not start.
pub async fn serve_broker(stack: &mut Stack, log: &Path) -> Result<Broker, BrokerError> {
    let broker = Broker::start(log).await?;
    broker.create_topic("user.profile.updated", TopicSettings { partitions: 3, ..TopicSettings::default() });
    stack.set("KAFKA_BOOTSTRAP_SERVERS", broker.address());
    stack.set("KAFKA_AUTH", "plaintext");
    // The broker is on this machine: the least that the function takes, so that its runs fit into a short timeout.
    stack.set("KAFKA_DELIVERY_TIMEOUT_MS", "3000");
    Ok(broker)
}
