//! Classifies failures of `SendEmail` by what they prove.
//!
//! | what happened | was a mail sent? | verdict |
//! |---|---|---|
//! | no credentials, no request, no connection | no | retry |
//! | the connection broke, or time ran out, after sending the request began | unknown | uncertain |
//! | 2xx without a readable message id; 1xx, 3xx | unknown | uncertain |
//! | 503, 429 and every code for throttling | no | retry |
//! | other 5xx | unknown | uncertain |
//! | 4xx about the account, the role, the sender, the configuration set or the day's quota | no | retry |
//! | 4xx about this message or its recipient | no | dead letter |
//!
//! Sources: the errors of `SendEmail` and the common errors in the SES API v2 reference; the texts in "Amazon SES email
//! sending errors" of the SES developer guide. According to SES a refused call sends nothing, but a 500 may come after the
//! mail was queued. For an address on the suppression list SES returns no error: it accepts the mail and drops it.

use std::error::Error;
use std::time::Duration;

use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::RequestId;
use aws_sdk_sesv2::operation::send_email::SendEmailError;

use crate::address::Address;
use crate::error::{Answer, Doubt, Refusal, SendError};

/// Classifies a failed call; `transmitted` is whether the request had reached the connection.
pub(super) fn classify(
    error: SdkError<SendEmailError, HttpResponse>,
    transmitted: bool,
    sender: &Address,
    recipient: &Address,
) -> SendError {
    match error {
        SdkError::ServiceError(failed) => {
            let answer = answer(failed.raw(), failed.err());
            let after = retry_after(failed.raw());
            let text = failed.err().message().unwrap_or_default();
            match judge(failed.raw().status().as_u16(), failed.err().code(), text, sender, recipient) {
                Verdict::Refused(refusal) => SendError::Refused { refusal, answer, after, cause: None },
                Verdict::Uncertain(doubt) => SendError::Uncertain { doubt, answer, cause: None },
            }
        }
        // The response itself is broken, so its status is not reliable.
        SdkError::ResponseError(failed) => {
            let answer = Answer { status: Some(failed.raw().status().as_u16()), ..Answer::default() };
            SendError::Uncertain { doubt: Doubt::AnswerUnreadable, answer, cause: None }
        }
        error if !transmitted || never_connected(&error) => unreachable(error),
        SdkError::TimeoutError(_) => uncertain(Doubt::Timeout, error),
        SdkError::DispatchFailure(ref failure) if failure.is_timeout() => uncertain(Doubt::Timeout, error),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => uncertain(Doubt::ConnectionLost, error),
        // The SDK may fail in new ways, and a new way proves nothing.
        error => uncertain(Doubt::ConnectionLost, error),
    }
}

/// The error for a mail that could not be made into a request.
pub(super) fn not_built(cause: BoxError) -> SendError {
    SendError::Refused { refusal: Refusal::RequestInvalid, answer: Answer::default(), after: None, cause: Some(cause) }
}

/// The error for a success without a message id.
pub(super) fn no_message_id() -> SendError {
    let answer = Answer { status: Some(200), ..Answer::default() };
    SendError::Uncertain { doubt: Doubt::AnswerUnreadable, answer, cause: None }
}

fn unreachable(cause: SdkError<SendEmailError, HttpResponse>) -> SendError {
    let cause = Some(Box::new(cause) as BoxError);
    SendError::Refused { refusal: Refusal::Unreachable, answer: Answer::default(), after: None, cause }
}

fn uncertain(doubt: Doubt, cause: SdkError<SendEmailError, HttpResponse>) -> SendError {
    SendError::Uncertain { doubt, answer: Answer::default(), cause: Some(Box::new(cause)) }
}

/// Whether the failure happened while connecting (name, route, TLS). Only then is it certain that nothing was sent. The SDK
/// does not expose this, so it is read from the HTTP client's own error.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        next = error.source();
    }
    false
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Refused(Refusal),
    Uncertain(Doubt),
}

/// Judges a response by its status, then by SES's code, then, if a code has several meanings, by its text.
fn judge(status: u16, code: Option<&str>, text: &str, sender: &Address, recipient: &Address) -> Verdict {
    use Refusal::*;
    match (status, code) {
        (400.., Some(code)) if is_throttling(code) => Verdict::Refused(rate_or_quota(text)),
        (429, _) => Verdict::Refused(rate_or_quota(text)),
        // 408: the server gave up waiting for the rest of the request, so it never received all of it.
        (408 | 503, _) => Verdict::Refused(Unavailable),
        (500.., _) => Verdict::Uncertain(Doubt::ServerError),
        (..=399, _) => Verdict::Uncertain(Doubt::AnswerUnreadable),
        (403, _) if is_recipients_identity(text, sender, recipient) => Verdict::Refused(RecipientUnverified),
        (401 | 403 | 407, _) => Verdict::Refused(AccessDenied),
        (_, Some(code)) if is_denial(code) => Verdict::Refused(AccessDenied),
        (_, Some("LimitExceededException")) => Verdict::Refused(QuotaExceeded),
        (_, Some("SendingPausedException")) => Verdict::Refused(SendingPaused),
        (_, Some("AccountSuspendedException")) => Verdict::Refused(AccountSuspended),
        (_, Some("MailFromDomainNotVerifiedException")) => Verdict::Refused(SenderUnverified),
        (_, Some("NotFoundException")) => Verdict::Refused(ConfigurationSetMissing),
        (_, Some("MessageRejected")) => Verdict::Refused(by_text(text, sender, recipient).unwrap_or(MessageRejected)),
        (400 | 413 | 422, Some(_)) => Verdict::Refused(by_text(text, sender, recipient).unwrap_or(RequestInvalid)),
        // SES always returns a code.
        (400..=499, _) => Verdict::Refused(EndpointUnexpected),
    }
}

/// The refusal by the text, which is more specific than the code. The recipient's address is removed from the text first,
/// because it comes from the row: `paused@example.com` means nothing about the account.
fn by_text(text: &str, sender: &Address, recipient: &Address) -> Option<Refusal> {
    let [text, sender_address, recipient_address] =
        [text, sender.as_str(), recipient.as_str()].map(str::to_ascii_lowercase);
    let names_recipient = text.contains(&recipient_address);
    let text = text.replace(&recipient_address, " ");
    if text.contains("not verified") {
        // The text lists the failed identities. Without a known one it is the sender, which SES checks first.
        let names_sender = text.contains(&sender_address) || sender_address == recipient_address;
        return Some(match names_recipient && !names_sender {
            true => Refusal::RecipientUnverified,
            false => Refusal::SenderUnverified,
        });
    }
    match () {
        () if text.contains("paused") => Some(Refusal::SendingPaused),
        () if text.contains("suspended") => Some(Refusal::AccountSuspended),
        () if text.contains("quota exceeded") => Some(Refusal::QuotaExceeded),
        () if text.contains("rate exceeded") => Some(Refusal::Throttled),
        () if text.contains("configuration set") => Some(Refusal::ConfigurationSetMissing),
        () => None,
    }
}

/// An exceeded 24-hour quota has the code of throttling ("Errors related to the sending quotas"), but a lower rate does not
/// help.
fn rate_or_quota(text: &str) -> Refusal {
    if text.to_ascii_lowercase().contains("quota") { Refusal::QuotaExceeded } else { Refusal::Throttled }
}

/// In the sandbox a role may also need permission to send *to* an identity. A refusal that names only the recipient's
/// identity (`arn:aws:ses:…:identity/ada@example.com`, or its domain) is not a fault of the whole deployment.
fn is_recipients_identity(text: &str, sender: &Address, recipient: &Address) -> bool {
    let is_of = |identity: &str, address: &Address| {
        identity.eq_ignore_ascii_case(address.as_str()) || identity.eq_ignore_ascii_case(address.domain())
    };
    let ends = |c: char| c.is_whitespace() || matches!(c, '\'' | '`' | '"' | ',' | ';' | ')' | ']');
    let mut identities = text.split(":identity/").skip(1).map(|rest| {
        let identity = rest.split(ends).next().unwrap_or_default();
        identity.trim_end_matches('.')
    });
    let mut named = false;
    let only_theirs = identities.all(|identity| {
        named = true;
        is_of(identity, recipient) && !is_of(identity, sender)
    });
    named && only_theirs
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "TooManyRequestsException"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "SlowDown"
    )
}

fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "NotAuthorized"
            | "OptInRequired"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "RequestExpired"
            | "RequestTimeTooSkewed"
    )
}

fn answer(raw: &HttpResponse, error: &SendEmailError) -> Answer {
    Answer {
        status: Some(raw.status().as_u16()),
        error: error.code().and_then(word),
        request_id: error.request_id().and_then(word),
    }
}

/// A code or an id from a foreign server, if it looks like one.
fn word(text: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (text.len() <= 64 && text.chars().all(is_word)).then(|| text.to_owned())
}

/// `Retry-After` in seconds; AWS does not use its other form, a date.
fn retry_after(raw: &HttpResponse) -> Option<Duration> {
    raw.headers().get("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, code: Option<&str>, text: &str) -> Verdict {
        let [sender, recipient] = ["hello@shop.example", "ada@example.com"].map(|a| Address::parse(a).unwrap());
        judge(status, code, text, &sender, &recipient)
    }

    #[test]
    fn the_text_decides_what_an_ambiguous_code_means() {
        use Refusal::*;
        let unverified = "Email address is not verified. The following identities failed the check in region";
        for (code, text, refusal) in [
            ("MessageRejected", format!("{unverified} EU-CENTRAL-1: hello@shop.example"), SenderUnverified),
            (
                "MessageRejected",
                format!("{unverified} EU-CENTRAL-1: shop.example, Ada@example.com"),
                RecipientUnverified,
            ),
            (
                "MessageRejected",
                format!("{unverified} EU-CENTRAL-1: hello@shop.example, ada@example.com"),
                SenderUnverified,
            ),
            ("MessageRejected", format!("{unverified} EU-CENTRAL-1: ada@example.com"), RecipientUnverified),
            ("MessageRejected", "Sending paused for this account.".into(), SendingPaused),
            ("MessageRejected", "Sending suspended for this account.".into(), AccountSuspended),
            ("MessageRejected", "Bad content.".into(), MessageRejected),
            ("BadRequestException", "Domain contains illegal character".into(), RequestInvalid),
            ("BadRequestException", "Configuration set <x> does not exist.".into(), ConfigurationSetMissing),
            ("ValidationException", "1 validation error detected".into(), RequestInvalid),
        ] {
            assert_eq!(judged(400, Some(code), &text), Verdict::Refused(refusal), "{text}");
        }
    }

    #[test]
    fn the_daily_quota_is_distinguished_from_the_rate_by_its_text() {
        for (status, code) in [(400, "ThrottlingException"), (429, "TooManyRequestsException"), (400, "Throttling")] {
            let judged = |text| judged(status, Some(code), text);
            assert_eq!(judged("Maximum sending rate exceeded."), Verdict::Refused(Refusal::Throttled), "{code}");
            assert_eq!(judged("Daily message quota exceeded."), Verdict::Refused(Refusal::QuotaExceeded), "{code}");
            assert_eq!(judged("Daily sending quota exceeded"), Verdict::Refused(Refusal::QuotaExceeded), "{code}");
        }
    }

    #[test]
    fn a_denial_of_only_the_recipients_identity_is_the_recipients_fault() {
        let denied = "User `arn:aws:sts::1:assumed-role/f/x' is not authorized to perform `ses:SendEmail' on resource";
        let identity = |name: &str| format!("`arn:aws:ses:eu-central-1:123456789012:identity/{name}'");
        for (on, refusal) in [
            (identity("ada@example.com"), Refusal::RecipientUnverified),
            (identity("Example.com"), Refusal::RecipientUnverified),
            (identity("hello@shop.example"), Refusal::AccessDenied),
            (identity("shop.example"), Refusal::AccessDenied),
            (identity("other.example"), Refusal::AccessDenied),
            (identity("ada@example.com") + &identity("shop.example"), Refusal::AccessDenied),
            (String::new(), Refusal::AccessDenied),
        ] {
            let text = format!("{denied} {on}");
            assert_eq!(judged(403, Some("AccessDeniedException"), &text), Verdict::Refused(refusal), "{text}");
        }
        let [sender, recipient] = ["hello@shop.example", "bob@shop.example"].map(|a| Address::parse(a).unwrap());
        let both = judge(403, Some("AccessDenied"), &identity("shop.example"), &sender, &recipient);
        assert_eq!(both, Verdict::Refused(Refusal::AccessDenied), "the sender's domain is not allowed");
    }

    #[test]
    fn a_rows_address_cannot_look_like_a_fault_of_the_account() {
        let sender = Address::parse("hello@shop.example").unwrap();
        for to in ["paused@example.com", "suspended@x.example", "quota.exceeded@not.verified.example"] {
            let recipient = Address::parse(to).unwrap();
            let verdict = judge(400, Some("MessageRejected"), &format!("Illegal address: {to}"), &sender, &recipient);
            assert_eq!(verdict, Verdict::Refused(Refusal::MessageRejected), "{to}");
        }
    }

    #[test]
    fn every_status_has_a_verdict_and_only_a_proof_is_certain() {
        for status in 0..=999 {
            for code in [None, Some("ThrottlingException"), Some("MessageRejected"), Some("Unheard")] {
                let certain = matches!(judged(status, code, ""), Verdict::Refused(_));
                let throttled = status >= 400 && code == Some("ThrottlingException");
                let proof = throttled || status == 503 || (400..500).contains(&status);
                assert_eq!(certain, proof, "{status} {code:?}");
            }
        }
    }
}
