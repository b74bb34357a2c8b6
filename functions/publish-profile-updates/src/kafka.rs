//! How the cluster is reached: the variables, and the producer's settings.

use std::sync::Arc;
use std::time::Duration;

use event_functions::{Aws, Config, Kind, Secret, TopicName, parsed};
use kafka_producer::{CaCertificates, KafkaConfig, ScramMechanism, Security};

use crate::kafka_login::SecretLogin;

/// How a certificate begins in PEM (RFC 7468).
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
const ON_CLUSTER: &[&str] = &["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"];
const ON_TOPIC: &[&str] = &["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"];

#[derive(Debug, Clone, Config)]
pub(crate) struct Kafka {
    /// Bootstrap servers of the cluster, `host:port` with commas between.
    #[env("KAFKA_BOOTSTRAP_SERVERS", example = "b-1.example.com:9098,b-2.example.com:9098")]
    bootstrap_servers: String,
    /// How the function signs in to Kafka; all but `plaintext` over TLS.
    #[env("KAFKA_AUTH", kind = auth(), default = "msk-iam")]
    pub(crate) auth: KafkaAuth,
    /// Secret in Secrets Manager with `username` and `password`, as MSK keeps them.
    #[env(
        "KAFKA_SECRET_ARN",
        kind = stored_secret(),
        example = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_profiles-AbCdEf",
        required_when(matches!(auth, KafkaAuth::Scram(_)), "KAFKA_AUTH is scram-…")
    )]
    pub(crate) login: Option<Secret>,
    /// PEM file with the certificates to trust in place of the public ones.
    #[env("KAFKA_CA_FILE", kind = certificates())]
    ca_certificates: Option<CaCertificates>,
    /// How long a record may take to Kafka's acknowledgement, retries included.
    #[env("KAFKA_DELIVERY_TIMEOUT_MS", kind = milliseconds(3_000..=120_000), default = "15000")]
    delivery_timeout: Duration,
}

/// How the function signs in to Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KafkaAuth {
    /// By the role, over TLS.
    MskIam,
    /// By user and password, over TLS.
    Scram(ScramMechanism),
    /// Not at all, over TLS.
    Tls,
    /// Not at all, without TLS.
    Plaintext,
}

fn auth() -> Kind<KafkaAuth> {
    event_functions::environment::one_of([
        ("msk-iam", KafkaAuth::MskIam),
        ("scram-sha-512", KafkaAuth::Scram(ScramMechanism::Sha512)),
        ("scram-sha-256", KafkaAuth::Scram(ScramMechanism::Sha256)),
        ("tls", KafkaAuth::Tls),
        ("plaintext", KafkaAuth::Plaintext),
    ])
}

/// A file that is read with the variables, so that a bad one is a problem of its variable.
fn certificates() -> Kind<CaCertificates> {
    let none = || CaCertificates { origin: String::new(), pem: Vec::new() };
    parsed("PEM file of certificates", "/opt/kafka-ca.pem", none, |path| {
        let pem =
            std::fs::read(path).map_err(|error| format!("names the file {path}, which cannot be read: {error}"))?;
        if !pem.windows(CERTIFICATE.len()).any(|found| found == CERTIFICATE) {
            return Err(format!(
                "names the file {path}, which holds no certificate: it has to be PEM (BEGIN CERTIFICATE)"
            ));
        }
        Ok(CaCertificates { origin: format!("KAFKA_CA_FILE ({path})"), pem })
    })
}

/// The function cannot sign in as configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CannotSignIn {
    /// MSK's authentication signs for a region.
    #[error("KAFKA_AUTH=msk-iam needs AWS_REGION, which is not set")]
    Region,
    /// MSK's authentication needs a role.
    #[error("KAFKA_AUTH=msk-iam needs AWS credentials, and none are configured: give the function a role")]
    Credentials,
    /// SCRAM needs user and password.
    #[error("this KAFKA_AUTH needs KAFKA_SECRET_ARN, which is not set")]
    Login,
}

impl Kafka {
    /// The producer's settings, for events of this topic.
    pub(crate) fn config(&self, topic: &TopicName, aws: &Aws<()>) -> Result<KafkaConfig, CannotSignIn> {
        Ok(KafkaConfig {
            bootstrap_servers: self.bootstrap_servers.clone(),
            client_id: env!("CARGO_PKG_NAME").to_owned(),
            security: self.security(topic, aws)?,
            ca_certificates: self.ca_certificates.clone(),
            delivery_timeout: self.delivery_timeout,
        })
    }

    fn security(&self, topic: &TopicName, aws: &Aws<()>) -> Result<Security, CannotSignIn> {
        match self.auth {
            KafkaAuth::Plaintext => Ok(Security::Plaintext),
            KafkaAuth::Tls => Ok(Security::Tls),
            KafkaAuth::MskIam => self.by_role(topic, aws),
            KafkaAuth::Scram(mechanism) => {
                let login = self.login.clone().ok_or(CannotSignIn::Login)?;
                Ok(Security::Scram { mechanism, logins: Arc::new(SecretLogin::new(login)) })
            }
        }
    }

    fn by_role(&self, topic: &TopicName, aws: &Aws<()>) -> Result<Security, CannotSignIn> {
        aws.uses(ON_TOPIC, format!("topic/{}", topic.as_str()));
        let (region, credentials) = aws.client(ON_CLUSTER, &self.bootstrap_servers, |sdk| {
            (sdk.region().map(ToString::to_string), sdk.credentials_provider())
        });
        if aws.is_declaring() {
            return Ok(Security::Tls);
        }
        let region = region.ok_or(CannotSignIn::Region)?;
        Ok(Security::MskIam { region, credentials: credentials.ok_or(CannotSignIn::Credentials)? })
    }
}
