//! The function's variables.

use std::time::Duration;

use event_functions::schemas::FrameFormat;
use event_functions::{Config, KafkaTopic, Kind, Reader, RegistryConfig, Secret, Table, parsed};
use kafka_producer::{EventSource, EventSourceError};

use crate::api::ApiSettings;
use crate::kafka::Kafka;
use crate::profile;

#[derive(Debug, Clone, Config)]
#[env(check = fit_together)]
pub(crate) struct Config {
    /// DynamoDB table of the cursor and its lease, for this function alone.
    #[env("PROFILE_CURSOR_TABLE", example = "profile-cursor")]
    pub(crate) cursor_table: Table,
    #[env(flatten)]
    pub(crate) registry: RegistryConfig,
    /// Whether the function registers its own schema before it uses it. For development only: elsewhere a schema is
    /// reviewed and registered before its producer runs.
    #[env("AUTO_REGISTER_SCHEMAS", default = "false")]
    pub(crate) auto_register_schemas: bool,
    /// Base address of the API; the feed is at `v1/profile-changes` under it.
    #[env("PROFILE_API_URL", kind = url(), example = "https://profiles.example.com")]
    pub(crate) api_url: String,
    /// Token for the API.
    #[env("PROFILE_API_TOKEN")]
    pub(crate) api_token: Secret,
    /// Changes requested at a time.
    #[env("PROFILE_PAGE_SIZE", kind = number(1..=1_000), default = "200")]
    pub(crate) page_size: u32,
    /// How long one request to the API may take; there are at most three.
    #[env("PROFILE_API_TIMEOUT_MS", kind = milliseconds(100..=60_000), default = "5000")]
    pub(crate) api_timeout: Duration,
    /// Topic of the events, as the cluster calls it. The subject of their schema is this and `-value`.
    #[env("PROFILE_TOPIC", default = "user.profile.updated")]
    pub(crate) topic: KafkaTopic,
    /// Version of that schema; the latest unless set.
    #[env("PROFILE_SCHEMA_VERSION", kind = number(1..=u32::MAX))]
    pub(crate) schema_version: Option<u32>,
    /// Source of the events (`ce_source`). Part of their ids: never change it, or consumers no longer recognise what was
    /// published twice.
    #[env("PROFILE_EVENT_SOURCE", kind = event_source(), default = "/profile-api")]
    pub(crate) event_source: EventSource,
    #[env(flatten)]
    pub(crate) kafka: Kafka,
    /// What a run's lease lasts beyond a page's time, for clocks that differ.
    #[env("PROFILE_LEASE_SKEW_MS", kind = milliseconds(0..=60_000), default = "5000")]
    pub(crate) lease_skew: Duration,
}

impl Config {
    /// The schema that the function registers before it uses it, if it may.
    pub(crate) fn schema_to_register(&self) -> Option<&'static str> {
        self.auto_register_schemas.then_some(profile::SCHEMA)
    }

    pub(crate) fn api(&self) -> ApiSettings {
        ApiSettings { url: self.api_url.clone(), page_size: self.page_size, timeout: self.api_timeout }
    }
}

fn event_source() -> Kind<EventSource> {
    parsed("a URI or a path", "/profile-api", EventSource::default, |value| {
        value.parse().map_err(|error: EventSourceError| error.to_string())
    })
}

fn fit_together(config: &Config, env: &mut Reader<'_>) {
    env.renamed("PROFILE_API_SECRET_ARN", "PROFILE_API_TOKEN_SECRET_ARN");
    if config.registry.frames.values != FrameFormat::Confluent {
        let wrong = "has to be confluent here, by SCHEMA_FRAME too: events are written with Confluent's frame";
        env.refuse("VALUE_FRAME", wrong);
    }
    if config.auto_register_schemas && config.schema_version.is_some() {
        let wrong = "does not go with PROFILE_SCHEMA_VERSION, which names a version that is registered already";
        env.refuse("AUTO_REGISTER_SCHEMAS", wrong);
    }
}

#[cfg(test)]
mod tests {
    use event_functions::Configuration;
    use event_functions::environment::{Env, Problems, Variable};

    use super::*;
    use crate::kafka::KafkaAuth;

    const GOOD: [(&str, &str); 5] = [
        ("PROFILE_CURSOR_TABLE", "profile-cursor"),
        ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081"),
        ("PROFILE_API_URL", "http://127.0.0.1:8082"),
        ("PROFILE_API_TOKEN", "hunter2"),
        ("KAFKA_BOOTSTRAP_SERVERS", "b-1:9098"),
    ];
    const KAFKA_SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_profiles-AbCdEf";

    fn read(more: &[(&str, &str)]) -> Result<Config, Problems> {
        Env::from_pairs(GOOD.iter().chain(more).copied()).read(Config::read)
    }

    fn variables() -> Vec<Variable> {
        Env::describe(Config::read)
    }

    #[test]
    fn the_required_variables_are_enough_and_sign_in_by_the_role() {
        let config = read(&[]).unwrap();
        assert_eq!(config.kafka.auth, KafkaAuth::MskIam);
        assert_eq!(&*config.api_token.expose(), "hunter2");
        assert_eq!((config.topic.as_str(), config.schema_version), ("user.profile.updated", None));
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = variables().into_iter().map(|variable| (variable.name, "\u{7}"));
        let problems = Env::from_pairs(bad).read(Config::read).unwrap_err();
        let named = problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>();
        assert_eq!(named, variables().iter().map(|variable| variable.name).collect::<Vec<_>>());
    }

    #[test]
    fn schemas_are_registered_only_when_asked_and_without_a_named_version() {
        assert_eq!(read(&[]).unwrap().schema_to_register(), None);
        assert!(read(&[("AUTO_REGISTER_SCHEMAS", "true")]).unwrap().schema_to_register().is_some());
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
    fn a_file_without_certificates_is_a_problem_of_its_variable() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (file, wrong) in [("/no/such/file.pem", "cannot be read"), (manifest, "holds no certificate")] {
            let problems = read(&[("KAFKA_CA_FILE", file)]).unwrap_err().to_string();
            assert!(problems.contains(&format!("KAFKA_CA_FILE names the file {file}")), "{problems}");
            assert!(problems.contains(wrong), "{problems}");
        }
    }

    #[test]
    fn the_token_and_the_login_may_be_secrets_elsewhere() {
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:profile-api-AbCdEf";
        let kafka = [("KAFKA_AUTH", "scram-sha-512"), ("KAFKA_SECRET_ARN", KAFKA_SECRET)];
        let config =
            read(&[("PROFILE_API_TOKEN", ""), ("PROFILE_API_TOKEN_SECRET_ARN", arn), kafka[0], kafka[1]]).unwrap();
        assert_eq!(config.api_token.arn().unwrap().as_str(), arn);
        assert_eq!(config.kafka.login.unwrap().arn().unwrap().as_str(), KAFKA_SECRET);
    }

    #[test]
    fn the_former_name_of_the_tokens_secret_is_refused() {
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:profile-api-AbCdEf";
        let problems = read(&[("PROFILE_API_SECRET_ARN", arn)]).unwrap_err().to_string();
        assert!(problems.contains("PROFILE_API_SECRET_ARN was renamed to PROFILE_API_TOKEN_SECRET_ARN"), "{problems}");
    }

    #[test]
    fn a_token_is_never_shown() {
        assert!(!format!("{:?}", read(&[]).unwrap()).contains("hunter2"));
    }

    /// An event is published when a broker has acknowledged it, and no variable changes that.
    #[test]
    fn without_a_kafka_cluster_nothing_is_configured() {
        let file = [("PROFILE_SINK", "recorded-log"), ("RECORDED_LOG", "/tmp/log"), ("KAFKA_AUTH", "plaintext")];
        let problems = read(&[file[0], file[1], file[2], ("KAFKA_BOOTSTRAP_SERVERS", "")]).unwrap_err().to_string();
        assert!(problems.contains("KAFKA_BOOTSTRAP_SERVERS is not set"), "{problems}");
    }
}
