//! A client's connection: requests in, an answer to each, in their order.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, InitProducerIdRequest, InitProducerIdResponse, MetadataRequest,
    MetadataResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::batch::Refused;
use crate::fault::Fault;
use crate::state::{Shared, State, lock};
use crate::topic::Topic;

/// `socket.request.max.bytes`, as it is unless set.
const MAX_REQUEST_BYTES: usize = 100 << 20;
/// API key, version and correlation id, with which every request begins.
const REQUEST_PREFIX: usize = 8;
const NODE: BrokerId = BrokerId(1);
const LEADER_EPOCH: i32 = 0;

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Produce,
    Metadata,
    ApiVersions,
    InitProducerId,
}

/// What is served, with the versions that Apache Kafka 4.1 serves.
const SERVED: [(RequestKind, i16, i16); 4] = [
    (RequestKind::Produce, 3, 13),
    (RequestKind::Metadata, 0, 13),
    (RequestKind::ApiVersions, 0, 4),
    (RequestKind::InitProducerId, 0, 5),
];

impl RequestKind {
    fn key(self) -> ApiKey {
        match self {
            RequestKind::Produce => ApiKey::Produce,
            RequestKind::Metadata => ApiKey::Metadata,
            RequestKind::ApiVersions => ApiKey::ApiVersions,
            RequestKind::InitProducerId => ApiKey::InitProducerId,
        }
    }
}

/// A connection that a client has opened.
pub(crate) struct Connection {
    stream: TcpStream,
    port: u16,
    state: Shared,
}

/// Why a connection was closed. A broker closes it too, for what it cannot answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    /// The client has gone.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No request, or one that would take too much memory.
    #[error("a request of {0} bytes; the most is {MAX_REQUEST_BYTES}, and the least {REQUEST_PREFIX}")]
    Length(i32),
    /// Apache Kafka closes the connection too.
    #[error("API key {key} in version {version} is not served here; ApiVersions lists what is")]
    Unserved { key: i16, version: i16 },
    /// The bytes do not fit the version that they name.
    #[error("a request {0:?} cannot be decoded: {1}")]
    Malformed(RequestKind, String),
    /// The protocol crate refuses what we answer.
    #[error("an answer to {0:?} cannot be encoded: {1}")]
    Answer(RequestKind, String),
}

/// The first fields of a request.
#[derive(Debug, Clone, Copy)]
struct Asked {
    kind: RequestKind,
    version: i16,
    correlation_id: i32,
}

/// What follows from a request.
enum Answer {
    Send(Bytes),
    /// The client wants no answer, or is to get none.
    Nothing,
    Close,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, port: u16, state: Shared) -> Self {
        Connection { stream, port, state }
    }

    /// Answers until the client closes the connection or asks for what is not served.
    pub(crate) async fn serve(mut self) -> Result<(), ConnectionError> {
        self.stream.set_nodelay(true)?;
        loop {
            let length = match self.stream.read_i32().await {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let bytes =
                usize::try_from(length).ok().filter(|bytes| (REQUEST_PREFIX..=MAX_REQUEST_BYTES).contains(bytes));
            let mut request = BytesMut::zeroed(bytes.ok_or(ConnectionError::Length(length))?);
            self.stream.read_exact(&mut request).await?;
            match self.answer(request.freeze())? {
                Answer::Send(answer) => self.stream.write_all(&answer).await?,
                Answer::Nothing => {}
                Answer::Close => return Ok(()),
            }
        }
    }

    fn answer(&self, mut request: Bytes) -> Result<Answer, ConnectionError> {
        let asked = match Asked::of(&request)? {
            Ok(asked) => asked,
            // The one request that has to be understood in any version: its answer names those that are served.
            Err(asked) => {
                let error = ResponseError::UnsupportedVersion.code();
                return asked.encode(&api_versions().with_error_code(error));
            }
        };
        let malformed = |error| ConnectionError::Malformed(asked.kind, format!("{error:#}"));
        let header_version = asked.kind.key().request_header_version(asked.version);
        RequestHeader::decode(&mut request, header_version).map_err(malformed)?;
        let mut state = lock(&self.state);
        match asked.kind {
            // Its own fields name the client's software, which nothing here depends on.
            RequestKind::ApiVersions => asked.encode(&api_versions()),
            RequestKind::Metadata => {
                let request = MetadataRequest::decode(&mut request, asked.version).map_err(malformed)?;
                asked.encode(&metadata(&state, self.port, request, asked.version))
            }
            RequestKind::InitProducerId => {
                let request = InitProducerIdRequest::decode(&mut request, asked.version).map_err(malformed)?;
                asked.encode(&init_producer_id(&mut state, &request))
            }
            RequestKind::Produce => {
                let request = ProduceRequest::decode(&mut request, asked.version).map_err(malformed)?;
                let wants_answer = request.acks != 0;
                let fault = state.next_fault();
                if fault == Some(Fault::CloseBeforeWriting) {
                    return Ok(Answer::Close);
                }
                let response = produce(&mut state, request, fault, asked.version);
                match fault {
                    Some(Fault::CloseAfterWriting) => Ok(Answer::Close),
                    Some(Fault::LeaveUnanswered) => Ok(Answer::Nothing),
                    Some(Fault::Refuse(_) | Fault::CloseBeforeWriting) | None if wants_answer => {
                        asked.encode(&response)
                    }
                    Some(Fault::Refuse(_) | Fault::CloseBeforeWriting) | None => Ok(Answer::Nothing),
                }
            }
        }
    }
}

impl Asked {
    /// The request, or as the inner error one for ApiVersions in a version that is not served, to be answered in version 0.
    fn of(request: &Bytes) -> Result<Result<Self, Self>, ConnectionError> {
        let field = |from: usize| i16::from_be_bytes([request[from], request[from + 1]]);
        let (key, version) = (field(0), field(2));
        let correlation_id = i32::from_be_bytes([request[4], request[5], request[6], request[7]]);
        let served = SERVED.into_iter().find(|(served, _, _)| served.key() as i16 == key);
        match served {
            Some((kind, least, most)) if (least..=most).contains(&version) => {
                Ok(Ok(Asked { kind, version, correlation_id }))
            }
            Some((kind @ RequestKind::ApiVersions, _, _)) => Ok(Err(Asked { kind, version: 0, correlation_id })),
            Some(_) | None => Err(ConnectionError::Unserved { key, version }),
        }
    }

    /// The answer with its length before it.
    fn encode(self, response: &impl Encodable) -> Result<Answer, ConnectionError> {
        let header = ResponseHeader::default().with_correlation_id(self.correlation_id);
        let mut content = BytesMut::new();
        let encoded = header.encode(&mut content, self.kind.key().response_header_version(self.version));
        let encoded = encoded.and_then(|()| response.encode(&mut content, self.version));
        encoded.map_err(|error| ConnectionError::Answer(self.kind, format!("{error:#}")))?;
        let mut answer = BytesMut::with_capacity(content.len() + 4);
        answer.put_u32(u32::try_from(content.len()).unwrap_or(u32::MAX));
        answer.extend_from_slice(&content);
        Ok(Answer::Send(answer.freeze()))
    }
}

fn api_versions() -> ApiVersionsResponse {
    let version = |(kind, least, most): (RequestKind, i16, i16)| {
        ApiVersion::default().with_api_key(kind.key() as i16).with_min_version(least).with_max_version(most)
    };
    ApiVersionsResponse::default().with_api_keys(SERVED.into_iter().map(version).collect())
}

fn metadata(state: &State, port: u16, request: MetadataRequest, version: i16) -> MetadataResponse {
    let topics = match request.topics {
        // In version 0 an empty list asks for all of them.
        Some(asked) if version > 0 || !asked.is_empty() => {
            let by_name = |name: TopicName| {
                let found = state.topics.iter().find(|topic| topic.name == name.0.as_str());
                found.map_or_else(
                    || unknown_topic(ResponseError::UnknownTopicOrPartition).with_name(Some(name)),
                    describe,
                )
            };
            let by_id = |id| {
                let found = state.topics.iter().find(|topic| topic.id == id);
                found.map_or_else(|| unknown_topic(ResponseError::UnknownTopicId).with_topic_id(id), describe)
            };
            let described = asked.into_iter().map(|topic| match topic.name {
                Some(name) => by_name(name),
                None => by_id(topic.topic_id),
            });
            described.collect()
        }
        Some(_) | None => state.topics.iter().map(describe).collect(),
    };
    let host = StrBytes::from_static_str("127.0.0.1");
    let broker = MetadataResponseBroker::default().with_node_id(NODE).with_host(host).with_port(i32::from(port));
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_static_str("local-broker")))
        .with_controller_id(NODE)
        .with_topics(topics)
}

fn unknown_topic(error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default().with_error_code(error.code())
}

fn describe(topic: &Topic) -> MetadataResponseTopic {
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(NODE)
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(vec![NODE])
            .with_isr_nodes(vec![NODE])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_topic_id(topic.id)
        .with_partitions((0..).take(topic.partitions.len()).map(partition).collect())
}

fn init_producer_id(state: &mut State, request: &InitProducerIdRequest) -> InitProducerIdResponse {
    if request.transactional_id.is_some() {
        // As of a broker that coordinates no transactions.
        let error = ResponseError::NotCoordinator.code();
        return InitProducerIdResponse::default().with_error_code(error).with_producer_id((-1).into());
    }
    InitProducerIdResponse::default().with_producer_id(state.producer_id().into()).with_producer_epoch(0)
}

fn produce(state: &mut State, request: ProduceRequest, fault: Option<Fault>, version: i16) -> ProduceResponse {
    let acks = request.acks;
    let responses = request.topic_data.into_iter().map(|topic| {
        // From version 13 on the request names topics by their ids.
        let name = match version {
            13.. => state.topics.iter().find(|found| found.id == topic.topic_id).map(|found| found.name.clone()),
            _ => Some(topic.name.0.to_string()),
        };
        let write = |partition: PartitionProduceData| {
            let written = match (fault, &name) {
                (Some(Fault::Refuse(error)), _) => Err(Refused::new(error, "a test asked for this error")),
                (_, None) => Err(Refused::new(ResponseError::UnknownTopicId, "there is no topic of this id")),
                _ if !(-1..=1).contains(&acks) => {
                    Err(Refused::new(ResponseError::InvalidRequiredAcks, "acks is one of -1, 0 and 1"))
                }
                (_, Some(name)) => state.write(name, partition.index, partition.records),
            };
            answer_to(partition.index, written)
        };
        let partitions = topic.partition_data.into_iter().map(write).collect();
        TopicProduceResponse::default()
            .with_name(topic.name)
            .with_topic_id(topic.topic_id)
            .with_partition_responses(partitions)
    });
    let responses = responses.collect();
    ProduceResponse::default().with_responses(responses)
}

fn answer_to(index: i32, written: Result<i64, Refused>) -> PartitionProduceResponse {
    let answer = PartitionProduceResponse::default().with_index(index);
    match written {
        Ok(base_offset) => answer.with_base_offset(base_offset).with_log_append_time_ms(-1).with_log_start_offset(0),
        Err(refused) => answer
            .with_error_code(refused.error.code())
            .with_error_message(Some(StrBytes::from_static_str(refused.message)))
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1),
    }
}
