//! Settings in AWS's words: templates that mean the same, and what is refused, with the reason.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::fs;
use std::time::Duration;

use event_source_mapping::settings::{Access, DestinationArn, Given, MappingSettings, Value, read_file};
use event_source_mapping::{Cluster, StartingPosition};
use tempfile::TempDir;

const YAML: &str = r#"
Resources:
  WelcomeFunction:
    Type: AWS::Lambda::Function
  Welcome:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: send-welcome-email
      EventSourceArn: arn:aws:kafka:eu-central-1:123456789012:cluster/main/uuid
      Topics: [cdc.postgres.public.accounts]
      StartingPosition: TRIM_HORIZON
      BatchSize: 500
      MaximumBatchingWindowInSeconds: 2
      MaximumRetryAttempts: 3
      BisectBatchOnFunctionError: true
      FunctionResponseTypes: [ReportBatchItemFailures]
      AmazonManagedKafkaEventSourceConfig: {ConsumerGroupId: welcome}
      ProvisionedPollerConfig: {MinimumPollers: 1, MaximumPollers: 4}
      DestinationConfig: {OnFailure: {Destination: "arn:aws:sqs:eu-central-1:123456789012:failures"}}
      FilterCriteria: {Filters: [{Pattern: '{"value": {"op": ["c"]}}'}]}
      SourceAccessConfigurations:
        - Type: SASL_SCRAM_512_AUTH
          URI: !Ref KafkaLogin
"#;

const HCL: &str = r#"
resource "aws_lambda_function" "welcome" {}

resource "aws_lambda_event_source_mapping" "Welcome" {
  function_name                      = "send-welcome-email"
  event_source_arn                   = "arn:aws:kafka:eu-central-1:123456789012:cluster/main/uuid"
  topics                             = ["cdc.postgres.public.accounts"]
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 500
  maximum_batching_window_in_seconds = 2
  maximum_retry_attempts             = 3
  bisect_batch_on_function_error     = true
  function_response_types            = ["ReportBatchItemFailures"]

  amazon_managed_kafka_event_source_config {
    consumer_group_id = "welcome"
  }
  provisioned_poller_config {
    minimum_pollers = 1
    maximum_pollers = 4
  }
  destination_config {
    on_failure {
      destination_arn = "arn:aws:sqs:eu-central-1:123456789012:failures"
    }
  }
  filter_criteria {
    filter {
      pattern = jsonencode({ value = { op = ["c"] } })
    }
  }
  source_access_configuration {
    type = "SASL_SCRAM_512_AUTH"
    uri  = aws_secretsmanager_secret.kafka.arn
  }
  depends_on = [aws_lambda_function.welcome]
}
"#;

const TERRAFORM_JSON: &str = r#"{"resource": {"aws_lambda_event_source_mapping": {"Welcome": {
    "function_name": "send-welcome-email",
    "event_source_arn": "arn:aws:kafka:eu-central-1:123456789012:cluster/main/uuid",
    "topics": ["cdc.postgres.public.accounts"], "starting_position": "TRIM_HORIZON", "batch_size": 500,
    "maximum_batching_window_in_seconds": 2, "maximum_retry_attempts": 3, "bisect_batch_on_function_error": true,
    "function_response_types": ["ReportBatchItemFailures"],
    "amazon_managed_kafka_event_source_config": {"consumer_group_id": "welcome"},
    "provisioned_poller_config": [{"minimum_pollers": 1, "maximum_pollers": 4}],
    "destination_config": {"on_failure": {"destination_arn": "arn:aws:sqs:eu-central-1:123456789012:failures"}},
    "filter_criteria": {"filter": [{"pattern": "{\"value\": {\"op\": [\"c\"]}}"}]},
    "source_access_configuration": {"type": "SASL_SCRAM_512_AUTH", "uri": "${aws_secretsmanager_secret.kafka.arn}"}
}}}}"#;

fn read(name: &str, text: &str) -> Vec<Given> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    read_file(&path).unwrap()
}

fn one(name: &str, text: &str) -> MappingSettings {
    let [given] = read(name, text).try_into().unwrap();
    MappingSettings::check(given).unwrap()
}

/// A mapping with what is required, and properties over it.
fn given(properties: &[(&str, &str)]) -> Given {
    let mut given = Given { name: "m".to_owned(), ..Given::default() };
    for (name, value) in [("FunctionName", "f"), ("Topics", r#"["t"]"#), ("StartingPosition", "LATEST")] {
        given.set(name, value);
    }
    properties.iter().for_each(|(name, value)| given.set(name, value));
    given
}

fn refused(properties: &[(&str, &str)]) -> String {
    MappingSettings::check(given(properties)).unwrap_err().to_string()
}

#[test]
fn cloudformation_and_terraform_say_the_same() {
    let yaml = one("template.yaml", YAML);
    assert_eq!(yaml, one("main.tf", HCL));
    assert_eq!(yaml, one("main.tf.json", TERRAFORM_JSON));

    assert_eq!((yaml.function.as_str(), yaml.topic.as_str()), ("send-welcome-email", "cdc.postgres.public.accounts"));
    assert_eq!((yaml.name.as_str(), yaml.group.as_str()), ("Welcome", "welcome"));
    assert!(matches!(&yaml.cluster, Cluster::Msk { arn } if arn.ends_with("cluster/main/uuid")));
    assert_eq!(yaml.starting_position, StartingPosition::TrimHorizon);
    assert_eq!((yaml.rules.batch_size, yaml.rules.window), (500, Duration::from_secs(2)));
    assert_eq!((yaml.rules.retries, yaml.rules.bisect), (Some(3), true));
    assert!(yaml.rules.partial_responses.is_some());
    assert_eq!(yaml.destination, Some(DestinationArn::Queue("failures".to_owned())));
    assert_eq!(yaml.access, [Access::ScramSha512]);
    assert!(yaml.filter.passes(Some(br#"{"op": "c"}"#)) && !yaml.filter.passes(Some(br#"{"op": "d"}"#)));
}

#[test]
fn a_tag_inside_brackets_ends_where_its_value_does() {
    let text = r#"{FunctionName: !Ref F, Topics: [!Ref "T", !Join [",", [a, b]], !Sub "x]${T}"], BatchSize: 7}"#;
    let [given] = read("m.yaml", text).try_into().unwrap();
    let unknown = |text: &str| Value::Unknown(text.to_owned());
    let topics = [r#"!Ref "T""#, r#"!Join [",", [a, b]]"#, r#"!Sub "x]${T}""#].map(unknown);
    assert_eq!(given.properties["FunctionName"], unknown("!Ref F"));
    assert_eq!(given.properties["Topics"], Value::List(topics.into()));
    assert_eq!(given.properties["BatchSize"], Value::Number(7.0));
}

#[test]
fn the_properties_of_one_mapping_alone_are_a_file_too() {
    let settings = one("welcome.json", r#"{"FunctionName": "f", "Topics": ["t"], "StartingPosition": "LATEST"}"#);
    assert_eq!((settings.name.as_str(), settings.group.as_str()), ("welcome", "event-source-mapping-welcome"));
    assert_eq!(settings.cluster, Cluster::SelfManaged);
    assert_eq!((settings.rules.batch_size, settings.rules.window), (100, Duration::from_millis(500)));
    assert_eq!((settings.rules.retries, settings.rules.age), (None, None));
}

#[test]
fn a_destination_ends_retries_without_end_after_ten() {
    let queue = r#"{"OnFailure": {"Destination": "arn:aws:sqs:r:1:q"}}"#;
    let settings = MappingSettings::check(given(&[("DestinationConfig", queue)])).unwrap();
    assert_eq!(settings.rules.retries, Some(10));
}

#[test]
fn what_aws_would_ignore_or_refuse_is_refused_with_the_reason() {
    for (properties, reason) in [
        (vec![("MaximumRetryAttempts", "3")], "MaximumRetryAttempts: needs provisioned mode"),
        (vec![("BisectBatchOnFunctionError", "true")], "BisectBatchOnFunctionError: needs provisioned mode"),
        (vec![("FunctionResponseTypes", r#"["ReportBatchItemFailures"]"#)], "FunctionResponseTypes: needs provisioned"),
        (vec![("MaximumRecordAgeInSeconds", "60")], "needs provisioned mode"),
        (vec![("MaximumRecordAgeInSeconds", "59")], "a whole number from 60 to 604800, or -1"),
        (vec![("BatchSize", "0")], "BatchSize: is 0; expected a whole number from 1 to 10000"),
        (vec![("BatchSize", "2.5")], "is 2.5; expected a whole number"),
        (vec![("Topics", r#"["a", "b"]"#)], "one topic for each mapping"),
        (vec![("StartingPosition", "EARLIEST")], "expected LATEST, TRIM_HORIZON or AT_TIMESTAMP"),
        (vec![("StartingPosition", "AT_TIMESTAMP")], "StartingPositionTimestamp: is required"),
        (vec![("StartingPositionTimestamp", "0")], "only for StartingPosition AT_TIMESTAMP"),
        (vec![("ParallelizationFactor", "2")], "is a setting of Kinesis"),
        (vec![("BatchSiez", "2")], "BatchSiez: is not a setting"),
        (vec![("FilterCriteria", r#"{"Filters": [{"Pattern": "{\"key\": [1]}"}]}"#)], "only `value`"),
        (
            vec![("FilterCriteria", r#"{"Filters": [{"Patern": "{}"}]}"#)],
            "FilterCriteria.Filters[0].Pattern: is required",
        ),
        (
            vec![("DestinationConfig", r#"{"OnFailure": {"Destination": "arn:aws:sns:r:1:t"}}"#)],
            "SNS is not built here",
        ),
        (
            vec![("DestinationConfig", r#"{"OnFailure": {"Destination": "kafka://t"}}"#)],
            "a topic needs provisioned mode",
        ),
        (vec![("DestinationConfig", r#"{"OnFailure": {"Destination": "q"}}"#)], "not the ARN of a queue"),
        (
            vec![("SelfManagedKafkaEventSourceConfig", r#"{"SchemaRegistryConfig": {}}"#)],
            "SelfManagedKafkaEventSourceConfig.SchemaRegistryConfig: is not built here",
        ),
        (
            vec![("FunctionName", r#"{"Ref": "Function"}"#)],
            "which only a deployment knows. Give a literal: --set FunctionName=",
        ),
        (vec![("SourceAccessConfigurations", r#"[{"Type": "CLIENT_CERTIFICATE_TLS_AUTH"}]"#)], "is not built here"),
        (
            vec![
                ("EventSourceArn", "a"),
                ("SelfManagedEventSource", r#"{"Endpoints": {"KafkaBootstrapServers": ["h:1"]}}"#),
            ],
            "one source",
        ),
    ] {
        let problems = refused(&properties);
        assert!(problems.contains(reason), "{properties:?}: {problems}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let problems =
        refused(&[("BatchSize", "0"), ("Topics", "[]"), ("StartingPosition", "x"), ("FunctionName", "null")]);
    for setting in ["BatchSize", "Topics", "StartingPosition", "FunctionName"] {
        assert_eq!(problems.matches(&format!("\n  {setting}: ")).count(), 1, "{problems}");
    }
}

#[test]
fn a_moment_to_start_at_is_seconds_or_a_time() {
    for moment in ["1767225600", "2026-01-01T00:00:00Z"] {
        let at = given(&[("StartingPosition", "AT_TIMESTAMP"), ("StartingPositionTimestamp", moment)]);
        let settings = MappingSettings::check(at).unwrap();
        assert_eq!(settings.starting_position, StartingPosition::AtTimestamp(1_767_225_600_000), "{moment}");
    }
    let future = refused(&[("StartingPosition", "AT_TIMESTAMP"), ("StartingPositionTimestamp", "99999999999")]);
    assert!(future.contains("in the future"), "{future}");
}

#[test]
fn a_file_without_a_mapping_and_one_that_cannot_be_read_say_so() {
    let folder = TempDir::new().unwrap();
    for (name, text, reason) in [
        ("empty.yaml", "Resources: {}", "holds no event source mapping"),
        ("broken.yaml", "a: [", "is not YAML"),
        ("broken.json", "{", "is not JSON"),
        ("broken.tf", "resource {", "is not Terraform"),
        ("other.tf", "resource \"a\" \"b\" {}", "holds no event source mapping"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let error = read_file(&path).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(name), "{error}");
    }
    assert!(read_file(&folder.path().join("missing.yaml")).unwrap_err().to_string().starts_with("cannot read"));
}
