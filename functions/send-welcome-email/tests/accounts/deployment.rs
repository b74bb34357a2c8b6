//! A deployment of the function: its claims, dead letters and mails outlive a delivery.

use std::sync::{Arc, Mutex};

use event_functions::testing::{Harness, Outcome};
use send_welcome_email::error::{Answer, Doubt, SendError};
use send_welcome_email::function_with;
use send_welcome_email::mailer::{Mailer, SentMail};
use send_welcome_email::message::Email;

/// Keeps the mails. Of those to the domain [`BROKEN`] it does not know whether they were sent.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<String>>>);

const BROKEN: &str = "broken.example";

impl Mailer for Sent {
    async fn send(&self, email: &Email) -> Result<SentMail, SendError> {
        self.0.lock().unwrap().push(email.to.as_str().to_owned());
        if email.to.domain() == BROKEN {
            return Err(SendError::Uncertain { doubt: Doubt::Timeout, answer: Answer::default(), cause: None });
        }
        Ok(SentMail::Accepted { message_id: "1".to_owned() })
    }
}

pub(crate) struct Deployment {
    pub(crate) harness: Harness,
    sent: Sent,
}

impl Deployment {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With these variables beside those that send mail to everybody.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        let live = [
            ("EMAIL_MODE", "live"),
            ("EMAIL_SENDER", "The Shop <hello@shop.example>"),
            ("EMAIL_RATE_PER_SECOND", "500"),
        ];
        let sent = Sent::default();
        let mailer = sent.clone();
        let function = function_with(move |_, _| mailer.clone());
        Deployment { harness: function.test(&[&live, variables].concat()), sent }
    }

    pub(crate) fn deliver(&self, event: &str, schemas: &str) -> Vec<(Outcome, usize)> {
        self.harness.schemas(schemas);
        self.harness.deliver_bytes(event.as_bytes()).0.into_iter().collect()
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.sent.0.lock().unwrap().clone()
    }
}
