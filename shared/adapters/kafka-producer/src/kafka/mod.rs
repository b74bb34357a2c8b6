//! The producer of a Kafka cluster, on the client `krafka`.

mod answer;
mod config;
mod in_order;
mod login;
mod sending;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use event_runtime::{Clock, SystemClock};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use krafka::error::KrafkaError;
use krafka::producer::Acks;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::DeliveryError;
use crate::producer::{Delivered, OutgoingRecord, Producer};

pub use config::{CaCertificates, KafkaConfig, ScramMechanism, Security};
pub use login::{Login, LoginError, Logins};

use answer::ConnectError;
use in_order::{Answer, BATCH_BYTES, send_in_order};
use sending::{BUFFER_BYTES, Directory, Sending, Unplaced};

/// A producer of a Kafka cluster: idempotent, acknowledged by all replicas in sync.
///
/// It connects when it first sends, and again after an error that ends the client (a fenced producer, refused
/// credentials). Between invocations Lambda may freeze the process for long: connections that died meanwhile are opened
/// again within the delivery timeout. Concurrent calls take turns: a batch never has records of two calls, which would be
/// refused together.
pub struct KafkaProducer {
    config: KafkaConfig,
    client: Mutex<Option<Arc<krafka::producer::Producer>>>,
    turn: Mutex<()>,
    clock: Arc<dyn Clock>,
}

impl KafkaProducer {
    /// A producer that has not connected yet.
    pub fn new(config: KafkaConfig) -> Self {
        KafkaProducer { config, client: Mutex::default(), turn: Mutex::default(), clock: Arc::new(SystemClock) }
    }

    /// Takes the timestamps of records from another clock than the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        KafkaProducer { clock, ..self }
    }

    async fn connected(&self) -> Result<Arc<krafka::producer::Producer>, ConnectError> {
        let mut client = self.client.lock().await;
        if let Some(connected) = client.as_ref().filter(|connected| !connected.is_closed()) {
            return Ok(Arc::clone(connected));
        }
        let connecting = self.connect();
        // Nothing has been sent, so it is safe to stop here.
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
            .batch_size(BATCH_BYTES)
            .buffer_memory(BUFFER_BYTES)
            // A batch is sent by `flush`, when it is complete, and not before.
            .linger(self.config.request_timeout())
            .delivery_timeout(self.config.delivery_timeout)
            .max_block(self.config.request_timeout())
            .metrics_push(false)
            .build()
            .await
            .map_err(ConnectError::from)
    }

    /// Drops a client after an error that ended it.
    async fn forget(&self, ended: &Arc<krafka::producer::Producer>) {
        let mut client = self.client.lock().await;
        if client.as_ref().is_some_and(|current| Arc::ptr_eq(current, ended)) {
            *client = None;
        }
    }

    async fn deliver(&self, records: Vec<OutgoingRecord>) -> Vec<Answer> {
        let began = Instant::now();
        let Ok(_turn) = tokio::time::timeout(self.config.request_timeout(), self.turn.lock()).await else {
            let busy = || KrafkaError::timeout("waiting for another call's records");
            let not_sent = |record: OutgoingRecord| Err(answer::before_sending(record.topic, busy(), &self.config));
            return records.into_iter().map(not_sent).collect();
        };
        let client = match self.connected().await {
            Ok(client) => client,
            Err(error) => {
                let refused =
                    |record: OutgoingRecord| Err(answer::not_connected(record.topic, error.clone(), &self.config));
                return records.into_iter().map(refused).collect();
            }
        };
        let mut answers: Vec<Option<Answer>> = Vec::with_capacity(records.len());
        let mut sending = Sending::over(&client, &self.config, began);
        let mut directory = Directory::of(&client);
        // The time of sending, which a record keeps when it is sent again.
        let now = i64::try_from(self.clock.now().0).unwrap_or(i64::MAX);
        for record in records {
            match directory.place(record, now).await {
                Ok((placed, record)) => {
                    sending.placed.push(placed);
                    sending.records.push(record);
                    answers.push(None);
                }
                Err(Unplaced::Faulty(error)) => answers.push(Some(Err(error))),
                Err(Unplaced::Kafka { topic, error }) => {
                    sending.note(&error);
                    answers.push(Some(Err(answer::before_sending(topic, error, &self.config))));
                }
            }
        }
        let mut sent = send_in_order(&sending.placed, &sending).await.into_iter();
        if sending.ended() {
            self.forget(&client).await;
        }
        // There is an answer for each record that was placed.
        answers.into_iter().filter_map(|answer| answer.or_else(|| sent.next())).collect()
    }
}

impl Producer for KafkaProducer {
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>> {
        async move { if records.is_empty() { Vec::new() } else { self.deliver(records).await } }.boxed()
    }
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
