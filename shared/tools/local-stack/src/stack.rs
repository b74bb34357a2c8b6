//! Emulator, registry and fault proxy together, and the configuration that makes a function use them.

use std::collections::BTreeMap;
use std::path::Path;

use recordings::RegisteredSchema;

use crate::aws::{Aws, AwsError, REGION};
use crate::faults::{FaultProxy, ProxyError};
use crate::registry::Registry;
use crate::resources::{Resources, ResourcesError};
use crate::workspace::Workspace;

/// The dead-letter queue of the local stack.
pub const DEAD_LETTER_QUEUE: &str = "dead-letters";
/// The bucket that takes what is too large for that queue.
pub const DEAD_LETTER_BUCKET: &str = "dead-letters";

/// The runtime's own variables for them.
const LETTERS_VARIABLE: &str = "DEAD_LETTER_QUEUE_URL";
const LARGE_LETTERS_VARIABLE: &str = "DEAD_LETTER_BUCKET";

/// Everything around the functions of a workspace. All of it ends when this value is dropped.
#[derive(Debug)]
pub struct Stack {
    /// DynamoDB, SQS and SES, with tables, queue and senders in place.
    pub aws: Aws,
    /// Stands between the functions and `aws`.
    pub faults: FaultProxy,
    /// The schemas.
    pub registry: Registry,
    queue_url: String,
    /// What the functions declare, and what was added since.
    variables: BTreeMap<String, String>,
}

/// The stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The emulator did not.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// What the functions declare cannot be prepared.
    #[error(transparent)]
    Resources(#[from] ResourcesError),
    /// The proxy did not.
    #[error("the fault proxy did not start")]
    Faults(#[from] ProxyError),
    /// The registry did not.
    #[error("the schema registry did not start")]
    Registry(#[from] std::io::Error),
}

impl Stack {
    /// Starts all of it, about half a second, with what the manifests of the workspace's functions declare.
    ///
    /// # Errors
    /// When a part does not start, or a manifest cannot be used.
    pub async fn start(workspace: &Workspace, schemas: BTreeMap<u32, RegisteredSchema>) -> Result<Self, StackError> {
        let resources = Resources::of(workspace)?;
        let aws = Aws::start(workspace).await?;
        for table in resources.tables() {
            aws.create_table(table).await?;
        }
        aws.create_bucket(DEAD_LETTER_BUCKET).await?;
        let queue_url = aws.create_queue(DEAD_LETTER_QUEUE).await?;
        for sender in &resources.senders {
            aws.verify_sender(sender).await?;
        }
        let faults = FaultProxy::start(aws.endpoint()).await?;
        let registry = Registry::start(schemas).await?;
        let mut variables = resources.variables;
        for variable in resources.queues {
            let url = match variable.as_str() {
                LETTERS_VARIABLE => queue_url.clone(),
                other => aws.create_queue(&resource_name(other, "_QUEUE_URL")).await?,
            };
            variables.insert(variable, url);
        }
        for variable in resources.buckets {
            let name = match variable.as_str() {
                LARGE_LETTERS_VARIABLE => DEAD_LETTER_BUCKET.to_owned(),
                other => resource_name(other, "_BUCKET"),
            };
            if name != DEAD_LETTER_BUCKET {
                aws.create_bucket(&name).await?;
            }
            variables.insert(variable, name);
        }
        Ok(Stack { aws, faults, registry, queue_url, variables })
    }

    /// Adds a variable to the environment of all functions, or replaces one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// The URL of the dead-letter queue.
    pub fn dead_letter_queue_url(&self) -> &str {
        &self.queue_url
    }

    /// The variables that the functions need here, one environment for all of them, and those that lead the AWS SDK
    /// here.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.faults.endpoint()),
            ("AWS_REGION", REGION),
            // The emulator asks for some credentials and accepts any.
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("SCHEMA_REGISTRY_URL", self.registry.url()),
        ];
        let mut environment = BTreeMap::from(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment.extend(self.variables.clone());
        environment.into_iter().collect()
    }

    /// Writes the variables as `cargo lambda watch --env-file` reads them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_env_file(&self, path: &Path) -> std::io::Result<()> {
        let lines: String = self.environment().iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(path, lines)
    }

    /// The dead letters stored so far, as JSON.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<serde_json::Value>, AwsError> {
        let bodies = self.aws.messages(&self.queue_url).await?;
        Ok(bodies.iter().map(|body| serde_json::from_str(body).unwrap_or_else(|_| body.as_str().into())).collect())
    }
}

/// `thumbnails` for `THUMBNAILS_BUCKET`.
fn resource_name(variable: &str, ending: &str) -> String {
    variable.strip_suffix(ending).unwrap_or(variable).to_lowercase().replace('_', "-")
}
