//! The wire, by a client that sends what no well-behaved one would.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, FetchRequest, InitProducerIdRequest, InitProducerIdResponse,
    MetadataRequest, MetadataResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use local_broker::{Broker, ResponseError, TopicSettings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Scene {
    broker: Broker,
    stream: TcpStream,
    _folder: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::start(folder.path().join("records.jsonl")).await.unwrap();
        broker.create_topic("t", TopicSettings::default());
        let stream = TcpStream::connect(broker.address()).await.unwrap();
        Scene { broker, stream, _folder: folder }
    }

    async fn send<R: Request>(&mut self, request: &R, version: i16) {
        let key = ApiKey::try_from(R::KEY).unwrap();
        let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version);
        let mut content = BytesMut::new();
        header.with_correlation_id(77).encode(&mut content, key.request_header_version(version)).unwrap();
        request.encode(&mut content, version).unwrap();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        self.stream.write_all(&[&length, content.as_ref()].concat()).await.unwrap();
    }

    /// The next answer, as one to a version of a request.
    async fn receive<R: Request>(&mut self, version: i16) -> R::Response {
        let length = self.stream.read_u32().await.unwrap();
        let mut content = BytesMut::zeroed(usize::try_from(length).unwrap());
        self.stream.read_exact(&mut content).await.unwrap();
        let mut content = content.freeze();
        let key = ApiKey::try_from(R::KEY).unwrap();
        let header = ResponseHeader::decode(&mut content, key.response_header_version(version)).unwrap();
        assert_eq!(header.correlation_id, 77);
        let response = R::Response::decode(&mut content, version).unwrap();
        assert!(content.is_empty(), "bytes are left: {content:?}");
        response
    }

    async fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.send(request, version).await;
        self.receive::<R>(version).await
    }

    /// The error code and the offset that a batch is answered with.
    async fn produce(&mut self, records: Bytes) -> (i16, i64) {
        let response = self.ask(&produce_request(records), 11).await;
        let partition = &response.responses[0].partition_responses[0];
        (partition.error_code, partition.base_offset)
    }

    fn lines(&self) -> usize {
        std::fs::read_to_string(self.broker.log()).unwrap().lines().count()
    }
}

/// Asks for every topic.
fn all_topics(version: i16) -> MetadataRequest {
    // In version 0 an empty list asks for all, later none at all.
    MetadataRequest::default().with_topics((version == 0).then(Vec::new))
}

fn produce_request(records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(0).with_records(Some(records));
    let name = TopicName(StrBytes::from_static_str("t"));
    let topic = TopicProduceData::default().with_name(name).with_partition_data(vec![partition]);
    ProduceRequest::default().with_acks(-1).with_timeout_ms(1_000).with_topic_data(vec![topic])
}

/// A batch of an idempotent producer.
fn batch(first_sequence: i32, records: i32) -> Bytes {
    let record = |index: i32| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: 7,
        producer_epoch: 0,
        timestamp_type: TimestampType::Creation,
        offset: i64::from(index),
        sequence: first_sequence + index,
        timestamp: 1_000,
        key: None,
        value: Some(Bytes::from_static(b"v")),
        headers: Default::default(),
    };
    let records: Vec<_> = (0..records).map(record).collect();
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
    bytes.freeze()
}

#[tokio::test]
async fn a_batch_sent_twice_is_acknowledged_twice_and_written_once() {
    let mut scene = Scene::start().await;
    assert_eq!(scene.produce(batch(0, 3)).await, (0, 0));
    assert_eq!(scene.produce(batch(3, 2)).await, (0, 3));
    assert_eq!(scene.produce(batch(0, 3)).await, (0, 0));
    assert_eq!(scene.produce(batch(3, 2)).await, (0, 3));
    assert_eq!(scene.lines(), 5);
}

#[tokio::test]
async fn a_batch_behind_a_gap_is_refused_and_not_written() {
    let mut scene = Scene::start().await;
    assert_eq!(scene.produce(batch(0, 3)).await, (0, 0));
    let refused = (ResponseError::OutOfOrderSequenceNumber.code(), -1);
    assert_eq!(scene.produce(batch(4, 1)).await, refused);
    assert_eq!(scene.lines(), 3);
}

#[tokio::test]
async fn a_damaged_batch_is_refused_and_the_connection_stays() {
    let mut scene = Scene::start().await;
    let mut damaged = batch(0, 3).to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(scene.produce(damaged.into()).await, (ResponseError::CorruptMessage.code(), -1));
    assert_eq!(scene.produce(Bytes::new()).await, (ResponseError::CorruptMessage.code(), -1));
    assert_eq!(scene.produce(batch(0, 3)).await, (0, 0));
    assert_eq!(scene.lines(), 3);
}

#[tokio::test]
async fn every_served_version_is_understood() {
    let mut scene = Scene::start().await;
    let served: ApiVersionsResponse = scene.ask(&ApiVersionsRequest::default(), 4).await;
    let keys: Vec<_> = served.api_keys.iter().map(|api| api.api_key).collect();
    assert_eq!(
        keys,
        [ApiKey::Produce, ApiKey::Metadata, ApiKey::ApiVersions, ApiKey::InitProducerId].map(|key| key as i16)
    );
    let idempotent = InitProducerIdRequest::default().with_transactional_id(None);
    let mut ids = Vec::new();
    for api in served.api_keys {
        for version in api.min_version..=api.max_version {
            match ApiKey::try_from(api.api_key).unwrap() {
                ApiKey::Metadata => {
                    let found: MetadataResponse = scene.ask(&all_topics(version), version).await;
                    assert_eq!(found.topics.len(), 1, "version {version}");
                }
                ApiKey::InitProducerId => {
                    let found: InitProducerIdResponse = scene.ask(&idempotent, version).await;
                    ids.push(found.producer_id.0);
                }
                ApiKey::ApiVersions => {
                    let found: ApiVersionsResponse = scene.ask(&ApiVersionsRequest::default(), version).await;
                    assert_eq!((found.error_code, found.api_keys.len()), (0, 4), "version {version}");
                }
                key => {
                    let metadata: MetadataResponse = scene.ask(&all_topics(12), 12).await;
                    let mut request = produce_request(batch(i32::from(version) - 3, 1));
                    if version == 13 {
                        request.topic_data[0].topic_id = metadata.topics[0].topic_id;
                        request.topic_data[0].name = TopicName::default();
                    }
                    let found: ProduceResponse = scene.ask(&request, version).await;
                    let partition = &found.responses[0].partition_responses[0];
                    assert_eq!((partition.error_code, partition.base_offset), (0, i64::from(version) - 3), "{key:?}");
                }
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "no producer id is given twice");
}

#[tokio::test]
async fn a_newer_api_versions_request_is_answered_in_version_0() {
    let mut scene = Scene::start().await;
    // Version 4 under another number: a future request that cannot be decoded here.
    let mut content = BytesMut::new();
    let header = RequestHeader::default().with_request_api_key(18).with_request_api_version(99).with_correlation_id(77);
    header.encode(&mut content, 2).unwrap();
    scene.stream.write_u32(u32::try_from(content.len()).unwrap()).await.unwrap();
    scene.stream.write_all(&content).await.unwrap();
    let answer = scene.receive::<ApiVersionsRequest>(0).await;
    assert_eq!((answer.error_code, answer.api_keys.len()), (ResponseError::UnsupportedVersion.code(), 4));
}

#[tokio::test]
async fn what_is_not_served_closes_the_connection_and_no_other() {
    let mut scene = Scene::start().await;
    let mut other = TcpStream::connect(scene.broker.address()).await.unwrap();
    scene.send(&FetchRequest::default(), 12).await;
    assert_eq!(scene.stream.read(&mut [0; 1]).await.unwrap(), 0);
    std::mem::swap(&mut scene.stream, &mut other);
    scene.stream.write_all(&[0x7f, 0xff, 0xff, 0xff]).await.unwrap();
    assert_eq!(scene.stream.read(&mut [0; 1]).await.unwrap(), 0, "a length of 2 GiB");
    scene.stream = TcpStream::connect(scene.broker.address()).await.unwrap();
    assert_eq!(scene.produce(batch(0, 1)).await, (0, 0));
}

#[tokio::test]
async fn no_client_creates_a_topic() {
    let mut scene = Scene::start().await;
    let asked = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default()
        .with_name(Some(TopicName(StrBytes::from_static_str("other"))));
    let request = MetadataRequest::default().with_topics(Some(vec![asked])).with_allow_auto_topic_creation(true);
    for _ in 0..2 {
        let found: MetadataResponse = scene.ask(&request, 9).await;
        assert_eq!(found.topics[0].error_code, ResponseError::UnknownTopicOrPartition.code());
    }
}
