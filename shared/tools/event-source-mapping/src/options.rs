//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use event_source_mapping::machine::{DestinationFailure, PartialResponses};

const EXAMPLES: &str = "\
Examples:
  event-source-mapping run --function hello --topic orders --bootstrap-servers 127.0.0.1:9092 --set BatchSize=10
  event-source-mapping run template.yaml --bootstrap-servers 127.0.0.1:9092 --mapping Welcome --verbose
  event-source-mapping check main.tf
  event-source-mapping run --manifest functions/hello/function.json --bootstrap-servers 127.0.0.1:9092

A setting is taken from its flag (--set, --function, --topic, --function-timeout), else from the file, else from the
function's manifest.

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
    pub(crate) file: Option<PathBuf>,
    /// What a function declares (`function.json`, or its folder): its name, topic, batch and timeout, where neither a flag
    /// nor the file says so. Without a file each manifest is a mapping; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Vec<PathBuf>,
    /// A variable of the function, of those that its manifest says the mapping has to agree with; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable, requires = "manifest")]
    pub(crate) variable: Vec<(String, String)>,
    /// Only the mapping of this name in the file; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) mapping: Vec<String>,
    /// FunctionName.
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Topics: the one topic.
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// The function's timeout: an invocation that takes longer counts as timed out. AWS ends its functions by itself.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=900))]
    pub(crate) function_timeout: Option<u64>,
    /// Any setting by CloudFormation's name, over what file and manifest say; the value is JSON, a text needs no quotes.
    #[arg(long = "set", value_name = "SETTING=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    named(text).ok_or_else(|| "expected Setting=value, such as BatchSize=10".to_owned())
}

fn variable(text: &str) -> Result<(String, String), String> {
    named(text).ok_or_else(|| "expected NAME=value, such as PARTIAL_BATCH_RESPONSE=true".to_owned())
}

fn named(text: &str) -> Option<(String, String)> {
    text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
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
