//! What a run works with outside of the process, each behind a trait.

use std::sync::Arc;
use std::time::Duration;

use event_functions::{Aws, RegistryConfigError, TableUse};
use kafka_producer::{KafkaProducer, Producer};

use crate::api::{ApiSettingsError, Feed, ProfileApi};
use crate::config::Config;
use crate::cursor::{CursorTable, Cursors, KEY};
use crate::kafka::CannotSignIn;
use crate::page_time::page_takes;

/// What a run works with.
pub(crate) struct Ports {
    /// The API that has the changes.
    pub(crate) feed: Arc<dyn Feed>,
    /// The lease and the cursor.
    pub(crate) cursors: Arc<dyn Cursors>,
    /// Sends records.
    pub(crate) producer: Arc<dyn Producer>,
    /// The most that sending a page may take.
    pub(crate) send_timeout: Duration,
}

/// A part cannot be built as configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WiringError {
    /// The registry's client.
    #[error(transparent)]
    Registry(#[from] RegistryConfigError),
    /// The API's client.
    #[error(transparent)]
    Api(#[from] ApiSettingsError),
    /// Kafka's client.
    #[error(transparent)]
    Kafka(#[from] CannotSignIn),
}

impl Ports {
    pub(crate) fn real(config: &Config, aws: &Aws<()>) -> Result<Self, WiringError> {
        let table = TableUse {
            variable: config.cursor_table.variable(),
            partition_key: KEY,
            sort_key: None,
            ttl: None,
            indexes: Vec::new(),
            person: &[],
            actions: &["dynamodb:UpdateItem"],
        };
        let client = aws.table(table, aws_sdk_dynamodb::Client::new);
        let kafka = config.kafka.config(aws)?;
        let send_timeout = kafka.send_timeout();
        let lease = page_takes(&config.api(), send_timeout) + config.lease_skew;
        Ok(Ports {
            cursors: Arc::new(CursorTable::new(client, config.cursor_table.name(), lease)),
            producer: Arc::new(KafkaProducer::new(kafka)),
            send_timeout,
            // Last: without variables there is no address, and then all the rest is declared.
            feed: Arc::new(ProfileApi::new(config.api(), config.api_token.clone())?),
        })
    }
}
