//! Settings that can be used.

use std::time::Duration;

use jiff::Timestamp;

use super::given::{Given, Value};
use super::problem::Problems;
use super::properties::Properties;
use crate::event::Cluster;
use crate::filter::Filter;
use crate::kafka::StartingPosition;
use crate::machine::{PartialResponses, Rules};

const WITHOUT_END: i64 = -1;
/// What AWS sets where retries have no end and there is a destination.
const RETRIES_WITH_DESTINATION: u32 = 10;
const PROVISIONED: &str = "needs provisioned mode, and AWS refuses or ignores it without: set ProvisionedPollerConfig";

/// The settings of one mapping, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingSettings {
    /// Its name in its file.
    pub name: String,
    /// The function's name.
    pub function: String,
    /// `functionArn` in what a destination gets.
    pub function_arn: String,
    /// The kind of cluster.
    pub cluster: Cluster,
    /// `host:port,host:port`, where the settings hold them; MSK's are only known to AWS.
    pub bootstrap_servers: Option<String>,
    /// The one topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// Where a new group begins.
    pub starting_position: StartingPosition,
    /// What the machine does.
    pub rules: Rules,
    /// Which records pass.
    pub filter: Filter,
    /// Where given-up records go.
    pub destination: Option<DestinationArn>,
    /// How the cluster is signed in to, by what AWS calls it.
    pub access: Vec<Access>,
    /// How long one invocation may take, where that is known: a setting of the function, which no mapping has.
    pub timeout: Option<Duration>,
}

/// `DestinationConfig.OnFailure.Destination`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationArn {
    /// A queue's name.
    Queue(String),
    /// A bucket's name.
    Bucket(String),
    /// A topic's name.
    Topic(String),
}

/// `SourceAccessConfigurations.Type`, as far as it says how to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `SASL_SCRAM_512_AUTH`.
    ScramSha512,
    /// `SASL_SCRAM_256_AUTH`.
    ScramSha256,
    /// `BASIC_AUTH`: SASL/PLAIN.
    Plain,
    /// `SERVER_ROOT_CA_CERTIFICATE`.
    RootCertificate,
}

impl MappingSettings {
    /// Checks settings as AWS does. What AWS would silently ignore is refused, and so is what is not built here.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn check(given: Given) -> Result<Self, Problems> {
        let name = given.name.clone();
        let mut properties = Properties::new(given);
        let from = &mut properties;
        refuse_other_sources(from);
        let provisioned = provisioned(from);
        let function = required(from, "FunctionName");
        let topic = topic(from);
        let (cluster, bootstrap_servers) = cluster(from);
        let group = group(from).unwrap_or_else(|| format!("event-source-mapping-{name}"));
        let destination = destination(from, provisioned);
        let settings = MappingSettings {
            function_arn: if function.starts_with("arn:") {
                function.clone()
            } else {
                format!("arn:aws:lambda:us-east-1:000000000000:function:{function}")
            },
            function: function.rsplit(":function:").next().unwrap_or_default().to_owned(),
            starting_position: starting_position(from),
            rules: rules(from, provisioned, destination.is_some()),
            filter: filter(from),
            access: access(from),
            timeout: None,
            name,
            cluster,
            bootstrap_servers,
            topic,
            group,
            destination,
        };
        for skipped in ["Enabled", "Tags", "KmsKeyArn", "MetricsConfig", "LoggingConfig"] {
            properties.skip(skipped);
        }
        properties.rest();
        if properties.problems.found.is_empty() { Ok(settings) } else { Err(properties.problems) }
    }
}

fn required(from: &mut Properties, name: &str) -> String {
    from.text(name).unwrap_or_else(|| {
        if from.problems.found.iter().all(|problem| problem.setting != name) {
            from.problems.add(name, "is required");
        }
        String::new()
    })
}

/// Settings of queues and streams, which CloudFormation takes in the same resource.
fn refuse_other_sources(from: &mut Properties) {
    for (name, source) in [
        ("Queues", "Amazon MQ"),
        ("ScalingConfig", "Amazon SQS"),
        ("DocumentDBEventSourceConfig", "Amazon DocumentDB"),
        ("ParallelizationFactor", "Kinesis and DynamoDB streams"),
        ("TumblingWindowInSeconds", "Kinesis and DynamoDB streams"),
    ] {
        if from.take(name).is_some() {
            from.problems.add(name, format!("is a setting of {source}, not of Kafka"));
        }
    }
}

fn provisioned(from: &mut Properties) -> bool {
    let read = |from: &mut Properties| {
        let minimum = from.number("MinimumPollers", 1, 200, None).unwrap_or(1);
        let maximum = from.number("MaximumPollers", 1, 2000, None).unwrap_or(200);
        from.skip("PollerGroupName");
        if minimum > maximum {
            from.problems.add("MinimumPollers", format!("is {minimum}, more than MaximumPollers, {maximum}"));
        }
    };
    from.object("ProvisionedPollerConfig", read).is_some()
}

fn topic(from: &mut Properties) -> String {
    match from.texts("Topics").as_slice() {
        [topic] => topic.clone(),
        [] => {
            from.problems.add("Topics", "is required: one topic");
            String::new()
        }
        several => {
            let reason = format!("holds {} topics; AWS takes one topic for each mapping", several.len());
            from.problems.add("Topics", reason);
            String::new()
        }
    }
}

fn cluster(from: &mut Properties) -> (Cluster, Option<String>) {
    let arn = from.text("EventSourceArn");
    let read = |from: &mut Properties| {
        from.object("Endpoints", |from| {
            let servers = from.texts("KafkaBootstrapServers");
            let servers = if servers.is_empty() { from.texts("KAFKA_BOOTSTRAP_SERVERS") } else { servers };
            servers.join(",")
        })
    };
    let servers = from.object("SelfManagedEventSource", read).flatten().filter(|servers| !servers.is_empty());
    match (arn, servers) {
        (Some(arn), None) => (Cluster::Msk { arn }, None),
        (None, servers) => (Cluster::SelfManaged, servers),
        (Some(_), Some(_)) => {
            from.problems.add("EventSourceArn", "stands beside SelfManagedEventSource; a mapping has one source");
            (Cluster::SelfManaged, None)
        }
    }
}

fn group(from: &mut Properties) -> Option<String> {
    let read = |from: &mut Properties| {
        if from.take("SchemaRegistryConfig").is_some() {
            let reason = "is not built here: the mapping hands records on as they are in the topic";
            from.problems.add("SchemaRegistryConfig", reason);
        }
        from.text("ConsumerGroupId")
    };
    let group = from.object("AmazonManagedKafkaEventSourceConfig", read).flatten();
    let group = from.object("SelfManagedKafkaEventSourceConfig", read).flatten().or(group)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-/*:_+=.@".contains(letter);
    if group.len() > 200 || !group.chars().all(allowed) {
        from.problems.add("ConsumerGroupId", "has 1 to 200 letters, digits and characters of -/*:_+=.@");
    }
    Some(group)
}

fn starting_position(from: &mut Properties) -> StartingPosition {
    let timestamp = from.take("StartingPositionTimestamp");
    let position = required(from, "StartingPosition");
    match (position.as_str(), timestamp) {
        ("LATEST", None) => StartingPosition::Latest,
        ("TRIM_HORIZON", None) => StartingPosition::TrimHorizon,
        ("AT_TIMESTAMP", Some(timestamp)) => match moment(&timestamp) {
            Some(at) if at <= Timestamp::now() => StartingPosition::AtTimestamp(at.as_millisecond()),
            Some(_) => {
                from.problems.add("StartingPositionTimestamp", "is in the future");
                StartingPosition::Latest
            }
            None => {
                let expected = "seconds since 1970, or RFC 3339 such as 2026-01-31T00:00:00Z";
                from.wrong("StartingPositionTimestamp", &timestamp, expected);
                StartingPosition::Latest
            }
        },
        ("AT_TIMESTAMP", None) => {
            from.problems.add("StartingPositionTimestamp", "is required with AT_TIMESTAMP");
            StartingPosition::Latest
        }
        ("LATEST" | "TRIM_HORIZON", Some(_)) => {
            from.problems.add("StartingPositionTimestamp", "is only for StartingPosition AT_TIMESTAMP");
            StartingPosition::Latest
        }
        ("", _) => StartingPosition::Latest,
        (other, _) => {
            let reason = format!("is {other:?}; expected LATEST, TRIM_HORIZON or AT_TIMESTAMP");
            from.problems.add("StartingPosition", reason);
            StartingPosition::Latest
        }
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Text(text) => text.parse().ok().or_else(|| text.parse().ok().and_then(of_seconds)),
        Value::Number(seconds) => of_seconds(*seconds),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Object(_) | Value::Unknown(_) => None,
    }
}

fn of_seconds(seconds: f64) -> Option<Timestamp> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_millisecond(i64::try_from(since.as_millis()).ok()?).ok()
}

fn rules(from: &mut Properties, provisioned: bool, destination: bool) -> Rules {
    let defaults = Rules::default();
    let seconds = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let batch_size = from.number("BatchSize", 1, 10_000, None);
    let window = from.number("MaximumBatchingWindowInSeconds", 0, 300, None);
    let retries = from.number("MaximumRetryAttempts", 0, 10_000, Some(WITHOUT_END));
    let age = from.number("MaximumRecordAgeInSeconds", 60, 604_800, Some(WITHOUT_END));
    let bisect = from.boolean("BisectBatchOnFunctionError");
    let types = from.texts("FunctionResponseTypes");
    if let Some(other) = types.iter().find(|kind| *kind != "ReportBatchItemFailures") {
        from.problems.add("FunctionResponseTypes", format!("holds {other:?}; there is only ReportBatchItemFailures"));
    }
    for (name, given) in [
        ("MaximumRetryAttempts", retries.is_some_and(|retries| retries != WITHOUT_END)),
        ("MaximumRecordAgeInSeconds", age.is_some_and(|age| age != WITHOUT_END)),
        ("BisectBatchOnFunctionError", bisect),
        ("FunctionResponseTypes", !types.is_empty()),
    ] {
        if given && !provisioned {
            from.problems.add(name, PROVISIONED);
        }
    }
    let retries = retries.filter(|retries| *retries != WITHOUT_END).and_then(|retries| u32::try_from(retries).ok());
    Rules {
        batch_size: batch_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(defaults.batch_size),
        window: window.map_or(defaults.window, seconds),
        retries: retries.or(destination.then_some(RETRIES_WITH_DESTINATION)),
        age: age.filter(|age| *age != WITHOUT_END).map(seconds),
        bisect,
        partial_responses: (!types.is_empty()).then_some(PartialResponses::OnlyTheListed),
        destination,
        ..defaults
    }
}

fn filter(from: &mut Properties) -> Filter {
    let read = |from: &mut Properties| from.objects("Filters", |from| required(from, "Pattern"));
    let patterns = from.object("FilterCriteria", read).unwrap_or_default();
    Filter::parse(&patterns).unwrap_or_else(|error| {
        from.problems.add("FilterCriteria", error.to_string());
        Filter::default()
    })
}

fn destination(from: &mut Properties, provisioned: bool) -> Option<DestinationArn> {
    let read = |from: &mut Properties| {
        if from.take("OnSuccess").is_some() {
            from.problems.add("OnSuccess", "is not for event source mappings");
        }
        from.object("OnFailure", |from| required(from, "Destination"))
    };
    let arn = from.object("DestinationConfig", read).flatten().filter(|arn| !arn.is_empty())?;
    let parts: Vec<_> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sqs", _, _, name] => Some(DestinationArn::Queue((*name).to_owned())),
        ["arn", _, "s3", _, _, bucket] => Some(DestinationArn::Bucket((*bucket).to_owned())),
        ["kafka", topic] => {
            if !provisioned {
                from.problems.add("DestinationConfig", format!("a topic {PROVISIONED}"));
            }
            Some(DestinationArn::Topic(topic.trim_start_matches('/').to_owned()))
        }
        ["arn", _, "sns", ..] => {
            let reason =
                "SNS is not built here; take a queue (arn:aws:sqs:…), a bucket (arn:aws:s3:::…) or a topic (kafka://…)";
            from.problems.add("DestinationConfig", reason);
            None
        }
        _ => {
            let reason = format!("{arn:?} is not the ARN of a queue or bucket, and not kafka://topic");
            from.problems.add("DestinationConfig", reason);
            None
        }
    }
}

fn access(from: &mut Properties) -> Vec<Access> {
    let read = |from: &mut Properties| {
        from.skip("URI");
        required(from, "Type")
    };
    let mut found = Vec::new();
    for kind in from.objects("SourceAccessConfigurations", read) {
        match kind.as_str() {
            "SASL_SCRAM_512_AUTH" => found.push(Access::ScramSha512),
            "SASL_SCRAM_256_AUTH" => found.push(Access::ScramSha256),
            "BASIC_AUTH" => found.push(Access::Plain),
            "SERVER_ROOT_CA_CERTIFICATE" => found.push(Access::RootCertificate),
            // Where Lambda's pollers are placed; here they run on this machine.
            "VPC_SUBNET" | "VPC_SECURITY_GROUP" | "" => {}
            "CLIENT_CERTIFICATE_TLS_AUTH" => {
                let reason = "CLIENT_CERTIFICATE_TLS_AUTH is not built here; sign in by SASL";
                from.problems.add("SourceAccessConfigurations", reason);
            }
            other => from.problems.add("SourceAccessConfigurations", format!("{other} is not a type for Kafka")),
        }
    }
    found
}
