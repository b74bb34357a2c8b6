//! The port for sending mail, and the outbox in front of it: the switch, the audience and the rate limit.

use std::future::Future;
use std::sync::Arc;

use tracing::info;

use crate::audience::Audience;
use crate::error::SendError;
use crate::message::Email;
use crate::rate_limit::RateLimit;

/// Sends one mail, once.
pub trait Mailer: Send + Sync {
    /// Sends `email`. Must never retry by itself: only the caller knows whether that is safe.
    ///
    /// # Errors
    ///
    /// `Retry` or `DeadLetter` when nothing was sent, `Uncertain` in every other case.
    fn send(&self, email: &Email) -> impl Future<Output = Result<SentMail, SendError>> + Send;
}

impl<M: Mailer> Mailer for Arc<M> {
    fn send(&self, email: &Email) -> impl Future<Output = Result<SentMail, SendError>> + Send {
        M::send(self, email)
    }
}

/// The result of sending a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentMail {
    /// It was accepted for delivery. Events of the configuration set report whether it arrives; a mail to an address on the
    /// suppression list is accepted too, and not delivered.
    Accepted {
        /// The id in those events.
        message_id: String,
    },
    /// It was held back on purpose, because of the mode.
    Withheld {
        /// `mode_log` or `not_on_allowlist`.
        why: &'static str,
    },
}

/// The outbox: checks that a mail passes before it reaches the real mailer.
#[derive(Debug)]
pub struct Outbox<M> {
    /// With `false` nothing is sent and nothing is lost: every mail fails with a retry.
    sending: bool,
    audience: Audience,
    rate_limit: RateLimit,
    mailer: M,
}

impl<M: Mailer> Outbox<M> {
    /// Puts the switch, the audience and the rate limit in front of `mailer`.
    pub fn new(sending: bool, audience: Audience, rate_limit: RateLimit, mailer: M) -> Self {
        Outbox { sending, audience, rate_limit, mailer }
    }
}

impl<M: Mailer> Mailer for Outbox<M> {
    async fn send(&self, email: &Email) -> Result<SentMail, SendError> {
        if !self.sending {
            return Err(SendError::SendingOff);
        }
        if let Some(why) = self.audience.withholds_from(&email.to) {
            info!(why, language = email.language.tag(), bytes = email.html.len() + email.text.len(), "mail withheld");
            return Ok(SentMail::Withheld { why });
        }
        self.rate_limit.turn().await.map_err(|after| SendError::RateExceeded { after })?;
        self.mailer.send(email).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use event_functions::{Disposition, Failure};
    use tokio::time::Instant;

    use super::*;
    use crate::address::Address;
    use crate::audience::Allowed;
    use crate::message::Recipient;

    #[derive(Default)]
    struct Postbox(Mutex<Vec<(String, Instant)>>);

    impl Postbox {
        fn addresses(&self) -> Vec<String> {
            self.0.lock().unwrap().iter().map(|(to, _)| to.clone()).collect()
        }
    }

    impl Mailer for Postbox {
        async fn send(&self, email: &Email) -> Result<SentMail, SendError> {
            let mut sent = self.0.lock().unwrap();
            sent.push((email.to.as_str().to_owned(), Instant::now()));
            Ok(SentMail::Accepted { message_id: sent.len().to_string() })
        }
    }

    fn email(to: &str) -> Email {
        let address = Address::parse(to).unwrap();
        Email::welcome(&Recipient { address, name: None, locale: None }, "Shop").unwrap()
    }

    fn outbox(sending: bool, audience: Audience) -> (Arc<Postbox>, Outbox<Arc<Postbox>>) {
        let postbox = Arc::new(Postbox::default());
        let outbox = Outbox::new(sending, audience, RateLimit::new(10, Duration::from_secs(60)), postbox.clone());
        (postbox, outbox)
    }

    #[tokio::test(start_paused = true)]
    async fn a_live_outbox_sends_to_everybody() {
        let (postbox, outbox) = outbox(true, Audience::everybody());
        let sent = outbox.send(&email("ada@example.com")).await.unwrap();
        assert_eq!(sent, SentMail::Accepted { message_id: "1".into() });
        assert_eq!(postbox.addresses(), ["ada@example.com"]);
    }

    #[tokio::test(start_paused = true)]
    async fn switched_off_it_sends_nothing_and_loses_nothing() {
        for audience in [Audience::everybody(), Audience::nobody()] {
            let (postbox, outbox) = outbox(false, audience);
            let error = outbox.send(&email("ada@example.com")).await.unwrap_err();
            assert_eq!((error.disposition(), error.code()), (Disposition::Retry { after: None }, "sending_off"));
            assert!(postbox.addresses().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn in_log_mode_nobody_gets_mail() {
        let (postbox, outbox) = outbox(true, Audience::nobody());
        assert_eq!(outbox.send(&email("ada@example.com")).await.unwrap(), SentMail::Withheld { why: "mode_log" });
        assert!(postbox.addresses().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn with_an_allowlist_only_those_on_it_get_mail() {
        let allowed = vec![
            Allowed::Address(Address::parse("Ada@example.com").unwrap()),
            Allowed::Domain("shop.example".to_owned()),
        ];
        let (postbox, outbox) = outbox(true, Audience::only(allowed));
        for to in ["ada@EXAMPLE.com", "bob@example.com", "bob@shop.example", "bob@x.shop.example", "x@notshop.example"]
        {
            outbox.send(&email(to)).await.unwrap();
        }
        assert_eq!(postbox.addresses(), ["ada@EXAMPLE.com", "bob@shop.example"]);
        let sent = outbox.send(&email("bob@example.com")).await.unwrap();
        assert_eq!(sent, SentMail::Withheld { why: "not_on_allowlist" });
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_withheld_takes_no_turn() {
        let (_, outbox) = outbox(true, Audience::nobody());
        let began = Instant::now();
        for _ in 0..100 {
            outbox.send(&email("ada@example.com")).await.unwrap();
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
