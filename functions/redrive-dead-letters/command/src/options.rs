//! The options of the command, and the request that they make.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use event_runtime::Decision;
use jiff::Timestamp;
use redrive_core::{Action, Bucket, Request};
use redrive_dead_letters::Names;

const EXAMPLES: &str = "\
Examples:
  redrive list --code schema_not_found --since 2026-11-01T00:00:00Z
  redrive show 8c4f6a1d
  redrive replay --function send-welcome-email             (a dry run)
  redrive replay --function send-welcome-email --yes --rate 2
  redrive resolve 8c4f6a1d --repeat --yes                  (the mail did not go out)
  redrive resolve 8c4f6a1d --done --yes                    (it did, or should not)
  redrive replay --on-failure s3://failures/aws/lambda/ --yes
  kafka-console-consumer.sh … --topic on-failure --from-beginning --timeout-ms 5000 | redrive replay --documents - --yes

Exit codes:
  0  none of the selected letters is left (or it was a dry run)
  1  letters stay: they failed again or cannot be sent; or no letter has this id
  2  the options are wrong or contradict each other
  3  letters wait for a person's decision (redrive resolve)
  4  stopped after --stop-after failures in a row
  5  the queue or bucket cannot be reached, or no longer
  130  interrupted

During a run its letters are hidden from other readers, for minutes; they reappear at its end. Messages that another reader
has hidden are not seen, so a listing may be incomplete. SQS keeps messages for 14 days at most; a failed redrive restarts
that time.

To redrive into `cargo lambda watch`: AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9000";

/// Sends dead-lettered records back to the functions that gave them up.
#[derive(Debug, Parser)]
#[command(name = "redrive", version, after_long_help = EXAMPLES)]
pub(crate) struct Options {
    /// SQS queue of the dead letters.
    #[arg(long, global = true, env = "DEAD_LETTER_QUEUE_URL", default_value = "", hide_default_value = true)]
    queue_url: String,
    /// S3 bucket for letters too large for the queue.
    #[arg(long, global = true, env = "DEAD_LETTER_BUCKET")]
    bucket: Option<String>,
    /// DynamoDB table of the functions' claims; letters with a claim are refused without it.
    #[arg(long, global = true, env = "CLAIMS_TABLE")]
    claims_table: Option<String>,
    /// Print the report as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the letters.
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        source: Source,
    },
    /// Show everything that letters hold.
    Show {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        source: Source,
        /// Include the raw bytes. They are row data.
        #[arg(long)]
        raw: bool,
    },
    /// Send the records of letters to their functions again. Letters whose effect may have happened are left alone: see resolve.
    #[command(after_long_help = EXAMPLES)]
    Replay {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        sending: Sending,
    },
    /// Carry out your decision about letters whose effect may have happened, or that a redrive cannot fix.
    #[command(after_long_help = EXAMPLES)]
    Resolve {
        /// The letters, by id or an unambiguous start of it.
        #[arg(required = true)]
        ids: Vec<String>,
        /// The effect did not happen, or may happen twice: free its claim, if it has one, and send the record again.
        #[arg(long, required_unless_present = "done", conflicts_with = "done")]
        repeat: bool,
        /// The effect happened, or should not happen any more: close its claim, if it has one, and remove the letter.
        #[arg(long)]
        done: bool,
        /// The person who decides; the name is recorded on the claim.
        #[arg(long, env = "USER")]
        by: String,
        #[command(flatten)]
        sending: Sending,
    },
}

#[derive(Debug, Args)]
struct Filter {
    /// Only these letters, by id or an unambiguous start of it.
    ids: Vec<String>,
    /// Only letters with this error code.
    #[arg(long)]
    code: Option<String>,
    /// Only letters of this topic.
    #[arg(long)]
    topic: Option<String>,
    /// Only letters of this function.
    #[arg(long)]
    function: Option<String>,
    /// Only letters written at this time or later (2026-11-01T00:00:00Z).
    #[arg(long)]
    since: Option<Timestamp>,
    /// Only letters written before this time.
    #[arg(long)]
    until: Option<Timestamp>,
    /// At most this many letters, the first in order.
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
struct Source {
    /// Work on the documents of an S3 on-failure destination in place of the queue: s3://bucket/prefix.
    #[arg(long, conflicts_with = "documents")]
    on_failure: Option<String>,
    /// Work on on-failure documents from a file (- is standard input) in place of the queue: one JSON document after
    /// another, such as the messages of an on-failure topic.
    #[arg(long)]
    documents: Option<PathBuf>,
    /// Also send documents of batches that failed more than 14 days ago: rows that were deleted since may come back.
    #[arg(long)]
    accept_old: bool,
}

#[derive(Debug, Args)]
struct Sending {
    /// Carry it out. Without this option it is a dry run.
    #[arg(long)]
    yes: bool,
    /// At most this many invocations a second.
    #[arg(long, default_value_t = Request::default_rate())]
    rate: u32,
    /// Stop after this many failures in a row.
    #[arg(long, default_value_t = Request::default_stop_after())]
    stop_after: usize,
    /// Invoke this function in place of the one that the letter names, for example because it was renamed.
    #[arg(long)]
    into: Option<String>,
    /// Invoke this version or alias.
    #[arg(long)]
    qualifier: Option<String>,
    /// How long one invocation may take, in seconds: at least the timeout of the function.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=900))]
    invoke_timeout: u64,
}

/// Options that clap cannot check.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsError {
    /// Neither the option nor the variable is set.
    #[error("no queue: set --queue-url or DEAD_LETTER_QUEUE_URL")]
    NoQueue,
    /// `--on-failure` is not an address in S3.
    #[error("`{0}` is not of the form s3://bucket/prefix")]
    NotS3(String),
    /// The file of `--documents` cannot be read.
    #[error("the documents in {} cannot be read", path.display())]
    Documents {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of `--documents` holds something else.
    #[error("the documents in {} are not JSON: line {line}, column {column}", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl Options {
    pub(crate) fn names(&self) -> Names {
        Names {
            queue_url: self.queue_url.clone(),
            bucket: self.bucket.clone(),
            claims_table: self.claims_table.clone(),
        }
    }

    /// How long one invocation may take.
    pub(crate) fn invoke_timeout(&self) -> Duration {
        match &self.command {
            Command::List { .. } | Command::Show { .. } => Duration::from_secs(1),
            Command::Replay { sending, .. } | Command::Resolve { sending, .. } => {
                Duration::from_secs(sending.invoke_timeout)
            }
        }
    }

    pub(crate) fn into_request(self) -> Result<Request, OptionsError> {
        let request = match self.command {
            Command::List { filter, source } => source.read(filter.read(Request::new(Action::List)))?,
            Command::Show { filter, source, raw } => {
                source.read(filter.read(Request { raw, ..Request::new(Action::Show) }))?
            }
            Command::Replay { filter, source, sending } => {
                source.read(sending.read(filter.read(Request::new(Action::Replay))))?
            }
            Command::Resolve { ids, repeat, done: _, by, sending } => {
                let decision = Some(if repeat { Decision::Repeat } else { Decision::Done });
                sending.read(Request { ids, decision, by: Some(by), ..Request::new(Action::Resolve) })
            }
        };
        let needs_queue = request.on_failure.is_none() && request.documents.is_empty();
        if needs_queue && self.queue_url.is_empty() {
            return Err(OptionsError::NoQueue);
        }
        Ok(request)
    }
}

impl Filter {
    fn read(self, request: Request) -> Request {
        let Filter { ids, code, topic, function, since, until, limit } = self;
        Request { ids, code, topic, function, since, until, limit, ..request }
    }
}

impl Sending {
    fn read(self, request: Request) -> Request {
        let Sending { yes, rate, stop_after, into, qualifier, invoke_timeout: _ } = self;
        Request { yes, rate_per_second: rate, stop_after, into, qualifier, ..request }
    }
}

impl Source {
    fn read(self, request: Request) -> Result<Request, OptionsError> {
        let on_failure = self.on_failure.map(|text| bucket(&text)).transpose()?;
        let documents = self.documents.map(documents).transpose()?.unwrap_or_default();
        Ok(Request { on_failure, documents, accept_old: self.accept_old, ..request })
    }
}

fn bucket(text: &str) -> Result<Bucket, OptionsError> {
    let rest = text.strip_prefix("s3://").ok_or_else(|| OptionsError::NotS3(text.to_owned()))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(OptionsError::NotS3(text.to_owned()));
    }
    Ok(Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

fn documents(path: PathBuf) -> Result<Vec<Box<serde_json::value::RawValue>>, OptionsError> {
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().read_to_string(&mut text).map(drop),
        false => std::fs::read_to_string(&path).map(|read| text = read),
    };
    if let Err(source) = read {
        return Err(OptionsError::Documents { path, source });
    }
    let documents: Result<Vec<_>, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();
    documents.map_err(|error| OptionsError::NotJson { path, line: error.line(), column: error.column() })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn request(arguments: &[&str]) -> Request {
        let arguments = ["redrive", "--queue-url", "http://127.0.0.1/q"].iter().chain(arguments);
        Options::try_parse_from(arguments).unwrap().into_request().unwrap()
    }

    #[test]
    fn the_options_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_yes_a_request_changes_nothing() {
        assert!(!request(&["replay"]).yes && !request(&["resolve", "0a", "--done", "--by", "ada"]).yes);
        assert!(request(&["replay", "--yes"]).yes);
    }

    #[test]
    fn a_decision_is_either_repeat_or_done() {
        for (option, decision) in [("--repeat", Decision::Repeat), ("--done", Decision::Done)] {
            assert_eq!(request(&["resolve", "0a", option, "--by", "ada"]).decision, Some(decision));
        }
        for wrong in [&["resolve", "0a", "--by", "ada"][..], &["resolve", "0a", "--done", "--repeat", "--by", "a"]] {
            assert!(Options::try_parse_from(["redrive"].iter().chain(wrong)).is_err());
        }
    }

    #[test]
    fn the_prefix_of_a_bucket_is_optional() {
        let bucket = |text: &str| request(&["replay", "--on-failure", text]).on_failure.unwrap();
        assert_eq!(bucket("s3://b/p/q"), Bucket { bucket: "b".into(), prefix: "p/q".into() });
        assert_eq!(bucket("s3://b"), Bucket { bucket: "b".into(), prefix: String::new() });
    }
}
