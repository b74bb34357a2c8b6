//! The function's own variables.

use event_functions::{Config, Timestamp};

use crate::address::Address;
use crate::audience::Audience;
use crate::mailbox::Mailbox;

/// The function's configuration.
#[derive(Debug, Clone, Config)]
pub struct Config {
    /// Who really gets mail.
    #[env(flatten)]
    pub audience: Audience,
    /// Who the mail is from. The text uses its name, or else its domain.
    #[env("EMAIL_SENDER", local = "hello@example.com")]
    pub sender: Mailbox,
    /// Where replies go; by default to the sender.
    #[env("EMAIL_REPLY_TO")]
    pub reply_to: Option<Address>,
    /// SES configuration set, which publishes bounces and complaints.
    #[env("EMAIL_CONFIGURATION_SET", example = "welcome-email")]
    pub configuration_set: Option<String>,
    /// Mails a second from one process. Multiplied by the function's reserved concurrency, it must stay below the account's
    /// rate.
    #[env("EMAIL_RATE_PER_SECOND", kind = number(1..=500), default = "10", local = "500")]
    pub rate_per_second: u32,
    /// With `off` nothing is sent and nothing is lost: records are reported for retry.
    #[env("EMAIL_SENDING", kind = one_of([("on", true), ("off", false)]), default = "on")]
    pub sending: bool,
    /// Rows inserted in the database before this get no mail.
    #[env("START_TIME")]
    pub start_time: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use event_functions::Configuration;
    use event_functions::environment::{Env, Problems};

    use super::*;

    const GOOD: [(&str, &str); 2] = [("EMAIL_MODE", "log"), ("EMAIL_SENDER", "The Shop <hello@shop.example>")];

    fn read(more: &[(&str, &str)]) -> Result<Config, Problems> {
        Env::from_pairs(GOOD.iter().chain(more).copied()).read(Config::read)
    }

    #[test]
    fn the_required_variables_are_enough() {
        let config = read(&[]).unwrap();
        assert_eq!((config.rate_per_second, config.sending, config.start_time), (10, true, None));
        assert_eq!((config.sender.brand(), config.reply_to), ("The Shop", None));
        let ada = Address::parse("ada@example.com").unwrap();
        assert_eq!(config.audience.withholds_from(&ada), Some("mode_log"));
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let names: Vec<_> = Env::describe(Config::read).into_iter().map(|variable| variable.name).collect();
        let problems = Env::from_pairs(names.iter().map(|name| (*name, "\u{7}"))).read(Config::read).unwrap_err();
        let named: Vec<_> = problems.iter().map(|problem| problem.variable().to_owned()).collect();
        assert_eq!(named, names);
    }

    #[test]
    fn an_empty_environment_names_the_required_variables() {
        let problems = Env::from_pairs::<&str, &str>([]).read(Config::read).unwrap_err();
        let named: Vec<_> = problems.iter().map(|problem| problem.variable()).collect();
        assert_eq!(named, ["EMAIL_MODE", "EMAIL_SENDER"]);
    }

    #[test]
    fn the_mode_allowlist_needs_an_allowlist() {
        let problems = read(&[("EMAIL_MODE", "allowlist")]).unwrap_err().to_string();
        let missing = "EMAIL_ALLOWLIST is not set, but is required when EMAIL_MODE=allowlist";
        assert!(problems.contains(missing), "{problems}");

        let withheld = |mode, to| {
            let list = ("EMAIL_ALLOWLIST", "ada@example.com, @Bücher.example");
            let audience = read(&[("EMAIL_MODE", mode), list]).unwrap().audience;
            audience.withholds_from(&Address::parse(to).unwrap())
        };
        for (to, withheld_why) in
            [("ada@example.com", None), ("bob@bücher.example", None), ("bob@example.com", Some("not_on_allowlist"))]
        {
            assert_eq!(withheld("allowlist", to), withheld_why, "{to}");
            assert_eq!(withheld("live", to), None, "{to}");
        }

        let problems = read(&[("EMAIL_MODE", "allowlist"), ("EMAIL_ALLOWLIST", "ada@example.com,@")]).unwrap_err();
        let item = "an item 2 that cannot be used: what follows its @ is not a domain name";
        assert!(problems.to_string().contains(item), "{problems}");
    }
}
