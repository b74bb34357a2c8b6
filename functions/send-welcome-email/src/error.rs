//! Errors of sending a mail: what each proves, and what happens next.

use std::error::Error;
use std::time::Duration;

use event_runtime::{Blame, Disposition, Failure};

use crate::address::AddressError;

/// Why a mail was not sent, or may not have been sent.
///
/// `Retry` and `DeadLetter` mean that nothing was sent; every doubtful case is `Uncertain`. Messages contain no address and
/// no name. They do not include SES's error texts either, since those quote addresses.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The account has no address.
    #[error("the account has no email address in `email`, `email_address` or `mail`")]
    RecipientMissing,
    /// The account's address cannot be sent to.
    #[error("the account's email address cannot be sent to: {0}")]
    RecipientMalformed(AddressError),
    /// A template failed; no row can cause that.
    #[error("the mail's template could not be rendered")]
    Rendering(#[source] askama::Error),
    /// Sending was switched off on purpose.
    #[error("sending is switched off (EMAIL_SENDING=off)")]
    SendingOff,
    /// Too many mails are already waiting for their turn.
    #[error("the next turn within the send rate (EMAIL_RATE_PER_SECOND) is in {} ms", after.as_millis())]
    RateExceeded {
        /// How long the wait would have been.
        after: Duration,
    },
    /// SES or the connection to it refused: nothing was sent.
    #[error("SES did not take the mail: {refusal}{answer}")]
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
    #[error("SES may or may not have taken the mail: {doubt}{answer}")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Over the rate that SES allows this account.
    Throttled,
    /// SES answered 503.
    Unavailable,
    /// No connection, or no credentials: the request was never sent.
    Unreachable,
    /// The 24-hour quota is used up, or another limit of the account.
    QuotaExceeded,
    /// The function's role may not send, or its credentials are not accepted.
    AccessDenied,
    /// The sender's address or domain is not verified.
    SenderUnverified,
    /// The configuration set does not exist.
    ConfigurationSetMissing,
    /// Sending is paused for the account or the configuration set.
    SendingPaused,
    /// AWS has suspended the account's sending.
    AccountSuspended,
    /// The recipient is not verified, which the SES sandbox requires.
    RecipientUnverified,
    /// SES rejected the message because of its content.
    MessageRejected,
    /// SES found the request invalid, most often because of an address.
    RequestInvalid,
    /// A response that SES never sends: it comes from a proxy, or the endpoint is wrong.
    EndpointUnexpected,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Refusal; 13] = [
        Refusal::Throttled,
        Refusal::Unavailable,
        Refusal::Unreachable,
        Refusal::QuotaExceeded,
        Refusal::AccessDenied,
        Refusal::SenderUnverified,
        Refusal::ConfigurationSetMissing,
        Refusal::SendingPaused,
        Refusal::AccountSuspended,
        Refusal::RecipientUnverified,
        Refusal::MessageRejected,
        Refusal::RequestInvalid,
        Refusal::EndpointUnexpected,
    ];

    fn code(self) -> &'static str {
        match self {
            Refusal::Throttled => "ses_throttled",
            Refusal::Unavailable => "ses_unavailable",
            Refusal::Unreachable => "ses_unreachable",
            Refusal::QuotaExceeded => "ses_quota_exceeded",
            Refusal::AccessDenied => "ses_access_denied",
            Refusal::SenderUnverified => "ses_sender_unverified",
            Refusal::ConfigurationSetMissing => "ses_configuration_set_missing",
            Refusal::SendingPaused => "ses_sending_paused",
            Refusal::AccountSuspended => "ses_account_suspended",
            Refusal::RecipientUnverified => "recipient_unverified",
            Refusal::MessageRejected => "ses_rejected",
            Refusal::RequestInvalid => "ses_request_invalid",
            Refusal::EndpointUnexpected => "ses_endpoint_unexpected",
        }
    }

    /// Only what the record itself may have caused is permanent. A fault of the deployment is the same for every record,
    /// and must not drain a topic into the dead letters.
    fn is_permanent(self) -> bool {
        match self {
            Refusal::RecipientUnverified | Refusal::MessageRejected | Refusal::RequestInvalid => true,
            Refusal::Throttled
            | Refusal::Unavailable
            | Refusal::Unreachable
            | Refusal::QuotaExceeded
            | Refusal::AccessDenied
            | Refusal::SenderUnverified
            | Refusal::ConfigurationSetMissing
            | Refusal::SendingPaused
            | Refusal::AccountSuspended
            | Refusal::EndpointUnexpected => false,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refusal::Throttled => "too many requests",
            Refusal::Unavailable => "it is unavailable",
            Refusal::Unreachable => "the request was never sent",
            Refusal::QuotaExceeded => "a sending quota is used up",
            Refusal::AccessDenied => "the function's role or credentials are not accepted",
            Refusal::SenderUnverified => "the sender (EMAIL_SENDER) is not verified",
            Refusal::ConfigurationSetMissing => "the configuration set (EMAIL_CONFIGURATION_SET) does not exist",
            Refusal::SendingPaused => "sending is paused for the account or the configuration set",
            Refusal::AccountSuspended => "the account's sending is suspended",
            Refusal::RecipientUnverified => "the recipient is not verified, as the SES sandbox requires",
            Refusal::MessageRejected => "the message was rejected",
            Refusal::RequestInvalid => "the request is invalid, most often because of an address",
            Refusal::EndpointUnexpected => "something other than SES responded; check the endpoint and proxies",
        })
    }
}

/// Why it is unknown whether a mail was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// No response in time.
    Timeout,
    /// The connection broke after sending the request had begun.
    ConnectionLost,
    /// SES failed to process the request: a 5xx other than 503.
    ServerError,
    /// A response that SES never sends.
    AnswerUnreadable,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Doubt; 4] = [Doubt::Timeout, Doubt::ConnectionLost, Doubt::ServerError, Doubt::AnswerUnreadable];

    fn code(self) -> &'static str {
        match self {
            Doubt::Timeout => "ses_timeout",
            Doubt::ConnectionLost => "ses_answer_lost",
            Doubt::ServerError => "ses_server_error",
            Doubt::AnswerUnreadable => "ses_answer_unreadable",
        }
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Doubt::Timeout => "no response came in time",
            Doubt::ConnectionLost => "the connection broke before the response",
            Doubt::ServerError => "SES failed to process the request",
            Doubt::AnswerUnreadable => "its response cannot be read",
        })
    }
}

impl Failure for SendError {
    fn disposition(&self) -> Disposition {
        match self {
            SendError::RecipientMissing | SendError::RecipientMalformed(_) | SendError::Rendering(_) => {
                Disposition::DeadLetter
            }
            SendError::SendingOff => Disposition::Retry { after: None },
            SendError::RateExceeded { after } => Disposition::Retry { after: Some(*after) },
            SendError::Refused { refusal, .. } if refusal.is_permanent() => Disposition::DeadLetter,
            SendError::Refused { after, .. } => Disposition::Retry { after: *after },
            SendError::Uncertain { .. } => Disposition::Uncertain,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            SendError::RecipientMissing => "recipient_missing",
            SendError::RecipientMalformed(_) => "recipient_malformed",
            SendError::Rendering(_) => "mail_rendering",
            SendError::SendingOff => "sending_off",
            SendError::RateExceeded { .. } => "send_rate_exceeded",
            SendError::Refused { refusal, .. } => refusal.code(),
            SendError::Uncertain { doubt, .. } => doubt.code(),
        }
    }

    /// A missing or malformed address is the row's fault. A refusal by SES may be the row's fault too, but also that of a
    /// sender or template which fails every mail, so the runtime's guard against a flood of dead letters must count it.
    fn blame(&self) -> Blame {
        match self {
            SendError::RecipientMissing | SendError::RecipientMalformed(_) => Blame::Record,
            SendError::Rendering(_)
            | SendError::SendingOff
            | SendError::RateExceeded { .. }
            | SendError::Refused { .. }
            | SendError::Uncertain { .. } => Blame::Deployment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each.
    fn every_error() -> Vec<SendError> {
        let answer = Answer::default;
        let mut all = vec![
            SendError::RecipientMissing,
            SendError::RecipientMalformed(AddressError::Empty),
            SendError::Rendering(askama::Error::Fmt),
            SendError::SendingOff,
            SendError::RateExceeded { after: Duration::from_secs(1) },
        ];
        all.extend(Refusal::ALL.map(|refusal| SendError::Refused {
            refusal,
            answer: answer(),
            after: None,
            cause: None,
        }));
        all.extend(Doubt::ALL.map(|doubt| SendError::Uncertain { doubt, answer: answer(), cause: None }));
        all
    }

    #[test]
    fn only_doubtful_failures_are_uncertain() {
        for error in every_error() {
            let uncertain = matches!(error, SendError::Uncertain { .. });
            assert_eq!(error.disposition() == Disposition::Uncertain, uncertain, "{error}");
        }
    }

    #[test]
    fn the_readme_lists_what_follows_from_each_code() {
        let readme = include_str!("../README.md");
        for error in every_error() {
            let follows = match error.disposition() {
                Disposition::Retry { .. } => "retry",
                Disposition::DeadLetter => "dead letter",
                Disposition::Uncertain => "uncertain",
            };
            let row = format!("| `{}` | {follows} | ", error.code());
            assert_eq!(readme.matches(&row).count(), 1, "{row}");
        }
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
