//! Publishes typed events: encodes them, adds headers, sends them.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use event_runtime::Failure;
use schema_registry::{RegistryError, Subjects, Version};
use tokio::sync::OnceCell;
use topic_names::{KafkaTopic, Part};

use crate::encode::{EncodeError, Encoder, Framing};
use crate::error::DeliveryError;
use crate::event::{DomainEvent, EventSource};
use crate::producer::{Delivered, OutgoingRecord, Producer};
use crate::trace::TraceParent;

/// The content type of a value: Confluent's frame and an Avro body.
const CONTENT_TYPE: &str = "application/avro";

/// Publishes events of one type to one topic.
///
/// Its schema is looked up once, when it is first needed, under the subject `<topic>-value`. The publisher never
/// registers it: a schema is reviewed and registered before its producer is deployed.
pub struct Publisher<E> {
    topic: KafkaTopic,
    subject: String,
    version: Version,
    source: EventSource,
    subjects: Arc<dyn Subjects>,
    producer: Arc<dyn Producer>,
    encoder: OnceCell<Encoder>,
    events: PhantomData<fn(E)>,
}

/// Why an event was not published.
#[derive(Debug, Failure)]
pub enum PublishError {
    /// The registry did not give the schema: nothing was sent. A missing schema is missing for every event, and can be
    /// registered.
    #[failure(
        "the schema of {subject} cannot be fetched; register it before the producer runs",
        disposition = Disposition::Retry { after: source.retry_after() },
        results = [retry],
        code = source.code(),
        codes = [
            "subject_not_found", "version_not_found", "schema_not_found", "registry_unavailable", "registry_throttled",
            "registry_refused", "registry_lost_schemas", "registry_request_invalid", "schema_incompatible", "schema_unusable",
            "schema_rules_unsupported", "schema_reference_unsupported"
        ],
        remedy = "Register the schema; check the registry's address, credentials and rights."
    )]
    Schema {
        /// The subject that was asked for.
        subject: String,
        /// The registry's error.
        source: RegistryError,
    },
    /// The registered schema cannot be used for writing: nothing was sent. As with a missing schema, another can be
    /// registered.
    #[failure(
        "the schema registered under {subject} cannot be used; register another one, or name a version that can be used",
        retry,
        code = "schema_unwritable",
        remedy = "Register another schema, or name a version that can be used."
    )]
    Unwritable {
        /// The subject of the schema.
        subject: String,
        /// What is wrong with it.
        source: EncodeError,
    },
    /// The registered schema and the event's type do not fit each other: nothing was sent. The fields of an event are fixed
    /// by its type, so the schema is not the expected one.
    #[failure(
        "the event does not fit the schema registered under {subject}",
        dead_letter,
        code = "event_encoding",
        remedy = "Register the schema that the producer was made for, or deploy a producer that fits."
    )]
    Encode {
        /// The subject of the schema.
        subject: String,
        /// What does not fit.
        source: EncodeError,
    },
    /// It was not acknowledged.
    #[failure(transparent)]
    Delivery(#[from] DeliveryError),
}

impl<E: DomainEvent> Publisher<E> {
    /// Publishes to `topic`, as the cluster calls it, by the given version of its subject's schema.
    pub fn new(
        topic: KafkaTopic,
        source: EventSource,
        subjects: Arc<dyn Subjects>,
        version: Version,
        producer: Arc<dyn Producer>,
    ) -> Self {
        let subject = format!("{}-{}", topic.as_str(), Part::Value);
        Publisher { topic, subject, version, source, subjects, producer, encoder: OnceCell::new(), events: PhantomData }
    }

    /// Publishes events in their order and answers for each. An event that cannot be encoded is not sent; the others are.
    ///
    /// # Errors
    /// Only when the schema cannot be fetched or used: no event was sent.
    pub async fn publish(
        &self,
        events: &[E],
        trace: TraceParent,
    ) -> Result<Vec<Result<Delivered, PublishError>>, PublishError> {
        let encoder = self.encoder.get_or_try_init(|| self.look_up()).await?;
        let encoded: Vec<_> = events.iter().map(|event| self.record(encoder, event, trace)).collect();
        let mut answers = Vec::with_capacity(events.len());
        let mut records = Vec::with_capacity(events.len());
        for record in encoded {
            match record {
                Ok(record) => {
                    records.push(record);
                    answers.push(None);
                }
                Err(error) => answers.push(Some(self.misfit(error))),
            }
        }
        let mut delivered = self.producer.send(records).await.into_iter();
        let lost = || DeliveryError::new(self.topic.as_str(), crate::DeliveryProblem::Unacknowledged);
        let answer = |refused: Option<PublishError>| match refused {
            Some(error) => Err(error),
            // A producer that answers for too few records leaves the others unknown.
            None => Ok(delivered.next().unwrap_or_else(|| Err(lost()))?),
        };
        Ok(answers.into_iter().map(answer).collect())
    }

    async fn look_up(&self) -> Result<Encoder, PublishError> {
        let found = self.subjects.version(&self.subject, self.version).await;
        let registered = found.map_err(|source| PublishError::Schema { subject: self.subject.clone(), source })?;
        let (schema, framing) = (&registered.schema, Framing::Confluent(registered.id.0));
        Encoder::new(&schema.text, &schema.references, framing)
            .map_err(|source| PublishError::Unwritable { subject: self.subject.clone(), source })
    }

    fn record(&self, encoder: &Encoder, event: &E, trace: TraceParent) -> Result<OutgoingRecord, EncodeError> {
        let value = encoder.encode(event)?;
        let headers = [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", event.id().to_owned()),
            ("ce_type", E::TYPE.to_owned()),
            ("ce_source", self.source.as_str().to_owned()),
            ("ce_time", event.occurred_at().to_string()),
            ("content-type", CONTENT_TYPE.to_owned()),
            ("traceparent", trace.child().header()),
        ];
        Ok(OutgoingRecord {
            topic: self.topic.as_str().to_owned(),
            key: Some(Bytes::copy_from_slice(event.key().as_bytes())),
            value: Some(Bytes::from(value)),
            headers: headers.map(|(name, value)| (name.to_owned(), Bytes::from(value))).into(),
        })
    }

    fn misfit(&self, source: EncodeError) -> PublishError {
        PublishError::Encode { subject: self.subject.clone(), source }
    }
}
