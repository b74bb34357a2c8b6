//! Which changes are new accounts, and what is done about one: its mail, under its claim.

use event_functions::{Change, ChangeHandler, Claimed, Decided, Decision, Effect, Op, Park, Performed, Timestamp};

use crate::account::Account;
use crate::error::SendError;
use crate::mailer::Mailer;
use crate::message::Email;

/// The scope of this function's claims: `welcome:<account id>`.
const SCOPE: &str = "welcome";

/// Sends a welcome email to each account that was inserted.
pub struct WelcomeNewAccounts<M> {
    /// Sends the mails.
    pub mailer: M,
    /// In whose name the mail is written.
    pub brand: String,
    /// Accounts inserted before this get no mail.
    pub start_time: Option<Timestamp>,
}

impl<M: Mailer + 'static> ChangeHandler for WelcomeNewAccounts<M> {
    type Row = Account<'static>;
    // A second welcome mail is worse than one that a person has to look into.
    type Guard = Claimed<Park>;
    type Work = Box<Email>;

    // Neither snapshots: a new one must not send mail to every customer.
    const ACTS_ON: &'static [Op] = &[Op::Create];
    // Mails are sent one after the other, at the rate of `EMAIL_RATE_PER_SECOND`.
    const KEYS_SIDE_BY_SIDE: bool = false;

    fn decide(&self, change: Change<'_, Account<'_>>) -> Decided<Self> {
        // Before the key is needed: a record that gets no mail need not have one.
        if change.is_key_change()? {
            return Ok(Decision::skip("key_change"));
        }
        if self.is_before_start(&change) {
            return Ok(Decision::skip("before_start_time"));
        }
        let claim = change.claim(SCOPE)?;
        let account = change.into_after().ok_or(SendError::RowMissing)?;
        let email = Email::welcome(&account.recipient()?, &self.brand).map_err(SendError::Rendering)?;
        Ok(Decision::claimed(claim, Box::new(email)))
    }

    async fn perform(&self, email: Box<Email>) -> Performed {
        self.mailer.send(&email).await?;
        Ok(Effect::Done)
    }
}

impl<M> WelcomeNewAccounts<M> {
    fn is_before_start(&self, change: &Change<'_, Account<'_>>) -> bool {
        let changed = change.source().and_then(|source| source.ts_ms);
        matches!((self.start_time, changed), (Some(start), Some(changed)) if changed < start.as_millisecond())
    }
}
