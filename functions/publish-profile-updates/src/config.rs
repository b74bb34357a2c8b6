//! The configuration from the environment: every problem is reported at once.

use std::path::PathBuf;
use std::time::Duration;

use environment::{
    Env, Kind, Problems, Reader, Secret, Variable, boolean, milliseconds, number, one_of, parsed, secret, text, topic,
    url,
};
use event_functions::RegistryConfig;
use kafka_producer::{EventSource, EventSourceError};
use schema_registry::FrameFormat;
use topic_names::TopicName;

/// The function's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// DynamoDB table of the cursor.
    pub cursor_table: String,
    /// SQS queue of the dead letters.
    pub dead_letter_queue_url: String,
    /// S3 bucket of the dead letters that are too large for the queue.
    pub dead_letter_bucket: Option<String>,
    /// The schema registry.
    pub registry: RegistryConfig,
    /// Whether the function's own schema is registered before it is used.
    pub auto_register_schemas: bool,
    /// Base address of the API.
    pub api_url: String,
    /// The token for the API.
    pub api_token: ApiToken,
    /// Changes on a page.
    pub page_size: u32,
    /// The most that one request to the API may take.
    pub api_timeout: Duration,
    /// The topic of the events.
    pub topic: TopicName,
    /// The version of the topic's schema; the latest if `None`.
    pub schema_version: Option<u32>,
    /// The source of the events, a part of their ids.
    pub event_source: EventSource,
    /// How Kafka is reached.
    pub kafka: Kafka,
    /// What a lease lasts beyond a page's time, for clocks that differ.
    pub lease_skew: Duration,
}

/// The token for the API.
#[derive(Debug, Clone)]
pub enum ApiToken {
    /// In Secrets Manager.
    Secret(String),
    /// In the environment.
    Plain(Secret),
}

/// How the cluster is reached.
#[derive(Debug, Clone)]
pub struct Kafka {
    /// `host:port`, with commas between several.
    pub bootstrap_servers: String,
    /// Transport and credentials.
    pub auth: KafkaAuth,
    /// The secret with user and password, for SCRAM.
    pub secret_arn: Option<String>,
    /// A PEM file with the certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// The most that a record may take to its acknowledgement.
    pub delivery_timeout: Duration,
}

/// How the function signs in to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KafkaAuth {
    /// By the role, over TLS.
    MskIam,
    /// By user and password with SCRAM-SHA-512, over TLS.
    ScramSha512,
    /// By user and password with SCRAM-SHA-256, over TLS.
    ScramSha256,
    /// Not at all, over TLS.
    Tls,
    /// Not at all, without TLS.
    Plaintext,
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    ///
    /// Every variable that is missing or wrong, at once.
    pub fn from_env(env: &Env) -> Result<Self, Problems> {
        env.read(Config::read)
    }

    /// Every variable that the function reads, for its README.
    pub fn variables() -> Vec<Variable> {
        Env::describe(Config::read)
    }

    fn read(env: &mut Reader<'_>) -> Self {
        let config = Config {
            cursor_table: env.required("PROFILE_CURSOR_TABLE", doc::CURSOR_TABLE, text().example("profile-cursor")),
            dead_letter_queue_url: env.required("DEAD_LETTER_QUEUE_URL", doc::QUEUE, url().example(EXAMPLE_QUEUE)),
            dead_letter_bucket: env.optional("DEAD_LETTER_BUCKET", doc::BUCKET, text().example("dead-letters")),
            registry: RegistryConfig::read(env),
            auto_register_schemas: env.default("AUTO_REGISTER_SCHEMAS", doc::AUTO_REGISTER, boolean(), "false"),
            api_url: env.required("PROFILE_API_URL", doc::API_URL, url().example("https://profiles.example.com")),
            api_token: ApiToken::read(env),
            page_size: env.default("PROFILE_PAGE_SIZE", doc::PAGE_SIZE, number(1..=1_000), "200"),
            api_timeout: env.default("PROFILE_API_TIMEOUT_MS", doc::API_TIMEOUT, milliseconds(100..=60_000), "5000"),
            topic: env.default("PROFILE_TOPIC", doc::TOPIC, topic(), "user.profile.updated"),
            schema_version: env.optional("PROFILE_SCHEMA_VERSION", doc::SCHEMA_VERSION, number(1..=u32::MAX)),
            event_source: env.default("PROFILE_EVENT_SOURCE", doc::EVENT_SOURCE, event_source(), "/profile-api"),
            kafka: Kafka::read(env),
            lease_skew: env.default("PROFILE_LEASE_SKEW_MS", doc::LEASE_SKEW, milliseconds(0..=60_000), "5000"),
        };
        if config.registry.frames.values != FrameFormat::Confluent {
            let wrong = "has to be confluent here, by SCHEMA_FRAME too: events are written with Confluent's frame";
            env.refuse("VALUE_FRAME", wrong);
        }
        if config.auto_register_schemas && config.schema_version.is_some() {
            let wrong = "does not go with PROFILE_SCHEMA_VERSION, which names a version that is registered already";
            env.refuse("AUTO_REGISTER_SCHEMAS", wrong);
        }
        config
    }
}

impl ApiToken {
    fn read(env: &mut Reader<'_>) -> Self {
        let plain = env.optional("PROFILE_API_TOKEN", doc::API_TOKEN, secret());
        let when = "PROFILE_API_TOKEN is not set";
        let arn = text().example(EXAMPLE_SECRET);
        let secret = env.required_when(plain.is_none(), when, "PROFILE_API_SECRET_ARN", doc::API_SECRET, arn);
        match plain {
            Some(token) => ApiToken::Plain(token),
            None => ApiToken::Secret(secret.unwrap_or_default()),
        }
    }
}

impl Kafka {
    fn read(env: &mut Reader<'_>) -> Self {
        let servers = text().example("b-1.example.com:9098,b-2.example.com:9098");
        let bootstrap_servers = env.required("KAFKA_BOOTSTRAP_SERVERS", doc::BOOTSTRAP, servers);
        let auth = one_of([
            ("msk-iam", KafkaAuth::MskIam),
            ("scram-sha-512", KafkaAuth::ScramSha512),
            ("scram-sha-256", KafkaAuth::ScramSha256),
            ("tls", KafkaAuth::Tls),
            ("plaintext", KafkaAuth::Plaintext),
        ]);
        let auth = env.default("KAFKA_AUTH", doc::KAFKA_AUTH, auth, "msk-iam");
        let scram = matches!(auth, KafkaAuth::ScramSha512 | KafkaAuth::ScramSha256);
        let arn = text().example(EXAMPLE_KAFKA_SECRET);
        Kafka {
            bootstrap_servers,
            auth,
            secret_arn: env.required_when(scram, "KAFKA_AUTH is scram-…", "KAFKA_SECRET_ARN", doc::KAFKA_SECRET, arn),
            ca_file: env.optional("KAFKA_CA_FILE", doc::KAFKA_CA, text().example("/opt/kafka-ca.pem")).map(Into::into),
            delivery_timeout: env.default(
                "KAFKA_DELIVERY_TIMEOUT_MS",
                doc::DELIVERY_TIMEOUT,
                milliseconds(3_000..=120_000),
                "15000",
            ),
        }
    }
}

fn event_source() -> Kind<EventSource> {
    parsed("a URI or a path", "/profile-api", EventSource::default, |value| {
        value.parse().map_err(|error: EventSourceError| error.to_string())
    })
}

const EXAMPLE_QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/profile-dead-letters";
const EXAMPLE_SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:profile-api-AbCdEf";
const EXAMPLE_KAFKA_SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_profiles-AbCdEf";

/// What the variables mean, for problems and for the README.
mod doc {
    pub(super) const CURSOR_TABLE: &str = "DynamoDB table of the cursor and its lease, for this function alone.";
    pub(super) const QUEUE: &str = "SQS queue that takes items that cannot be published.";
    pub(super) const BUCKET: &str = "S3 bucket that takes items too large for the queue (1 MiB). \
        Without it such an item stops the feed.";
    pub(super) const AUTO_REGISTER: &str = "Whether the function registers its own schema before it uses it. \
        For development only: elsewhere a schema is reviewed and registered before its producer runs.";
    pub(super) const API_URL: &str = "Base address of the API; the feed is at `v1/profile-changes` under it.";
    pub(super) const API_TOKEN: &str = "Token for the API in plain text. For local use only.";
    pub(super) const API_SECRET: &str = "Secret in Secrets Manager whose text is the token for the API.";
    pub(super) const PAGE_SIZE: &str = "Changes requested at a time.";
    pub(super) const API_TIMEOUT: &str = "How long one request to the API may take; there are at most three.";
    pub(super) const TOPIC: &str = "Topic of the events. The subject of their schema is this and `-value`.";
    pub(super) const SCHEMA_VERSION: &str = "Version of that schema; the latest unless set.";
    pub(super) const EVENT_SOURCE: &str = "Source of the events (`ce_source`). Part of their ids: never change it, or \
        consumers no longer recognise what was published twice.";
    pub(super) const BOOTSTRAP: &str = "Bootstrap servers of the cluster, `host:port` with commas between.";
    pub(super) const KAFKA_AUTH: &str = "How the function signs in to Kafka; all but `plaintext` over TLS.";
    pub(super) const KAFKA_SECRET: &str =
        "Secret in Secrets Manager with `username` and `password`, as MSK keeps them.";
    pub(super) const KAFKA_CA: &str = "PEM file with the certificates to trust in place of the public ones.";
    pub(super) const DELIVERY_TIMEOUT: &str =
        "How long a record may take to Kafka's acknowledgement, retries included.";
    pub(super) const LEASE_SKEW: &str = "What a run's lease lasts beyond a page's time, for clocks that differ.";
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("PROFILE_CURSOR_TABLE", "profile-cursor"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:4566/000000000000/dead-letters"),
        ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081"),
        ("PROFILE_API_URL", "http://127.0.0.1:8082"),
        ("PROFILE_API_SECRET_ARN", EXAMPLE_SECRET),
        ("KAFKA_BOOTSTRAP_SERVERS", "b-1:9098"),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Config, Problems> {
        Config::from_env(&Env::from_pairs(GOOD.iter().chain(more).copied()))
    }

    #[test]
    fn the_required_variables_are_enough_and_sign_in_by_the_role() {
        let config = read(&[]).unwrap();
        assert_eq!(config.kafka.auth, KafkaAuth::MskIam);
        assert!(matches!(config.api_token, ApiToken::Secret(arn) if arn == EXAMPLE_SECRET));
        assert_eq!((config.topic.as_str(), config.schema_version), ("user.profile.updated", None));
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = Config::variables().into_iter().map(|variable| (variable.name, "\u{7}"));
        let problems = Config::from_env(&Env::from_pairs(bad)).unwrap_err();
        let named = problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>();
        assert_eq!(named, Config::variables().iter().map(|variable| variable.name).collect::<Vec<_>>());
    }

    #[test]
    fn schemas_are_registered_only_when_asked_and_without_a_named_version() {
        assert!(!read(&[]).unwrap().auto_register_schemas);
        assert!(read(&[("AUTO_REGISTER_SCHEMAS", "true")]).unwrap().auto_register_schemas);
        let both = [("AUTO_REGISTER_SCHEMAS", "true"), ("PROFILE_SCHEMA_VERSION", "2")];
        let problems = read(&both).unwrap_err().to_string();
        assert!(
            problems.contains("AUTO_REGISTER_SCHEMAS") && problems.contains("PROFILE_SCHEMA_VERSION"),
            "{problems}"
        );
    }

    #[test]
    fn a_frame_that_is_not_written_is_refused() {
        for variable in ["SCHEMA_FRAME", "VALUE_FRAME"] {
            let problems = read(&[(variable, "confluent-header")]).unwrap_err().to_string();
            assert!(problems.contains("VALUE_FRAME") && problems.contains("Confluent's frame"), "{problems}");
        }
        // Its keys are plain text.
        read(&[("KEY_FRAME", "text")]).unwrap();
    }

    #[test]
    fn scram_needs_its_secret() {
        let problems = read(&[("KAFKA_AUTH", "scram-sha-512")]).unwrap_err().to_string();
        assert!(problems.contains("KAFKA_SECRET_ARN is not set"), "{problems}");
    }

    #[test]
    fn a_plain_token_is_never_shown() {
        let config = read(&[("PROFILE_API_TOKEN", "hunter2")]).unwrap();
        assert!(matches!(config.api_token, ApiToken::Plain(_)));
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    /// An event is published when a broker has acknowledged it, and no variable changes that.
    #[test]
    fn without_a_kafka_cluster_nothing_is_configured() {
        let without = GOOD.iter().filter(|(name, _)| *name != "KAFKA_BOOTSTRAP_SERVERS").copied();
        let file = [("PROFILE_SINK", "recorded-log"), ("RECORDED_LOG", "/tmp/log"), ("KAFKA_AUTH", "plaintext")];
        let problems = Config::from_env(&Env::from_pairs(without.chain(file))).unwrap_err().to_string();
        assert!(problems.contains("KAFKA_BOOTSTRAP_SERVERS is not set"), "{problems}");
    }

    #[test]
    fn the_readme_lists_the_functions_own_variables() {
        let table = environment::table(&event_functions::own_variables(Config::variables()));
        assert!(include_str!("../README.md").contains(&table), "the README's table should be:\n{table}");
    }
}
