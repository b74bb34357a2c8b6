//! Reads the configuration from the environment and reports all problems at once.

use std::time::Duration;

use environment::{
    Env, Kind, Problems, Reader, Variable, boolean, list, milliseconds, number, one_of, parsed, text, time, url,
};
use event_functions::{RegistryConfig, read_drain};
use event_runtime::{Drain, Settings};
use jiff::Timestamp;

use crate::address::{Address, AddressError};
use crate::mailbox::Mailbox;
use crate::mailer::{Allowed, Mode};

/// The function's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// DynamoDB table of the claims.
    pub claims_table: String,
    /// SQS queue of the dead letters.
    pub dead_letter_queue_url: String,
    /// S3 bucket of the dead letters that are too large for the queue.
    pub dead_letter_bucket: Option<String>,
    /// The schema registry.
    pub registry: RegistryConfig,
    /// Who really gets mail.
    pub mode: Mode,
    /// Who the mail is from.
    pub sender: Mailbox,
    /// Where replies go; to the sender if not set.
    pub reply_to: Option<Address>,
    /// The SES configuration set, which publishes bounces and complaints.
    pub configuration_set: Option<String>,
    /// Mails a second that this process may send.
    pub rate_per_second: u32,
    /// Whether mail is sent at all. If not, records are reported for retry.
    pub sending: bool,
    /// Rows inserted before this get no mail.
    pub start_time: Option<Timestamp>,
    /// How long one mail may take, including the wait for its turn.
    pub effect_timeout: Duration,
    /// How much longer a claim's lease lasts, because clocks differ.
    pub claim_skew: Duration,
    /// Whether the mapping has `ReportBatchItemFailures`.
    pub partial_batch_response: bool,
    /// Partitions that send every record which fails to the dead letters, and go on.
    pub drain: Drain,
}

/// The smallest value that the processor accepts.
const LEAST_SKEW_MS: u64 = Settings::LEAST_LEASE_SKEW.as_millis() as u64;

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
        Config {
            claims_table: env.required("CLAIMS_TABLE", doc::CLAIMS_TABLE, text().example("welcome-email-claims")),
            dead_letter_queue_url: env.required("DEAD_LETTER_QUEUE_URL", doc::QUEUE, url().example(EXAMPLE_QUEUE)),
            dead_letter_bucket: env.optional("DEAD_LETTER_BUCKET", doc::BUCKET, text().example("dead-letters")),
            registry: RegistryConfig::read(env),
            mode: read_mode(env),
            sender: env.required("EMAIL_SENDER", doc::SENDER, mailbox()),
            reply_to: env.optional("EMAIL_REPLY_TO", doc::REPLY_TO, address()),
            configuration_set: env.optional("EMAIL_CONFIGURATION_SET", doc::SET, text().example("welcome-email")),
            rate_per_second: env.default("EMAIL_RATE_PER_SECOND", doc::RATE, number(1..=500), "10"),
            sending: env.default("EMAIL_SENDING", doc::SENDING, one_of([("on", true), ("off", false)]), "on"),
            start_time: env.optional("START_TIME", doc::START, time()),
            effect_timeout: env.default("EFFECT_TIMEOUT_MS", doc::TIMEOUT, milliseconds(1_000..=60_000), "10000"),
            claim_skew: env.default("CLAIM_SKEW_MS", doc::SKEW, milliseconds(LEAST_SKEW_MS..=60_000), "5000"),
            partial_batch_response: env.default("PARTIAL_BATCH_RESPONSE", doc::PARTIAL, boolean(), "false"),
            drain: read_drain(env),
        }
    }

    /// How long a mail may wait for its turn: a quarter of the time it may take.
    pub fn turn_patience(&self) -> Duration {
        self.effect_timeout / 4
    }

    /// How long SES may take for a mail: the rest of that time, so that the response is known, or known to be lost, before
    /// the claim's lease ends.
    pub fn send_timeout(&self) -> Duration {
        self.effect_timeout - self.turn_patience()
    }
}

/// Required, without a default: a forgotten line must neither send mail to customers from a laptop, nor send none in
/// production.
fn read_mode(env: &mut Reader<'_>) -> Mode {
    let modes = one_of([("live", Mode::Live), ("allowlist", Mode::Allowlist(Vec::new())), ("log", Mode::Log)]);
    let mode = env.required("EMAIL_MODE", doc::MODE, modes.example("log"));
    let needed = matches!(mode, Mode::Allowlist(_));
    let allowed = env.required_when(needed, "EMAIL_MODE=allowlist", "EMAIL_ALLOWLIST", doc::ALLOWLIST, list(allowed()));
    match mode {
        Mode::Allowlist(_) => Mode::Allowlist(allowed.unwrap_or_default()),
        Mode::Live | Mode::Log => mode,
    }
}

fn address() -> Kind<Address> {
    parsed("an email address", "help@shop.example", Address::stand_in, |value| Address::parse(value).map_err(reason))
}

fn mailbox() -> Kind<Mailbox> {
    let stand_in = || Mailbox { name: None, address: Address::stand_in() };
    parsed("an email address, with or without a name before it", "The Shop <hello@shop.example>", stand_in, |value| {
        Mailbox::parse(value).map_err(reason)
    })
}

fn allowed() -> Kind<Allowed> {
    let stand_in = || Allowed::Address(Address::stand_in());
    parsed("an email address or a domain after an @", "ada@example.com,@shop.example", stand_in, |value| {
        match value.strip_prefix('@') {
            Some(domain) => {
                Address::parse(&format!("any@{domain}")).map(|any| Allowed::Domain(any.domain().to_owned()))
            }
            None => Address::parse(value).map(Allowed::Address),
        }
        .map_err(reason)
    })
}

/// The problem as the end of a sentence that begins with the variable's name.
fn reason(error: AddressError) -> String {
    format!("cannot be used: {error}")
}

const EXAMPLE_QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/welcome-email-dead-letters";

/// What the variables mean, for problems and for the README.
mod doc {
    pub(super) const CLAIMS_TABLE: &str = "DynamoDB table of the claims.";
    pub(super) const QUEUE: &str = "SQS queue that takes what cannot be handled.";
    pub(super) const BUCKET: &str = "S3 bucket that takes what is too large for the queue (1 MiB). \
        Without it such a record stays pending and stops its partition.";
    pub(super) const MODE: &str = "Who gets mail: everybody, those on `EMAIL_ALLOWLIST`, or nobody.";
    pub(super) const ALLOWLIST: &str = "Who gets mail in the mode `allowlist`.";
    pub(super) const SENDER: &str = "Who the mail is from. The text uses its name, or else its domain.";
    pub(super) const REPLY_TO: &str = "Where replies go; by default to the sender.";
    pub(super) const SET: &str = "SES configuration set, which publishes bounces and complaints.";
    pub(super) const RATE: &str = "Mails a second from one process. Multiplied by the function's reserved concurrency, \
        it must stay below the account's rate.";
    pub(super) const SENDING: &str = "With `off` nothing is sent and nothing is lost: records are reported for retry.";
    pub(super) const START: &str = "Rows inserted in the database before this get no mail.";
    pub(super) const TIMEOUT: &str = "How long one mail may take, including the wait for its turn.";
    pub(super) const SKEW: &str = "How much longer a claim's lease lasts, because clocks differ. At least a second: \
        the lease begins before its claim is written, and a mail starts only if it can end within the lease.";
    pub(super) const PARTIAL: &str = "Whether the event source mapping has `ReportBatchItemFailures`. \
        Never `true` without it: AWS would ignore the reported records, and lose them.";
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("CLAIMS_TABLE", "claims"),
        ("DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:4566/000000000000/dead-letters"),
        ("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081"),
        ("EMAIL_MODE", "log"),
        ("EMAIL_SENDER", "The Shop <hello@shop.example>"),
    ];

    fn read(more: &[(&str, &str)]) -> Result<Config, Problems> {
        Config::from_env(&Env::from_pairs(GOOD.iter().chain(more).copied()))
    }

    #[test]
    fn the_required_variables_are_enough() {
        let config = read(&[]).unwrap();
        assert_eq!((config.mode, config.rate_per_second, config.sending), (Mode::Log, 10, true));
        assert_eq!((config.sender.brand(), config.reply_to), ("The Shop", None));
        assert_eq!((config.effect_timeout, config.claim_skew), (Duration::from_secs(10), Duration::from_secs(5)));
        assert!(!config.partial_batch_response);
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = Config::variables().into_iter().map(|variable| (variable.name, "\u{7}"));
        let problems = Config::from_env(&Env::from_pairs(bad)).unwrap_err();
        let named = problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>();
        assert_eq!(named, Config::variables().iter().map(|variable| variable.name).collect::<Vec<_>>());
    }

    #[test]
    fn an_empty_environment_names_the_required_variables() {
        let problems = Config::from_env(&Env::from_pairs::<&str, &str>([])).unwrap_err();
        let named = problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>();
        assert_eq!(
            named,
            ["CLAIMS_TABLE", "DEAD_LETTER_QUEUE_URL", "SCHEMA_REGISTRY_URL", "EMAIL_MODE", "EMAIL_SENDER"]
        );
    }

    #[test]
    fn the_mode_allowlist_needs_an_allowlist() {
        let problems = read(&[("EMAIL_MODE", "allowlist")]).unwrap_err().to_string();
        assert!(
            problems.contains("EMAIL_ALLOWLIST is not set, but is required when EMAIL_MODE=allowlist"),
            "{problems}"
        );

        let list = ("EMAIL_ALLOWLIST", "ada@example.com, @Bücher.example");
        let ada = Allowed::Address(Address::parse("ada@example.com").unwrap());
        let allowed = vec![ada, Allowed::Domain("xn--bcher-kva.example".to_owned())];
        assert_eq!(read(&[("EMAIL_MODE", "allowlist"), list]).unwrap().mode, Mode::Allowlist(allowed));
        assert_eq!(read(&[("EMAIL_MODE", "live"), list]).unwrap().mode, Mode::Live);

        let problems = read(&[("EMAIL_MODE", "allowlist"), ("EMAIL_ALLOWLIST", "ada@example.com,@")]).unwrap_err();
        assert!(
            problems.to_string().contains("an item 2 that cannot be used: what follows its @ is not a domain name")
        );
    }

    #[test]
    fn a_user_needs_a_password_and_neither_is_shown() {
        let problems = read(&[("SCHEMA_REGISTRY_USER", "reader")]).unwrap_err().to_string();
        assert!(problems.contains("SCHEMA_REGISTRY_PASSWORD is not set"), "{problems}");
        let both = [("SCHEMA_REGISTRY_USER", "reader"), ("SCHEMA_REGISTRY_PASSWORD", "hunter2")];
        assert!(!format!("{:?}", read(&both).unwrap()).contains("hunter2"));
    }

    #[test]
    fn a_lease_too_short_for_any_mail_is_refused_with_the_reason() {
        for skew in ["0", "5", "999"] {
            let problems = read(&[("CLAIM_SKEW_MS", skew)]).unwrap_err().to_string();
            assert!(problems.contains("CLAIM_SKEW_MS") && problems.contains("from 1000 to 60000"), "{problems}");
            assert!(problems.contains("a mail starts only if it can end within the lease"), "{problems}");
        }
        assert_eq!(read(&[("CLAIM_SKEW_MS", "1000")]).unwrap().settings().lease_skew, Settings::LEAST_LEASE_SKEW);
    }

    #[test]
    fn partitions_that_an_operator_drains_reach_the_processor() {
        assert_eq!(read(&[]).unwrap().settings().drain, Drain::Nothing);
        let drained = read(&[("DRAIN_PARTITIONS", "cdc.postgres.public.accounts-3")]).unwrap().settings().drain;
        assert_eq!(drained, Drain::Partitions(["cdc.postgres.public.accounts-3".to_owned()].into()));
    }

    #[test]
    fn the_wait_and_the_sending_fit_into_the_effects_time() {
        let config = read(&[("EFFECT_TIMEOUT_MS", "8001")]).unwrap();
        assert_eq!(config.turn_patience() + config.send_timeout(), config.effect_timeout);
        assert!(config.send_timeout() > config.turn_patience());
    }

    #[test]
    fn the_readme_lists_the_functions_own_variables() {
        let table = environment::table(&event_functions::own_variables(Config::variables()));
        assert!(include_str!("../README.md").contains(&table), "the README's table should be:\n{table}");
    }
}
