//! What the configuration means for each part.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use event_runtime::DeadLetters;
use kafka_producer::{KafkaConfig, KafkaProducer, Producer, Publisher, RecordedLog, ScramMechanism, Security};
use schema_registry::{Auth, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, Version};
use serde::Deserialize;

use crate::api::{ApiSettings, ApiSettingsError, ProfileApi};
use crate::config::{ApiToken, Config, Kafka, KafkaAuth, Sink};
use crate::cursor::Cursors;
use crate::run::{ProfilePublisher, RESERVE};
use crate::secret::{self, SecretError, Token};

/// Partitions of each topic in a recorded log.
const LOCAL_PARTITIONS: u32 = 3;
/// Appending to a file and syncing it.
const LOCAL_SEND: Duration = Duration::from_secs(2);

/// A part cannot be made as configured.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The registry's client.
    #[error(transparent)]
    Registry(#[from] ConfluentConfigError),
    /// The API's client.
    #[error(transparent)]
    Api(#[from] ApiSettingsError),
    /// The certificates.
    #[error("the file of KAFKA_CA_FILE, {}, cannot be read", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Kafka's user and password.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The secret's text has another shape.
    #[error("the secret {0} is not the JSON that MSK keeps: {{\"username\": …, \"password\": …}}")]
    KafkaSecret(String),
    /// MSK's authentication signs for a region.
    #[error("KAFKA_AUTH=msk-iam needs AWS_REGION")]
    NoRegion,
    /// MSK's authentication needs a role.
    #[error("KAFKA_AUTH=msk-iam needs AWS credentials, and there are none")]
    NoCredentials,
}

impl Config {
    /// Everything that a run needs.
    ///
    /// # Errors
    /// When a part cannot be made as configured.
    pub async fn publisher(
        &self,
        aws: &SdkConfig,
        dead_letters: Arc<dyn DeadLetters>,
    ) -> Result<ProfilePublisher, WiringError> {
        let secrets = aws_sdk_secretsmanager::Client::new(aws);
        let (producer, send_timeout) = self.producer(aws, &secrets).await?;
        let token = match &self.api_token {
            ApiToken::Plain(token) => Token::fixed(token.clone()),
            ApiToken::Secret(arn) => Token::secret(secrets, arn),
        };
        let api = ApiSettings { url: self.api_url.clone(), page_size: self.page_size, timeout: self.api_timeout };
        let lease = api.page_timeout() + send_timeout + RESERVE + self.lease_skew;
        let version = self.schema_version.map_or(Version::Latest, Version::Number);
        let registry = Arc::new(self.registry()?);
        let (topic, source) = (self.topic.clone(), self.event_source.clone());
        Ok(ProfilePublisher {
            cursors: Cursors::new(aws_sdk_dynamodb::Client::new(aws), &self.cursor_table, lease),
            api: ProfileApi::new(api, token)?,
            events: Publisher::new(topic.clone(), source.clone(), registry, version, producer),
            dead_letters,
            topic,
            source,
            send_timeout,
        })
    }

    fn registry(&self) -> Result<ConfluentRegistry, ConfluentConfigError> {
        let mut config = ConfluentConfig::new(&self.registry.url);
        if let (Some(user), Some(password)) = (&self.registry.user, &self.registry.password) {
            config.auth = Auth::Basic { user: user.clone(), password: password.expose().to_owned() };
        }
        ConfluentRegistry::new(config)
    }

    /// The producer, and the most that sending may take with it.
    async fn producer(
        &self,
        aws: &SdkConfig,
        secrets: &aws_sdk_secretsmanager::Client,
    ) -> Result<(Arc<dyn Producer>, Duration), WiringError> {
        let kafka = match &self.sink {
            Sink::RecordedLog { path } => {
                return Ok((Arc::new(RecordedLog::new(path, LOCAL_PARTITIONS)), LOCAL_SEND));
            }
            Sink::Kafka(kafka) => kafka,
        };
        let config = KafkaConfig {
            bootstrap_servers: kafka.bootstrap_servers.clone(),
            client_id: env!("CARGO_PKG_NAME").to_owned(),
            security: security(kafka, aws, secrets).await?,
            ca_certificates: kafka.ca_file.as_ref().map(certificates).transpose()?,
            delivery_timeout: kafka.delivery_timeout,
        };
        let send_timeout = config.send_timeout();
        Ok((Arc::new(KafkaProducer::new(config)), send_timeout))
    }
}

fn certificates(path: &PathBuf) -> Result<Vec<u8>, WiringError> {
    std::fs::read(path).map_err(|source| WiringError::Certificates { path: path.clone(), source })
}

async fn security(
    kafka: &Kafka,
    aws: &SdkConfig,
    secrets: &aws_sdk_secretsmanager::Client,
) -> Result<Security, WiringError> {
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
    #[derive(Deserialize)]
    struct Login {
        username: String,
        password: String,
    }
    let arn = kafka.secret_arn.as_deref().unwrap_or_default();
    let text = secret::read(secrets, arn).await?;
    // The error would quote the secret.
    let login: Login = serde_json::from_str(&text).map_err(|_| WiringError::KafkaSecret(arn.to_owned()))?;
    Ok(Security::Scram { mechanism, user: login.username, password: login.password })
}
