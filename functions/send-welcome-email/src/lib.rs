//! Sends one welcome email to each new account: `cdc.postgres.public.accounts` → claim in DynamoDB → Amazon SES.

pub mod account;
pub mod address;
pub mod audience;
pub mod config;
pub mod error;
pub mod handler;
pub mod language;
pub mod mailbox;
pub mod mailer;
pub mod message;
pub mod rate_limit;
pub mod ses;
mod variables;

use std::time::Duration;

use event_functions::{ActionUse, Aws, Function};

use account::Account;
use config::Config;
use handler::WelcomeNewAccounts;
use mailer::{Mailer, Outbox};
use rate_limit::RateLimit;
use ses::SesMailer;

/// Names this function in its claims and in its mails' tags.
const NAME: &str = env!("CARGO_PKG_NAME");

const SEND: &[&str] = &["ses:SendEmail"];

/// The function.
pub fn function() -> Function {
    function_with(|config, aws| {
        let (_, timeout) = turn_and_sending(aws.effect_timeout());
        let settings = ses::Settings {
            sender: config.sender.clone(),
            reply_to: config.reply_to.clone(),
            configuration_set: config.configuration_set.clone(),
            timeout,
            function: NAME,
        };
        if let Some(set) = &config.configuration_set {
            aws.uses(ActionUse::on(SEND, format!("configuration-set/{set}")));
        }
        let identity = format!("identity/{}", config.sender.address.as_str());
        aws.client(SEND, identity, |sdk| SesMailer::new(sdk, settings))
    })
}

/// The function with another mailer behind its outbox, for tests.
pub fn function_with<M: Mailer + 'static>(mailer: impl Fn(&Config, &Aws<Account<'static>>) -> M + 'static) -> Function {
    Function::new(NAME).changes::<Account>("cdc.postgres.public.accounts").effect(move |config: &Config, aws| {
        let (patience, _) = turn_and_sending(aws.effect_timeout());
        let rate_limit = RateLimit::new(config.rate_per_second, patience);
        let outbox = Outbox::new(config.sending, config.audience.clone(), rate_limit, mailer(config, aws));
        WelcomeNewAccounts { mailer: outbox, brand: config.sender.brand().to_owned(), start_time: config.start_time }
    })
}

/// How long a mail may wait for its turn, a quarter of the time it may take; and how long SES may take for it, the rest: so
/// the response is known, or known to be lost, before the claim's lease ends.
fn turn_and_sending(effect: Duration) -> (Duration, Duration) {
    let turn = effect / 4;
    (turn, effect.saturating_sub(turn))
}

#[cfg(test)]
mod tests {
    use event_functions::testing::FailureCodes;

    use super::*;
    use crate::error::SendError;

    #[test]
    fn the_readme_lists_the_functions_own_variables_and_codes() {
        function().check_readme(include_str!("../README.md"), &[SendError::CODES]);
    }

    #[test]
    fn sending_is_declared_for_the_sender_and_the_configuration_set() {
        let actions = function().manifest().actions;
        let resources: Vec<_> =
            actions.iter().filter(|used| used.actions == SEND).map(|used| &*used.resource).collect();
        assert_eq!(resources, ["configuration-set/${EMAIL_CONFIGURATION_SET}", "identity/${EMAIL_SENDER}"]);
    }

    #[test]
    fn the_wait_and_the_sending_fit_into_the_effects_time() {
        for millis in [500, 8_001, 60_000] {
            let effect = Duration::from_millis(millis);
            let (turn, sending) = turn_and_sending(effect);
            assert!(turn + sending == effect && sending > turn, "{effect:?}");
        }
    }

    #[test]
    fn a_lease_too_short_for_any_mail_is_refused_with_the_reason() {
        let with = |skew| [("EMAIL_MODE", "log"), ("EMAIL_SENDER", "hello@shop.example"), ("CLAIM_SKEW_MS", skew)];
        for skew in ["0", "5", "999"] {
            let Err(problems) = function().try_test(&with(skew)) else { panic!("{skew} was taken") };
            let problems = problems.to_string();
            assert!(problems.contains("CLAIM_SKEW_MS") && problems.contains("from 1000 to 60000"), "{problems}");
            assert!(problems.contains("an effect starts only if it can end within the lease"), "{problems}");
        }
        assert!(function().try_test(&with("1000")).is_ok());
    }
}
