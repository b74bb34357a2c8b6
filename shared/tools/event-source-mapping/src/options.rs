//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use event_source_mapping::machine::{DestinationFailure, PartialResponses};
use event_source_mapping::settings::{Given, MappingSettings, read_file};
use kafka_connection::with_causes;

const EXAMPLES: &str = "\
Examples:
  event-source-mapping run --function hello --topic orders --bootstrap-servers 127.0.0.1:9092 --set BatchSize=10
  event-source-mapping run template.yaml --bootstrap-servers 127.0.0.1:9092 --mapping Welcome --verbose
  event-source-mapping check main.tf

The function is served by `cargo lambda watch` at http://127.0.0.1:9000, or by any other Invoke endpoint (--invoke-url);
--invoke-url aws is AWS itself, with your credentials. Ctrl-C finishes what is invoked and leaves the group; a second one
abandons it: its records are delivered again.

Exit codes: 0 ended as asked, 2 wrong usage, 78 settings that cannot be used, 69 a cluster or port that cannot be had.";

/// Runs a Kafka-triggered Lambda function by the rules of AWS's event source mapping.
#[derive(Debug, Parser)]
#[command(name = "event-source-mapping", version, after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read the topics and invoke the functions, until Ctrl-C.
    #[command(after_help = EXAMPLES)]
    Run(Box<Run>),
    /// Only check the settings, and print what they mean.
    Check(MappingsFrom),
}

impl Command {
    pub(crate) fn source(&self) -> &MappingsFrom {
        match self {
            Command::Run(run) => &run.from,
            Command::Check(from) => from,
        }
    }
}

/// Where the settings come from.
#[derive(Debug, Args)]
pub(crate) struct MappingsFrom {
    /// CloudFormation (YAML, JSON), the properties of one mapping, or Terraform (.tf, .tf.json).
    file: Option<PathBuf>,
    /// Only the mapping of this name in the file; may be repeated.
    #[arg(long, value_name = "NAME")]
    mapping: Vec<String>,
    /// FunctionName.
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Topics: the one topic.
    #[arg(long)]
    topic: Option<String>,
    /// Any setting by CloudFormation's name, over what the file says; the value is JSON, a text needs no quotes.
    #[arg(long = "set", value_name = "SETTING=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected Setting=value, such as BatchSize=10")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl MappingsFrom {
    /// The mappings, checked. What is wrong is told for all of them.
    pub(crate) fn mappings(&self) -> Result<Vec<MappingSettings>, String> {
        let mut given = match &self.file {
            Some(file) => read_file(file).map_err(|error| with_causes(&error))?,
            None => vec![Given { name: self.function.clone().unwrap_or("mapping".to_owned()), ..Given::default() }],
        };
        if let Some(missing) = self.mapping.iter().find(|name| given.iter().all(|given| given.name != **name)) {
            let names: Vec<_> = given.iter().map(|given| given.name.as_str()).collect();
            return Err(format!("there is no mapping {missing}; there are {}", names.join(", ")));
        }
        given.retain(|given| self.mapping.is_empty() || self.mapping.contains(&given.name));
        let mut checked = Vec::new();
        let mut problems = Vec::new();
        for mut given in given {
            if self.file.is_none() {
                given.set("StartingPosition", "LATEST");
            }
            let topic = self.topic.as_ref().map(|topic| serde_json::json!([topic]).to_string());
            let flags = [("FunctionName", self.function.clone()), ("Topics", topic)];
            for (name, value) in flags.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                given.set(name, &value);
            }
            self.set.iter().for_each(|(name, value)| given.set(name, value));
            match MappingSettings::check(given) {
                Ok(settings) => checked.push(settings),
                Err(found) => problems.push(found.to_string()),
            }
        }
        if problems.is_empty() { Ok(checked) } else { Err(problems.join("\n")) }
    }
}

/// How the mappings are run.
#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) from: MappingsFrom,
    /// host:port of the brokers, with commas between several; over what the settings say.
    #[arg(long, env = "KAFKA_BOOTSTRAP_SERVERS")]
    pub(crate) bootstrap_servers: Option<String>,
    /// The Invoke endpoint, or `aws`.
    #[arg(long, default_value = "http://127.0.0.1:9000", value_name = "URL")]
    pub(crate) invoke_url: String,
    /// Where SQS and S3 are, for destinations; AWS itself without it.
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Connect by TLS. SASL over it where the settings say SASL.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Trust these certificates (PEM) in place of the public ones.
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(crate) ca_file: Option<PathBuf>,
    /// User for SASL, in place of the secret that the settings name.
    #[arg(long, env = "KAFKA_USERNAME")]
    pub(crate) username: Option<String>,
    /// Password for SASL.
    #[arg(long, env = "KAFKA_PASSWORD", hide_env_values = true, hide = true)]
    pub(crate) password: Option<String>,
    /// Which records come again after a response that lists failures: AWS does not say.
    #[arg(long, value_enum, default_value = "only-the-listed")]
    pub(crate) partial_responses: Reading,
    /// Splitting a batch consumes a retry: AWS says no for other sources, and nothing for Kafka.
    #[arg(long)]
    pub(crate) splitting_counts: bool,
    /// What becomes of records that the destination does not accept: AWS does not say.
    #[arg(long, value_enum, default_value = "retry")]
    pub(crate) destination_failure: Unaccepted,
    /// The pause before the first retry, which doubles each time, in milliseconds: AWS does not say.
    #[arg(long, default_value = "1000", value_parser = milliseconds, value_name = "MS")]
    pub(crate) first_retry_pause: Duration,
    /// The longest pause before a retry, in milliseconds.
    #[arg(long, default_value = "60000", value_parser = milliseconds, value_name = "MS")]
    pub(crate) longest_retry_pause: Duration,
    /// Serve counters and lag at http://127.0.0.1:PORT/metrics.
    #[arg(long, value_name = "PORT")]
    pub(crate) metrics_port: Option<u16>,
    /// Print a line for each record, too.
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// End when everything that is in the topics is finished.
    #[arg(long)]
    pub(crate) until_caught_up: bool,
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_millis).map_err(|_| "expected milliseconds, such as 1000".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reading {
    FromTheLowest,
    OnlyTheListed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unaccepted {
    Retry,
    Drop,
}

impl From<Reading> for PartialResponses {
    fn from(reading: Reading) -> Self {
        match reading {
            Reading::FromTheLowest => PartialResponses::FromTheLowest,
            Reading::OnlyTheListed => PartialResponses::OnlyTheListed,
        }
    }
}

impl From<Unaccepted> for DestinationFailure {
    fn from(unaccepted: Unaccepted) -> Self {
        match unaccepted {
            Unaccepted::Retry => DestinationFailure::Retry,
            Unaccepted::Drop => DestinationFailure::Drop,
        }
    }
}
