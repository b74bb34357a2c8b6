//! Terraform's words for a mapping, and CloudFormation's for the same.

use std::collections::BTreeMap;

use hcl::{Block, Body, Expression, Structure};

use super::given::{Given, Value};

const RESOURCE: &str = "aws_lambda_event_source_mapping";

/// Terraform's name, CloudFormation's, and how the value differs.
const NAMES: &[(&str, &str, Shape)] = &[
    ("event_source_arn", "EventSourceArn", Shape::Same),
    ("function_name", "FunctionName", Shape::Same),
    ("topics", "Topics", Shape::Same),
    ("starting_position", "StartingPosition", Shape::Same),
    ("starting_position_timestamp", "StartingPositionTimestamp", Shape::Same),
    ("batch_size", "BatchSize", Shape::Same),
    ("maximum_batching_window_in_seconds", "MaximumBatchingWindowInSeconds", Shape::Same),
    ("maximum_retry_attempts", "MaximumRetryAttempts", Shape::Same),
    ("maximum_record_age_in_seconds", "MaximumRecordAgeInSeconds", Shape::Same),
    ("bisect_batch_on_function_error", "BisectBatchOnFunctionError", Shape::Same),
    ("function_response_types", "FunctionResponseTypes", Shape::Same),
    ("filter_criteria", "FilterCriteria", Shape::Block),
    ("filter", "Filters", Shape::Blocks),
    ("pattern", "Pattern", Shape::Same),
    ("destination_config", "DestinationConfig", Shape::Block),
    ("on_failure", "OnFailure", Shape::Block),
    ("destination_arn", "Destination", Shape::Same),
    ("amazon_managed_kafka_event_source_config", "AmazonManagedKafkaEventSourceConfig", Shape::Block),
    ("self_managed_kafka_event_source_config", "SelfManagedKafkaEventSourceConfig", Shape::Block),
    ("consumer_group_id", "ConsumerGroupId", Shape::Same),
    ("schema_registry_config", "SchemaRegistryConfig", Shape::Block),
    ("self_managed_event_source", "SelfManagedEventSource", Shape::Block),
    ("endpoints", "Endpoints", Shape::Endpoints),
    ("source_access_configuration", "SourceAccessConfigurations", Shape::Blocks),
    ("type", "Type", Shape::Same),
    ("uri", "URI", Shape::Same),
    ("provisioned_poller_config", "ProvisionedPollerConfig", Shape::Block),
    ("minimum_pollers", "MinimumPollers", Shape::Same),
    ("maximum_pollers", "MaximumPollers", Shape::Same),
    ("poller_group_name", "PollerGroupName", Shape::Same),
    ("enabled", "Enabled", Shape::Same),
    ("tags", "Tags", Shape::Same),
    ("kms_key_arn", "KmsKeyArn", Shape::Same),
    ("metrics_config", "MetricsConfig", Shape::Block),
    ("queues", "Queues", Shape::Same),
    ("scaling_config", "ScalingConfig", Shape::Block),
    ("document_db_event_source_config", "DocumentDBEventSourceConfig", Shape::Block),
    ("parallelization_factor", "ParallelizationFactor", Shape::Same),
    ("tumbling_window_in_seconds", "TumblingWindowInSeconds", Shape::Same),
];

/// What says how Terraform makes a resource, not what it is.
const META: &[&str] = &["depends_on", "lifecycle", "provider", "region", "count", "for_each", "timeouts"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Same,
    /// One block, which is an object.
    Block,
    /// A block that repeats, which is a list.
    Blocks,
    /// Of a map with one text of servers.
    Endpoints,
}

/// The mappings of a Terraform file.
pub(super) fn of_hcl(text: &str) -> Result<Vec<Given>, hcl::Error> {
    let body: Body = hcl::parse(text)?;
    let resource = |block: &Block| {
        let labels: Vec<_> = block.labels.iter().map(hcl::BlockLabel::as_str).collect();
        match labels.as_slice() {
            [kind, name] if block.identifier.as_str() == "resource" && *kind == RESOURCE => Some((*name).to_owned()),
            _ => None,
        }
    };
    let mappings = body.blocks().filter_map(|block| Some((resource(block)?, block)));
    Ok(mappings.map(|(name, block)| Given { name, properties: of_body(block.body()) }).collect())
}

/// The mappings of a Terraform file in JSON.
pub(super) fn of_json(file: &serde_json::Value) -> Vec<Given> {
    let resources = file["resource"][RESOURCE].as_object();
    let given = |(name, resource): (&String, &serde_json::Value)| {
        let fields = match Value::from(resource.clone()) {
            Value::Object(fields) => fields,
            Value::List(blocks) => match blocks.into_iter().next() {
                Some(Value::Object(fields)) => fields,
                _ => BTreeMap::new(),
            },
            _ => BTreeMap::new(),
        };
        Given {
            name: name.clone(),
            properties: translated(fields.into_iter().map(|(name, value)| (name, templated(value)))),
        }
    };
    resources.into_iter().flatten().map(given).collect()
}

/// `"${…}"` is an expression.
fn templated(value: Value) -> Value {
    match value {
        Value::Text(text) if text.contains("${") => Value::Unknown(text),
        Value::List(values) => Value::List(values.into_iter().map(templated).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, templated(value))).collect())
        }
        other => other,
    }
}

fn of_body(body: &Body) -> BTreeMap<String, Value> {
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => {
                fields.insert(attribute.key.as_str().to_owned(), of_expression(&attribute.expr));
            }
            Structure::Block(block) => {
                let object = Value::Object(of_body(block.body()));
                let entry = fields.entry(block.identifier.as_str().to_owned()).or_insert(Value::List(Vec::new()));
                if let Value::List(blocks) = entry {
                    blocks.push(object);
                }
            }
        }
    }
    translated(fields)
}

/// CloudFormation's names and shapes for Terraform's. A name that neither has is kept, and refused later.
fn translated(fields: impl IntoIterator<Item = (String, Value)>) -> BTreeMap<String, Value> {
    let fields = fields.into_iter().filter(|(name, _)| !META.contains(&name.as_str()));
    fields
        .map(|(name, value)| match NAMES.iter().find(|(terraform, ..)| *terraform == name) {
            Some((_, name, shape)) => ((*name).to_owned(), shaped(*shape, value)),
            None => (name, value),
        })
        .collect()
}

fn shaped(shape: Shape, value: Value) -> Value {
    // Blocks inside are translated already where they come from HCL; that changes nothing a second time.
    let object = |value| match value {
        Value::Object(fields) => Value::Object(translated(fields)),
        other => other,
    };
    match (shape, value) {
        (Shape::Block, Value::List(mut blocks)) if blocks.len() == 1 => blocks.pop().map_or(Value::Null, object),
        (Shape::Block, value) => object(value),
        (Shape::Blocks, Value::List(blocks)) => Value::List(blocks.into_iter().map(object).collect()),
        (Shape::Blocks, value) => Value::List(vec![object(value)]),
        (Shape::Endpoints, Value::Object(fields)) => {
            let servers = |value| match value {
                Value::Text(servers) => {
                    Value::List(servers.split(',').map(|server| Value::Text(server.trim().to_owned())).collect())
                }
                other => other,
            };
            Value::Object(fields.into_iter().map(|(name, value)| (name, servers(value))).collect())
        }
        (Shape::Same | Shape::Endpoints, value) => value,
    }
}

fn of_expression(expression: &Expression) -> Value {
    match expression {
        Expression::Null => Value::Null,
        Expression::Bool(value) => Value::Bool(*value),
        Expression::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        Expression::String(text) => Value::Text(text.clone()),
        Expression::Array(values) => Value::List(values.iter().map(of_expression).collect()),
        Expression::Object(fields) => {
            let field = |(key, value): (&hcl::ObjectKey, &Expression)| (key.to_string(), of_expression(value));
            Value::Object(fields.iter().map(field).collect())
        }
        Expression::Parenthesis(inner) => of_expression(inner),
        // jsonencode({...}) is how a pattern is written.
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => match call.args.as_slice() {
            [value] => json(&of_expression(value))
                .map_or_else(|| Value::Unknown(expression.to_string()), |json| Value::Text(json.to_string())),
            _ => Value::Unknown(expression.to_string()),
        },
        other => Value::Unknown(other.to_string()),
    }
}

fn json(value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        #[allow(clippy::cast_possible_truncation, reason = "checked by comparing back")]
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => (*number as i64).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(values) => values.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Some((name.clone(), json(value)?)));
            serde_json::Value::Object(fields.collect::<Option<_>>()?)
        }
        Value::Unknown(_) => return None,
    })
}
