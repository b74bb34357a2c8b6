//! Errors of sending a mail: what each proves, and what happens next.

use std::error::Error;
use std::time::Duration;

use event_functions::{Disposition, Failure};

use crate::address::AddressError;

/// Why a mail was not sent, or may not have been sent.
///
/// `Retry` and `DeadLetter` mean that nothing was sent; every doubtful case is `Uncertain`. Messages contain no address and
/// no name. They do not include SES's error texts either, since those quote addresses.
#[derive(Debug, Failure)]
pub enum SendError {
    /// The row has no address.
    #[failure(
        "the account has no email address in `email`, `email_address` or `mail`",
        dead_letter,
        code = "recipient_missing",
        blame = record,
        remedy = "Nothing, or welcome the person by hand; then `redrive resolve <id> --done --yes`. Correcting the row does \
            not help: the letter has the row as it was, and the correction arrives as an update, which gets no mail."
    )]
    RecipientMissing,
    /// The row's address cannot be sent to.
    #[failure(
        "the account's email address cannot be sent to: {0}",
        dead_letter,
        code = "recipient_malformed",
        blame = record,
        remedy = "As for `recipient_missing`."
    )]
    RecipientMalformed(AddressError),
    /// An insert without a row.
    #[failure(
        "the change is an insert without a row; check the connector and its transformations",
        dead_letter,
        code = "row_missing",
        blame = record,
        remedy = "Check the connector and its transformations; then as for `recipient_missing`."
    )]
    RowMissing,
    /// A template failed; no row can cause that.
    #[failure(
        "the mail's template could not be rendered",
        dead_letter,
        code = "mail_rendering",
        remedy = "This is a bug: report it, and redrive once it is fixed."
    )]
    Rendering(#[source] askama::Error),
    /// `EMAIL_SENDING=off`.
    #[failure(
        "sending is switched off (EMAIL_SENDING=off)",
        retry,
        code = "sending_off",
        remedy = "Switch it on again. Nothing is lost until the topic's retention ends, or the mapping's limits of retries \
            and age are reached."
    )]
    SendingOff,
    /// More mails are waiting than the rate allows.
    #[failure(
        "the next turn within the send rate (EMAIL_RATE_PER_SECOND) is in {} ms",
        after.as_millis(),
        retry(after = after),
        code = "send_rate_exceeded",
        remedy = "If it persists and the account's rate allows it, raise `EMAIL_RATE_PER_SECOND`."
    )]
    RateExceeded {
        /// How long the wait would have been.
        after: Duration,
    },
    /// SES or the connection to it refused: nothing was sent.
    #[failure(
        "SES did not take the mail: {refusal}{answer}",
        forward = refusal,
        disposition = refusal.asked_to_wait(*after),
        codes = Refusal::CODES
    )]
    Refused {
        /// Why.
        refusal: Refusal,
        /// SES's response, if there was one.
        answer: Answer,
        /// How long SES asks to wait.
        after: Option<Duration>,
        /// Why the request was never sent, if it was not.
        #[source]
        cause: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The request was sent, and its result is unknown.
    #[failure("SES may or may not have taken the mail: {doubt}{answer}", forward = doubt)]
    Uncertain {
        /// Why it is unknown.
        doubt: Doubt,
        /// SES's response, if there was one.
        answer: Answer,
        /// What failed, if something did.
        #[source]
        cause: Option<Box<dyn Error + Send + Sync>>,
    },
}

/// The parts of SES's response that may be shown: not its text, which quotes addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: Option<u16>,
    /// SES's own name for the error, such as `MessageRejected`.
    pub error: Option<String>,
    /// AWS's id of the request, for a support case.
    pub request_id: Option<String>,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Answer { status: Some(status), error, request_id } = self else { return Ok(()) };
        write!(f, " (HTTP {status}")?;
        for part in [error, request_id].into_iter().flatten() {
            write!(f, ", {part}")?;
        }
        f.write_str(")")
    }
}

/// Why SES refused, or why the request was never sent. In all of these cases nothing was sent.
///
/// Only what the record itself may have caused is a dead letter. A fault of the deployment is the same for every record, and
/// must not drain a topic into the dead letters. What may be the row's fault may also be that of a sender or template which
/// fails every mail, so the guard against a flood of dead letters counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Failure)]
#[failure(retry)]
pub enum Refusal {
    /// The account is in the SES sandbox and the recipient is not verified (also where SES or the role refuses the
    /// recipient's identity).
    #[failure(
        "the recipient is not verified, as the SES sandbox requires",
        dead_letter,
        code = "recipient_unverified",
        remedy = "Leave the sandbox or verify the recipient, then redrive; or use `EMAIL_MODE=allowlist`."
    )]
    RecipientUnverified,
    /// SES rejected the message because of its content.
    #[failure(
        "the message was rejected",
        dead_letter,
        code = "ses_rejected",
        remedy = "Correct the template or the sender, then redrive."
    )]
    MessageRejected,
    /// SES found the request invalid, most often because of the recipient's address.
    #[failure(
        "the request is invalid, most often because of an address",
        dead_letter,
        code = "ses_request_invalid",
        remedy = "A single one: as for `recipient_missing`. Many: correct the sender or the template, then redrive."
    )]
    RequestInvalid,
    /// The account's rate is exceeded.
    #[failure(
        "too many requests",
        code = "ses_throttled",
        remedy = "Lower `EMAIL_RATE_PER_SECOND` or the concurrency, or ask AWS for more."
    )]
    Throttled,
    /// The 24-hour quota is used up, or another limit of the account.
    #[failure("a sending quota is used up", code = "ses_quota_exceeded", remedy = "Wait, or ask AWS for more.")]
    QuotaExceeded,
    /// SES answered 503 or 408.
    #[failure("it is unavailable", code = "ses_unavailable", remedy = "Wait.")]
    Unavailable,
    /// No connection or no credentials: the request was never sent.
    #[failure(
        "the request was never sent",
        code = "ses_unreachable",
        remedy = "Check the network, the VPC endpoint and the role."
    )]
    Unreachable,
    /// Something other than SES responded: a proxy, or the endpoint is wrong.
    #[failure(
        "something other than SES responded; check the endpoint and proxies",
        code = "ses_endpoint_unexpected",
        remedy = "Check the proxy and the endpoint."
    )]
    EndpointUnexpected,
    /// The role may not send, or its credentials are not accepted.
    #[failure(
        "the function's role or credentials are not accepted",
        code = "ses_access_denied",
        remedy = "Allow `ses:SendEmail` on the sender's identity and the configuration set."
    )]
    AccessDenied,
    /// `EMAIL_SENDER` or its MAIL FROM domain is not verified in this region.
    #[failure("the sender (EMAIL_SENDER) is not verified", code = "ses_sender_unverified", remedy = "Verify it.")]
    SenderUnverified,
    /// `EMAIL_CONFIGURATION_SET` does not exist in this region.
    #[failure(
        "the configuration set (EMAIL_CONFIGURATION_SET) does not exist",
        code = "ses_configuration_set_missing",
        remedy = "Create it or correct the name."
    )]
    ConfigurationSetMissing,
    /// Sending is paused for the account or the configuration set.
    #[failure(
        "sending is paused for the account or the configuration set",
        code = "ses_sending_paused",
        remedy = "Find out why before resuming."
    )]
    SendingPaused,
    /// AWS has suspended the account's sending.
    #[failure("the account's sending is suspended", code = "ses_account_suspended", remedy = "Answer AWS's message.")]
    AccountSuspended,
}

impl Refusal {
    /// What may be done about it, where SES asks to wait that long before the next attempt.
    fn asked_to_wait(self, after: Option<Duration>) -> Disposition {
        match self.disposition() {
            Disposition::Retry { .. } => Disposition::Retry { after },
            never @ (Disposition::DeadLetter | Disposition::Uncertain) => never,
        }
    }
}

/// Why it is unknown whether a mail was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Failure)]
#[failure(
    uncertain,
    remedy = "Find out whether the mail was sent, then `redrive resolve <id> --yes`, with `--done` if it was and `--repeat` if not."
)]
pub enum Doubt {
    /// No response in time.
    #[failure("no response came in time", code = "ses_timeout")]
    Timeout,
    /// The connection broke before the response.
    #[failure("the connection broke before the response", code = "ses_answer_lost")]
    ConnectionLost,
    /// The response cannot be read.
    #[failure("its response cannot be read", code = "ses_answer_unreadable")]
    AnswerUnreadable,
    /// SES failed to process the request: a 5xx other than 503.
    #[failure("SES failed to process the request", code = "ses_server_error")]
    ServerError,
}

#[cfg(test)]
mod tests {
    use event_functions::testing::{FailureCodes, FailureResult};

    use super::*;

    #[test]
    fn only_doubtful_failures_are_uncertain() {
        let doubtful: Vec<_> = Doubt::CODES.iter().map(|doubt| doubt.code).collect();
        assert_eq!(doubtful.len(), 4);
        for code in SendError::CODES {
            let uncertain = code.result == FailureResult::Uncertain;
            assert_eq!(uncertain, doubtful.contains(&code.code), "{}", code.code);
        }
    }

    #[test]
    fn each_code_is_declared_once() {
        let mut codes: Vec<_> = SendError::CODES.iter().map(|code| code.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), SendError::CODES.len()), (23, 23));
    }

    #[test]
    fn the_wait_that_ses_asks_for_matters_where_it_helps() {
        let refused = |refusal, after| SendError::Refused { refusal, answer: Answer::default(), after, cause: None };
        let after = Some(Duration::from_secs(2));
        let throttled = refused(Refusal::Throttled, after);
        assert_eq!((throttled.code(), throttled.disposition()), ("ses_throttled", Disposition::Retry { after }));
        let rejected = refused(Refusal::MessageRejected, after);
        assert_eq!((rejected.code(), rejected.disposition()), ("ses_rejected", Disposition::DeadLetter));
    }

    #[test]
    fn a_response_is_shown_without_its_text() {
        let answer =
            Answer { status: Some(400), error: Some("MessageRejected".into()), request_id: Some("r-1".into()) };
        let error = SendError::Refused { refusal: Refusal::MessageRejected, answer, after: None, cause: None };
        assert_eq!(
            error.to_string(),
            "SES did not take the mail: the message was rejected (HTTP 400, MessageRejected, r-1)"
        );
    }
}
