//! The command line, and what it means.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kafka_connection::{ClientCertificate, Connection, Login, SignIn, Tls};
use topic_contracts::{Allowed, Service};

use super::exit::Failure;
use crate::cluster::NewTopics;

/// The variable with the password. It is not an option: arguments are shown to every user of a machine.
pub(crate) const PASSWORD: &str = "KAFKA_PASSWORD";

const HELP: &str = "\
Examples:
  topics plan --bootstrap 127.0.0.1:9092
  topics apply --bootstrap b-1.example.com:9096 --tls --auth scram-sha-512 --username admin --replication-factor 3 --yes
  topics apply --bootstrap boot-abc.c2.kafka-serverless.eu-central-1.amazonaws.com:9098 --auth msk-iam --names staging.json

Nothing is ever deleted. A plan with a refusal is not applied, not even in part. With Ctrl-C `apply` finishes the topic that
it has begun, and says which others it has not; a second Ctrl-C ends it at once.

Exit codes:
  0    the cluster has what the contracts say, or has it now
  1    there are changes, and nothing was changed
  2    wrong usage
  4    the plan has refusals: nothing was changed, and a person decides
  69   the cluster cannot be reached, refuses access, or has not made or not shown a change
  78   contracts, names or settings that cannot be used
  130  interrupted";

/// Brings the topics of a Kafka cluster to what their contracts say.
#[derive(Debug, Parser)]
#[command(name = "topics", version, after_help = HELP)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print what the cluster lacks; changes nothing.
    #[command(after_help = HELP)]
    Plan(Box<Common>),
    /// Print the same, and with --yes do it.
    #[command(after_help = HELP)]
    Apply {
        #[command(flatten)]
        common: Box<Common>,
        /// Change the cluster.
        #[arg(long)]
        yes: bool,
    },
}

impl Command {
    /// What both have, and whether the cluster is changed.
    pub(crate) fn parts(&self) -> (&Common, bool) {
        match self {
            Self::Plan(common) => (common, false),
            Self::Apply { common, yes } => (common, *yes),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// host:port of the brokers, with commas between several.
    #[arg(long, visible_alias = "bootstrap-servers", env = "KAFKA_BOOTSTRAP_SERVERS", value_name = "SERVERS")]
    bootstrap: String,
    /// Connect by TLS.
    #[arg(long)]
    tls: bool,
    /// Trust these certificates (PEM) in place of the public ones.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// Be known to the brokers by this certificate (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["tls", "key_file"])]
    certificate_file: Option<PathBuf>,
    /// Its key (PEM), not encrypted.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    key_file: Option<PathBuf>,
    /// How to sign in. The password comes from KAFKA_PASSWORD; msk-iam takes the AWS credentials of the environment.
    #[arg(long, value_enum, default_value = "none")]
    auth: Auth,
    /// User for SASL.
    #[arg(long, env = "KAFKA_USERNAME")]
    username: Option<String>,
    /// The cluster's region, for msk-iam; by default the one in the servers' names.
    #[arg(long, env = "AWS_REGION")]
    region: Option<String>,
    /// The folder of contracts; names.json beside it has the rules of names.
    #[arg(long, value_name = "FOLDER", default_value = "events/topics")]
    pub(crate) contracts: PathBuf,
    /// What this environment calls its topics (the form is events/environment-names.schema.json).
    #[arg(long, value_name = "FILE")]
    pub(crate) names: Option<PathBuf>,
    /// Only these topics, as their contracts are called.
    #[arg(long, value_name = "TOPIC", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Copies of each partition of a topic that is created; the cluster's default without it.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i16).range(1..))]
    replication_factor: Option<i16>,
    /// min.insync.replicas of a topic that is created; the cluster's default without it.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    min_insync_replicas: Option<u16>,
    /// Also make changes by which the cluster removes records that it keeps today.
    #[arg(long)]
    allow_data_loss: bool,
    /// Whose service the cluster is; by default the servers' names tell.
    #[arg(long, value_enum)]
    service: Option<ServiceName>,
    /// The most that each request may take, and the wait until a change is shown, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    None,
    Plain,
    #[value(name = "scram-sha-256")]
    ScramSha256,
    #[value(name = "scram-sha-512")]
    ScramSha512,
    MskIam,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ServiceName {
    Kafka,
    MskServerless,
}

impl Common {
    /// The connection. `password` is the variable's value.
    pub(crate) fn connection(&self, password: Option<String>) -> Result<Connection, Failure> {
        let login = || match (&self.username, password.clone()) {
            (Some(user), Some(password)) => Ok(Login { user: user.clone(), password }),
            _ => Err(Failure::Unusable(format!(
                "--auth asks for a user and a password: give --username, and the password as {PASSWORD}"
            ))),
        };
        let sign_in = match self.auth {
            Auth::None => SignIn::Nobody,
            Auth::Plain => SignIn::Plain(login()?),
            Auth::ScramSha256 => SignIn::ScramSha256(login()?),
            Auth::ScramSha512 => SignIn::ScramSha512(login()?),
            Auth::MskIam => SignIn::MskIam { region: self.region()? },
        };
        let files = self.certificate_file.clone().zip(self.key_file.clone());
        let certificate = files.map(|(certificate_file, key_file)| ClientCertificate { certificate_file, key_file });
        let tls = self.tls.then(|| Tls { ca_file: self.ca_file.clone(), certificate });
        Ok(Connection { servers: self.bootstrap.clone(), tls, sign_in })
    }

    fn region(&self) -> Result<String, Failure> {
        let named = || region_in(&self.bootstrap).map(str::to_owned);
        self.region.clone().or_else(named).ok_or_else(|| {
            Failure::Unusable("--auth msk-iam needs the cluster's region: give --region or AWS_REGION".to_owned())
        })
    }

    pub(crate) fn allowed(&self) -> Allowed {
        let service = match self.service {
            Some(ServiceName::Kafka) => Service::Kafka,
            Some(ServiceName::MskServerless) => Service::MskServerless,
            None => Service::of_servers(&self.bootstrap),
        };
        Allowed { data_loss: self.allow_data_loss, service }
    }

    /// What topics that are created get from the environment.
    pub(crate) fn new_topics(&self) -> Result<NewTopics, Failure> {
        let new =
            NewTopics { replication_factor: self.replication_factor, min_insync_replicas: self.min_insync_replicas };
        if self.allowed().service == Service::MskServerless && new != NewTopics::default() {
            let problem = "MSK Serverless replicates by itself: remove --replication-factor and --min-insync-replicas";
            return Err(Failure::Usage(problem.to_owned()));
        }
        match (new.replication_factor, new.min_insync_replicas) {
            (Some(factor), Some(in_sync)) if i32::from(factor) < i32::from(in_sync) => Err(Failure::Usage(format!(
                "--min-insync-replicas {in_sync} is more than --replication-factor {factor}: nothing could be written"
            ))),
            _ => Ok(new),
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    pub(crate) fn servers(&self) -> &str {
        &self.bootstrap
    }
}

/// The region in AWS's names of hosts: `….kafka.<region>.amazonaws.com`, `….kafka-serverless.<region>.amazonaws.com`.
fn region_in(servers: &str) -> Option<&str> {
    let host = servers.split(',').next()?.trim().split(':').next()?;
    let (before, _) = host.split_once(".amazonaws.com")?;
    let (before, region) = before.rsplit_once('.')?;
    (before.ends_with(".kafka") || before.ends_with(".kafka-serverless")).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVERLESS: &str = "boot-abc.c2.kafka-serverless.eu-central-1.amazonaws.com:9098";

    fn options(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from(["topics"].iter().chain(arguments))
    }

    fn common(arguments: &[&str]) -> Common {
        match options(&[&["plan"], arguments].concat()).unwrap().command {
            Command::Plan(common) => *common,
            Command::Apply { .. } => panic!("it is a plan"),
        }
    }

    #[test]
    fn nothing_is_changed_unless_it_is_said() {
        let yes = |arguments: &[&str]| options(arguments).unwrap().command.parts().1;
        assert!(!yes(&["plan", "--bootstrap", "a:1"]));
        assert!(!yes(&["apply", "--bootstrap", "a:1"]));
        assert!(yes(&["apply", "--bootstrap", "a:1", "--yes"]));
        assert!(options(&["plan", "--bootstrap", "a:1", "--yes"]).is_err(), "a plan changes nothing");
        let common = common(&["--bootstrap", "a:1"]);
        assert_eq!(common.contracts, PathBuf::from("events/topics"));
        assert_eq!(common.allowed(), Allowed { data_loss: false, service: Service::Kafka });
        assert_eq!(common.new_topics().unwrap(), NewTopics::default());
        assert!(common.only.is_empty());
    }

    #[test]
    fn wrong_usage_ends_with_2() {
        for arguments in [
            &["plan", "--bootstrap", "a:1", "--password", "hunter2"][..],
            &["plan", "--bootstrap", "a:1", "--ca-file", "ca.pem"],
            &["plan", "--bootstrap", "a:1", "--tls", "--certificate-file", "client.pem"],
            &["plan", "--bootstrap", "a:1", "--tls", "--key-file", "client.key"],
            &["plan", "--bootstrap", "a:1", "--replication-factor", "0"],
            &["plan", "--bootstrap", "a:1", "--auth", "scram"],
            &["plan", "--bootstrap", "a:1", "--timeout", "0"],
            &["delete", "--bootstrap", "a:1"],
        ] {
            assert_eq!(options(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_wrong_usage() {
        for arguments in [
            &["--bootstrap", "a:1", "--replication-factor", "2", "--min-insync-replicas", "3"][..],
            &["--bootstrap", SERVERLESS, "--replication-factor", "3"],
            &["--bootstrap", "a:1", "--service", "msk-serverless", "--min-insync-replicas", "2"],
        ] {
            assert!(matches!(common(arguments).new_topics(), Err(Failure::Usage(_))), "{arguments:?}");
        }
        let new = common(&["--bootstrap", "a:1", "--replication-factor", "3", "--min-insync-replicas", "2"]);
        let expected = NewTopics { replication_factor: Some(3), min_insync_replicas: Some(2) };
        assert_eq!(new.new_topics().unwrap(), expected);
    }

    #[test]
    fn a_login_needs_user_and_password_and_a_role_its_region() {
        let password = || Some("hunter2".to_owned());
        let scram = common(&["--bootstrap", "a:1", "--auth", "scram-sha-512", "--username", "admin"]);
        let sign_in = scram.connection(password()).unwrap().sign_in;
        assert!(matches!(sign_in, SignIn::ScramSha512(Login { user, .. }) if user == "admin"));
        assert!(matches!(scram.connection(None), Err(Failure::Unusable(_))));
        let region = |arguments: &[&str]| match common(arguments).connection(None).unwrap().sign_in {
            SignIn::MskIam { region } => region,
            other => panic!("{other:?}"),
        };
        let provisioned =
            "b-1.demo.abc.c2.kafka.eu-west-1.amazonaws.com:9098,b-2.demo.abc.c2.kafka.eu-west-1.amazonaws.com:9098";
        assert_eq!(region(&["--bootstrap", provisioned, "--auth", "msk-iam"]), "eu-west-1");
        assert_eq!(region(&["--bootstrap", SERVERLESS, "--auth", "msk-iam"]), "eu-central-1");
        assert_eq!(region(&["--bootstrap", "a:1", "--auth", "msk-iam", "--region", "us-east-1"]), "us-east-1");
        assert_eq!(common(&["--bootstrap", SERVERLESS]).allowed().service, Service::MskServerless);
        assert_eq!(common(&["--bootstrap", SERVERLESS, "--service", "kafka"]).allowed().service, Service::Kafka);
    }

    #[test]
    fn the_help_names_every_exit_code() {
        for code in [0, 1, 2, 4, 69, 78, 130] {
            assert!(HELP.lines().any(|line| line.trim_start().starts_with(&format!("{code} "))), "{code}");
        }
    }
}
