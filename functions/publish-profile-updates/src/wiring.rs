//! Builds the parts of the function from its configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_config::SdkConfig;
use event_functions::RegistryConfigError;
use event_runtime::DeadLetters;
use kafka_producer::{CaCertificates, KafkaConfig, KafkaProducer, Publisher, ScramMechanism, Security};
use schema_registries::{NewSchema, RegisteringSubjects};
use schema_registry::{Subjects, Version};

use crate::api::{ApiSettings, ApiSettingsError, ProfileApi};
use crate::config::{ApiToken, Config, Kafka, KafkaAuth};
use crate::cursor::Cursors;
use crate::kafka_login::SecretLogin;
use crate::profile;
use crate::publisher::{ProfilePublisher, RESERVE};
use crate::secret::Token;

/// How a certificate begins in PEM (RFC 7468).
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Why a part cannot be built as configured.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The registry's client.
    #[error(transparent)]
    Registry(#[from] RegistryConfigError),
    /// The API's client.
    #[error(transparent)]
    Api(#[from] ApiSettingsError),
    /// The file of certificates cannot be read.
    #[error("KAFKA_CA_FILE names the file {}, which cannot be read", path.display())]
    CertificatesUnread {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not contain certificates.
    #[error(
        "KAFKA_CA_FILE names the file {}, which holds no certificate: it has to be PEM (BEGIN CERTIFICATE)",
        path.display()
    )]
    NoCertificates {
        /// The file.
        path: PathBuf,
    },
    /// MSK's authentication signs for a region.
    #[error("KAFKA_AUTH=msk-iam needs AWS_REGION, which is not set")]
    NoRegion,
    /// MSK's authentication needs a role.
    #[error("KAFKA_AUTH=msk-iam needs AWS credentials, and none are configured: give the function a role")]
    NoCredentials,
}

impl Config {
    /// Everything that a run needs.
    ///
    /// # Errors
    /// When a part cannot be built as configured.
    pub fn publisher(
        &self,
        aws: &SdkConfig,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Result<ProfilePublisher, WiringError> {
        let secrets = aws_sdk_secretsmanager::Client::new(aws);
        let kafka = kafka_config(&self.kafka, aws, &secrets)?;
        let send_timeout = kafka.send_timeout();
        let token = match &self.api_token {
            ApiToken::Plain(token) => Token::fixed(token.clone()),
            ApiToken::Secret(arn) => Token::secret(secrets, arn),
        };
        let api = ApiSettings { url: self.api_url.clone(), page_size: self.page_size, timeout: self.api_timeout };
        let lease = api.page_timeout() + send_timeout + RESERVE + self.lease_skew;
        let version = self.schema_version.map_or(Version::Latest, Version::Number);
        let registry = self.registry.confluent()?;
        let subjects: Arc<dyn Subjects> = match self.auto_register_schemas {
            false => Arc::new(registry),
            true => {
                let schema = NewSchema { schema: profile::SCHEMA.to_owned(), references: Vec::new() };
                tracing::warn!("AUTO_REGISTER_SCHEMAS is on, which is for development only");
                Arc::new(RegisteringSubjects::new(registry, schema))
            }
        };
        let (topic, source) = (self.topic.clone(), self.event_source.clone());
        Ok(ProfilePublisher {
            cursors: Cursors::new(aws_sdk_dynamodb::Client::new(aws), &self.cursor_table, lease),
            api: ProfileApi::new(api, token)?,
            events: Publisher::new(
                topic.clone(),
                source.clone(),
                subjects,
                version,
                Arc::new(KafkaProducer::new(kafka)),
            ),
            dead_letters,
            topic,
            source,
            send_timeout,
        })
    }
}

fn kafka_config(
    kafka: &Kafka,
    aws: &SdkConfig,
    secrets: &aws_sdk_secretsmanager::Client,
) -> Result<KafkaConfig, WiringError> {
    Ok(KafkaConfig {
        bootstrap_servers: kafka.bootstrap_servers.clone(),
        client_id: env!("CARGO_PKG_NAME").to_owned(),
        security: security(kafka, aws, secrets)?,
        ca_certificates: kafka.ca_file.as_deref().map(certificates).transpose()?,
        delivery_timeout: kafka.delivery_timeout,
    })
}

fn certificates(path: &Path) -> Result<CaCertificates, WiringError> {
    let pem =
        std::fs::read(path).map_err(|source| WiringError::CertificatesUnread { path: path.to_owned(), source })?;
    if !pem.windows(CERTIFICATE.len()).any(|found| found == CERTIFICATE) {
        return Err(WiringError::NoCertificates { path: path.to_owned() });
    }
    Ok(CaCertificates { origin: format!("KAFKA_CA_FILE ({})", path.display()), pem })
}

fn security(kafka: &Kafka, aws: &SdkConfig, secrets: &aws_sdk_secretsmanager::Client) -> Result<Security, WiringError> {
    let mechanism = match kafka.auth {
        KafkaAuth::Plaintext => return Ok(Security::Plaintext),
        KafkaAuth::Tls => return Ok(Security::Tls),
        KafkaAuth::MskIam => {
            let region = aws.region().ok_or(WiringError::NoRegion)?.to_string();
            let credentials = aws.credentials_provider().ok_or(WiringError::NoCredentials)?;
            return Ok(Security::MskIam { region, credentials });
        }
        KafkaAuth::ScramSha256 => ScramMechanism::Sha256,
        KafkaAuth::ScramSha512 => ScramMechanism::Sha512,
    };
    let arn = kafka.secret_arn.as_deref().unwrap_or_default();
    Ok(Security::Scram { mechanism, logins: Arc::new(SecretLogin::new(secrets.clone(), arn)) })
}
