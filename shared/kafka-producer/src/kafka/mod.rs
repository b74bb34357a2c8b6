//! Kafka itself, by the client `krafka`.

mod answer;
mod config;
mod login;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use krafka::error::KrafkaError;
use krafka::producer::{Acks, DeliveryHandle, Record, RecordMetadata};
use tokio::sync::Mutex;

use crate::error::{DeliveryError, DeliveryProblem};
use crate::producer::{Delivered, OutgoingRecord, Producer};

pub use config::{CaCertificates, KafkaConfig, ScramMechanism, Security};
pub use login::{Login, LoginError, Logins};

use answer::ConnectError;

/// A producer of a Kafka cluster: idempotent, acknowledged by all replicas in sync.
///
/// It connects when it first sends, and again after an error that ends the client (a fenced producer, refused
/// credentials). Between invocations Lambda may freeze the process for long: connections that died meanwhile are made
/// anew within the delivery timeout.
pub struct KafkaProducer {
    config: KafkaConfig,
    client: Mutex<Option<Arc<krafka::producer::Producer>>>,
}

impl KafkaProducer {
    /// A producer that is not connected yet.
    pub fn new(config: KafkaConfig) -> Self {
        KafkaProducer { config, client: Mutex::default() }
    }

    async fn connected(&self) -> Result<Arc<krafka::producer::Producer>, ConnectError> {
        let mut client = self.client.lock().await;
        if let Some(connected) = client.as_ref().filter(|connected| !connected.is_closed()) {
            return Ok(Arc::clone(connected));
        }
        let connecting = self.connect();
        // Nothing has been sent: giving up here is safe.
        let connected = within(self.config.connect_timeout(), connecting).await?;
        Ok(Arc::clone(client.insert(Arc::new(connected))))
    }

    async fn connect(&self) -> Result<krafka::producer::Producer, ConnectError> {
        let mut kafka = krafka::Kafka::builder(&self.config.bootstrap_servers)
            .client_id(&self.config.client_id)
            .request_timeout(self.config.request_timeout())
            .connect_timeout(self.config.connect_timeout());
        if let Some(security) = self.config.auth().await? {
            kafka = kafka.security(security);
        }
        let producer = kafka.connect().await?.producer();
        producer
            .idempotent(true)
            .acks(Acks::All)
            .delivery_timeout(self.config.delivery_timeout)
            .max_block(self.config.request_timeout())
            .metrics_push(false)
            .build()
            .await
            .map_err(ConnectError::from)
    }

    /// Lets go of a client that its own error has ended.
    async fn forget(&self, ended: &Arc<krafka::producer::Producer>) {
        let mut client = self.client.lock().await;
        if client.as_ref().is_some_and(|current| Arc::ptr_eq(current, ended)) {
            *client = None;
        }
    }

    async fn deliver(&self, records: Vec<OutgoingRecord>) -> Vec<Result<Delivered, DeliveryError>> {
        let topics: Vec<_> = records.iter().map(|record| record.topic.clone()).collect();
        let client = match self.connected().await {
            Ok(client) => client,
            Err(error) => {
                let refused = |topic| Err(answer::not_connected(topic, error.clone(), &self.config));
                return topics.into_iter().map(refused).collect();
            }
        };
        let mut handles = Vec::with_capacity(records.len());
        for record in records {
            handles.push(client.enqueue(as_krafkas(record)).await);
        }
        let mut answers = Vec::with_capacity(handles.len());
        let mut ended = false;
        for (handle, topic) in handles.into_iter().zip(topics) {
            let answer = self.acknowledged(handle, topic).await;
            answers.push(answer.map_err(|(fatal, error)| {
                ended |= fatal;
                error
            }));
        }
        if ended {
            self.forget(&client).await;
        }
        answers
    }

    /// An error comes with whether it ended the client.
    async fn acknowledged(
        &self,
        handle: Result<DeliveryHandle, KrafkaError>,
        topic: String,
    ) -> Result<Delivered, (bool, DeliveryError)> {
        let config = &self.config;
        let handle =
            handle.map_err(|error| (error.is_fatal(), answer::before_sending(topic.clone(), error, config)))?;
        let metadata =
            handle.await.map_err(|error| (error.is_fatal(), answer::after_queueing(topic.clone(), error, config)))?;
        if metadata.is_persisted() {
            Ok(Delivered { partition: metadata.partition, offset: offset(&metadata) })
        } else {
            Err((false, DeliveryError::new(topic, DeliveryProblem::Unacknowledged)))
        }
    }
}

impl Producer for KafkaProducer {
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>> {
        async move { if records.is_empty() { Vec::new() } else { self.deliver(records).await } }.boxed()
    }
}

fn offset(metadata: &RecordMetadata) -> Option<i64> {
    metadata.is_success().then_some(metadata.offset)
}

fn as_krafkas(record: OutgoingRecord) -> Record {
    let sent = Record::new(record.topic, record.value.clone().unwrap_or_default()).timestamp(record.timestamp);
    let sent = if record.value.is_some() { sent } else { sent.without_value() };
    let sent = match record.key {
        Some(key) => sent.key(key),
        None => sent,
    };
    record.headers.into_iter().fold(sent, |sent, (name, value)| sent.header(name, value))
}

async fn within<T>(
    limit: Duration,
    connecting: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    match tokio::time::timeout(limit, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(KrafkaError::timeout("connecting to the cluster").into()),
    }
}
