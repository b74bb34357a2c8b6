//! Turns the configuration into each part's settings.

use dynamodb::claims::Options;
use event_runtime::{Reporting, Settings};

use crate::config::Config;
use crate::rate_limit::RateLimit;
use crate::ses;

impl Config {
    /// For the claims. Finished claims are kept forever, because a replay must not send the mail again.
    pub fn claims(&self, function: &str) -> Options {
        Options { table: self.claims_table.clone(), function: function.to_owned(), retain_done: None }
    }

    /// For the mailer.
    pub fn ses(&self, function: &'static str) -> ses::Settings {
        ses::Settings {
            sender: self.sender.clone(),
            reply_to: self.reply_to.clone(),
            configuration_set: self.configuration_set.clone(),
            timeout: self.send_timeout(),
            function,
        }
    }

    /// For the outbox.
    pub fn rate_limit(&self) -> RateLimit {
        RateLimit::new(self.rate_per_second, self.turn_patience())
    }

    /// For the processor.
    pub fn settings(&self) -> Settings {
        Settings {
            effect_timeout: self.effect_timeout,
            lease_skew: self.claim_skew,
            drain: self.drain.clone(),
            ..Settings::default()
        }
    }

    /// For the response to the event source mapping.
    pub fn reporting(&self) -> Reporting {
        if self.partial_batch_response { Reporting::PartialBatch } else { Reporting::WholeBatch }
    }
}
