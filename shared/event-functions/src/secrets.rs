//! Secrets that lie in Secrets Manager instead of in a variable.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use environment::Env;
use secrets_manager::SecretsManager;

use crate::lambda::HostError;

/// Reads the secrets that the variables read so far name, for programs that are not functions: functions do it at their
/// start. Without such a variable AWS is not asked for anything.
///
/// # Errors
/// When a secret cannot be read: all of those.
pub async fn read_secrets(env: &Env) -> Result<(), HostError> {
    if env.secrets().is_empty() {
        return Ok(());
    }
    fill(env, &aws_config::load_defaults(BehaviorVersion::latest()).await).await
}

pub(crate) async fn fill(env: &Env, aws: &SdkConfig) -> Result<(), HostError> {
    if env.secrets().is_empty() {
        return Ok(());
    }
    Ok(env.secrets().fill(Arc::new(SecretsManager::new(aws)?)).await?)
}
