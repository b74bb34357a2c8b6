//! The mailer on Amazon SES (API v2).
//!
//! SES has no idempotency token: a request that is sent twice sends two mails. So the SDK's own retries are off, and every
//! failure is classified by what it proves (see the table in `failures.rs`).

mod failures;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::config::{
    Builder, ConfigBag, Intercept, RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_sesv2::error::BoxError;
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
use aws_smithy_http_client::tls;
use event_functions::SdkConfig;

use crate::address::Address;
use crate::error::SendError;
use crate::mailbox::Mailbox;
use crate::mailer::{Mailer, SentMail};
use crate::message::{Email, TEMPLATE};

/// Settings that all mails share.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The sender.
    pub sender: Mailbox,
    /// Where replies go; to the sender if not set.
    pub reply_to: Option<Address>,
    /// The configuration set, which publishes deliveries, bounces and complaints.
    pub configuration_set: Option<String>,
    /// How long SES may take, from the first byte of the request to the response.
    pub timeout: Duration,
    /// The function's name, for the tag `function`.
    pub function: &'static str,
}

/// Sends through Amazon SES.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    settings: Settings,
}

impl SesMailer {
    /// A mailer with the region, credentials and endpoint of `aws`, and timeouts, retries and connections of its own.
    pub fn new(aws: &SdkConfig, settings: Settings) -> Self {
        // At most half the time for connecting: if that fails, nothing was sent for certain, and if it is slow, there is
        // still time for the response.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout((settings.timeout / 2).min(Duration::from_secs(3)))
            .operation_timeout(settings.timeout)
            .build();
        let config = Builder::from(aws)
            .http_client(http_client())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        SesMailer { client: Client::from_conf(config), settings }
    }

    fn request(&self, email: &Email) -> Result<SendEmailFluentBuilder, aws_sdk_sesv2::error::BuildError> {
        let utf8 = |data: &str| Content::builder().data(data).charset("UTF-8").build();
        let body = Body::builder().text(utf8(&email.text)?).html(utf8(&email.html)?).build();
        let message = Message::builder().subject(utf8(&email.subject)?).body(body).build();
        let tags = [("function", self.settings.function), ("template", TEMPLATE), ("locale", email.language.tag())];
        let tags = tags.map(|(name, value)| MessageTag::builder().name(name).value(value).build());
        let tags = tags.into_iter().collect::<Result<Vec<_>, _>>()?;
        let reply_to = self.settings.reply_to.as_ref().map(|address| vec![address.as_str().to_owned()]);
        Ok(self
            .client
            .send_email()
            .from_email_address(self.settings.sender.to_header())
            .set_reply_to_addresses(reply_to)
            .set_configuration_set_name(self.settings.configuration_set.clone())
            .destination(Destination::builder().to_addresses(email.to.as_str()).build())
            .content(EmailContent::builder().simple(message).build())
            .set_email_tags(Some(tags)))
    }
}

impl Mailer for SesMailer {
    async fn send(&self, email: &Email) -> Result<SentMail, SendError> {
        let transmission = Transmission::default();
        let request = self.request(email).map_err(|error| failures::not_built(Box::new(error)))?;
        match request.customize().interceptor(transmission.clone()).send().await {
            Ok(answer) => answer
                .message_id
                .filter(|id| !id.is_empty())
                .map(|message_id| SentMail::Accepted { message_id })
                .ok_or_else(failures::no_message_id),
            Err(error) => {
                Err(failures::classify(error, transmission.has_started(), &self.settings.sender.address, &email.to))
            }
        }
    }
}

/// Closes connections after a few idle seconds. Lambda freezes a function between invocations, and a connection that SES
/// has closed meanwhile looks alive until a mail is written to it, which would make that mail uncertain for no reason.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(Duration::from_secs(5))
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .build_https()
}

/// Records whether a request has reached the connection. Before that, nothing can have been sent.
#[derive(Debug, Clone, Default)]
struct Transmission(Arc<AtomicBool>);

impl Transmission {
    fn has_started(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Intercept for Transmission {
    fn name(&self) -> &'static str {
        "Transmission"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.store(true, Ordering::Release);
        Ok(())
    }
}
