//! Emulator, registry and fault proxy together, and the configuration that makes a function use them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::aws::{Aws, AwsError, REGION};
use crate::faults::{FaultProxy, ProxyError};
use crate::profile_api::{PROFILE_API_TOKEN, ProfileApi};
use crate::recording::RegisteredSchema;
use crate::registry::Registry;
use crate::tables::{AUDIT_TABLE, CLAIMS_TABLE, LOGINS_TABLE, PROFILE_CURSOR_TABLE, TABLES, tables_of_functions};
use crate::tools::Workspace;

/// The dead-letter queue of the local stack.
pub const DEAD_LETTER_QUEUE: &str = "dead-letters";
/// The bucket that takes what is too large for that queue.
pub const DEAD_LETTER_BUCKET: &str = "dead-letters";
/// The only sender whom the local SES accepts.
pub const SENDER: &str = "hello@example.com";

/// Everything around a function. It ends with this value.
#[derive(Debug)]
pub struct Stack {
    /// DynamoDB, SQS and SES, with table, queue and sender in place.
    pub aws: Aws,
    /// Stands between the function and `aws`.
    pub faults: FaultProxy,
    /// The schemas.
    pub registry: Registry,
    queue_url: String,
    /// The API that profile updates come from, where it is served.
    profiles: Option<ProfileApi>,
    /// What was added to the environment.
    more: Vec<(String, String)>,
}

/// The stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The emulator did not.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A function asks for tables in a way that cannot be read.
    #[error(
        "a function's local-stack.json is not {{\"tables\" or \"append_only_tables\": {{\"VARIABLE\": \"table\"}}}}"
    )]
    Tables(#[source] std::io::Error),
    /// The proxy did not.
    #[error("the fault proxy did not start")]
    Faults(#[from] ProxyError),
    /// The registry did not.
    #[error("the schema registry did not start")]
    Registry(#[from] std::io::Error),
}

impl Stack {
    /// Starts all of it, about half a second.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(workspace: &Workspace, schemas: BTreeMap<u32, RegisteredSchema>) -> Result<Self, StackError> {
        let aws = Aws::start(workspace).await?;
        for table in TABLES {
            aws.create_table(*table).await?;
        }
        let wanted = tables_of_functions(workspace).map_err(StackError::Tables)?;
        for wanted in &wanted {
            aws.create_table(wanted.table()).await?;
        }
        aws.create_bucket(DEAD_LETTER_BUCKET).await?;
        let queue_url = aws.create_queue(DEAD_LETTER_QUEUE).await?;
        aws.verify_sender(SENDER).await?;
        let faults = FaultProxy::start(aws.endpoint()).await?;
        let registry = Registry::start(schemas).await?;
        let more = wanted.into_iter().map(|wanted| (wanted.variable, wanted.name)).collect();
        Ok(Stack { aws, faults, registry, queue_url, profiles: None, more })
    }

    /// Adds a variable to the environment of all functions, or replaces one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.more.push((name.to_owned(), value.into()));
    }

    /// Serves a profile API with `changes` in its feed, and lets `publish-profile-updates` read it and write its events
    /// to the file `log` in Kafka's place.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn serve_profiles(&mut self, changes: Vec<Value>, log: &Path) -> std::io::Result<()> {
        let api = ProfileApi::start(changes).await?;
        self.set("PROFILE_API_URL", api.url());
        self.set("PROFILE_API_TOKEN", PROFILE_API_TOKEN);
        self.set("PROFILE_SINK", "recorded-log");
        self.set("RECORDED_LOG", log.display().to_string());
        self.profiles = Some(api);
        Ok(())
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
            ("CLAIMS_TABLE", CLAIMS_TABLE),
            ("LOGINS_TABLE", LOGINS_TABLE),
            ("AUDIT_TABLE", AUDIT_TABLE),
            ("PROFILE_CURSOR_TABLE", PROFILE_CURSOR_TABLE),
            ("DEAD_LETTER_QUEUE_URL", &self.queue_url),
            ("DEAD_LETTER_BUCKET", DEAD_LETTER_BUCKET),
            ("SCHEMA_REGISTRY_URL", self.registry.url()),
            ("EMAIL_MODE", "live"),
            ("EMAIL_SENDER", SENDER),
            ("EMAIL_RATE_PER_SECOND", "500"),
        ];
        let mut environment = BTreeMap::from(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment.extend(self.more.iter().cloned());
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
