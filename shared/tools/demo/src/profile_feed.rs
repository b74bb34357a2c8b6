//! The feed of profile changes that the demonstration publishes, and what the publisher needs to read it.

use std::path::Path;

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

/// Serves a profile API with `changes` in its feed, and lets `publish-profile-updates` read it and write its events to
/// the file `log` in Kafka's place. The API ends with the value.
///
/// # Errors
/// When no port is free.
pub async fn serve_profiles(stack: &mut Stack, changes: Vec<Value>, log: &Path) -> std::io::Result<ProfileApi> {
    let api = ProfileApi::start(changes).await?;
    stack.set("PROFILE_API_URL", api.url());
    stack.set("PROFILE_API_TOKEN", PROFILE_API_TOKEN);
    stack.set("PROFILE_SINK", "recorded-log");
    stack.set("RECORDED_LOG", log.display().to_string());
    Ok(api)
}
