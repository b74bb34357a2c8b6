//! The settings of a connection to a cluster.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use krafka::auth::{AuthConfig, AwsMskIamCredentials, TlsConfig};
use krafka::error::KrafkaError;

use super::login::{LoginError, Logins};

/// How to connect to a cluster.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// `host:port`, with commas between several.
    pub bootstrap_servers: String,
    /// The client's name in the broker's logs and quotas.
    pub client_id: String,
    /// Transport and credentials.
    pub security: Security,
    /// Certificates to trust in place of the public ones; `None` for a cluster with a public certificate, such as MSK.
    pub ca_certificates: Option<CaCertificates>,
    /// The most that a record may take from being handed to the client to its acknowledgement, including retries. At
    /// least 3 s. Connecting comes before that and may take a third of it.
    pub delivery_timeout: Duration,
}

/// Certificates to trust.
#[derive(Debug, Clone)]
pub struct CaCertificates {
    /// Where they come from, such as a file and the variable that names it. Errors contain it.
    pub origin: String,
    /// One or several, in PEM.
    pub pem: Vec<u8>,
}

/// Transport and credentials. Secrets never show in `Debug`.
#[derive(Clone)]
pub enum Security {
    /// Neither encrypted nor authenticated.
    Plaintext,
    /// Encrypted by TLS, not authenticated.
    Tls,
    /// SASL/SCRAM over TLS.
    Scram {
        /// Which hash.
        mechanism: ScramMechanism,
        /// User and password.
        logins: Arc<dyn Logins>,
    },
    /// SASL/SCRAM without TLS, for a broker on the same machine.
    ScramPlaintext {
        /// Which hash.
        mechanism: ScramMechanism,
        /// User and password.
        logins: Arc<dyn Logins>,
    },
    /// Amazon MSK's IAM authentication over TLS, with the credentials of the function's role.
    MskIam {
        /// The cluster's region.
        region: String,
        /// Asked for each new connection, so that credentials may rotate.
        credentials: SharedCredentialsProvider,
    },
}

/// The hash of SASL/SCRAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScramMechanism {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512, which MSK uses.
    Sha512,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Security::Plaintext => "Plaintext",
            Security::Tls => "Tls",
            Security::Scram { .. } => "Scram(…)",
            Security::ScramPlaintext { .. } => "ScramPlaintext(…)",
            Security::MskIam { .. } => "MskIam(…)",
        })
    }
}

/// The credentials of the function's role cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the AWS credentials for MSK cannot be read: check the function's role")]
pub(super) struct NoCredentials(#[source] aws_credential_types::provider::error::CredentialsError);

impl KafkaConfig {
    /// A third of the delivery timeout, so that a request without an answer can be repeated twice.
    pub(super) fn request_timeout(&self) -> Duration {
        self.delivery_timeout / 3
    }

    /// The most that connecting may take.
    pub(super) fn connect_timeout(&self) -> Duration {
        self.delivery_timeout / 3
    }

    /// The most that [`send`](crate::Producer::send) may take: connecting, looking the topic up, delivering.
    pub fn send_timeout(&self) -> Duration {
        self.connect_timeout() + self.request_timeout() + self.delivery_timeout
    }

    /// How a new client signs in.
    pub(super) async fn auth(&self) -> Result<Option<AuthConfig>, LoginError> {
        Ok(match &self.security {
            Security::Plaintext => None,
            Security::Tls => Some(AuthConfig::ssl(self.tls())),
            Security::Scram { mechanism, logins } => Some(scram(*mechanism, &**logins).await?.with_tls(self.tls())),
            Security::ScramPlaintext { mechanism, logins } => Some(scram(*mechanism, &**logins).await?),
            Security::MskIam { region, credentials } => {
                Some(msk_iam(region.clone(), credentials.clone()).with_tls(self.tls()))
            }
        })
    }

    /// What the broker's certificate is checked against, for errors.
    pub(super) fn trusted(&self) -> String {
        match &self.ca_certificates {
            Some(certificates) => format!("the certificates of {}", certificates.origin),
            None => "the public certificate authorities".to_owned(),
        }
    }

    fn tls(&self) -> TlsConfig {
        match &self.ca_certificates {
            Some(certificates) => TlsConfig::new().with_ca_cert_pem(certificates.pem.clone()),
            None => TlsConfig::new(),
        }
    }
}

async fn scram(mechanism: ScramMechanism, logins: &dyn Logins) -> Result<AuthConfig, LoginError> {
    let login = logins.login().await?;
    Ok(match mechanism {
        ScramMechanism::Sha256 => AuthConfig::sasl_scram_sha256(login.user, login.password),
        ScramMechanism::Sha512 => AuthConfig::sasl_scram_sha512(login.user, login.password),
    })
}

fn msk_iam(region: String, credentials: SharedCredentialsProvider) -> AuthConfig {
    AuthConfig::aws_msk_iam_provider(move || {
        let (region, credentials) = (region.clone(), credentials.clone());
        async move {
            let provided = credentials.provide_credentials().await;
            let provided = provided.map_err(|error| {
                KrafkaError::auth_with_source("no AWS credentials to sign in with", NoCredentials(error))
            })?;
            let signed = AwsMskIamCredentials::new(provided.access_key_id(), provided.secret_access_key(), region);
            Ok(match provided.session_token() {
                Some(token) => signed.with_session_token(token),
                None => signed,
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use futures_util::FutureExt;
    use krafka::auth::SaslMechanism;

    use super::*;
    use crate::kafka::login::Login;

    fn config(security: Security) -> KafkaConfig {
        KafkaConfig {
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            client_id: "test".to_owned(),
            security,
            ca_certificates: None,
            delivery_timeout: Duration::from_secs(15),
        }
    }

    fn scram(mechanism: ScramMechanism) -> Security {
        let logins = Arc::new(Login { user: "u".to_owned(), password: "hunter2".to_owned() });
        Security::Scram { mechanism, logins }
    }

    #[test]
    fn each_setting_signs_in_its_own_way() {
        let auth = |security| config(security).auth().now_or_never().unwrap().unwrap().unwrap();
        assert!(config(Security::Plaintext).auth().now_or_never().unwrap().unwrap().is_none());
        assert!(auth(Security::Tls).requires_tls());
        assert_eq!(auth(scram(ScramMechanism::Sha256)).sasl_mechanism(), Some(&SaslMechanism::ScramSha256));
        assert_eq!(auth(scram(ScramMechanism::Sha512)).sasl_mechanism(), Some(&SaslMechanism::ScramSha512));
        assert!(auth(scram(ScramMechanism::Sha512)).requires_tls());
        let credentials = SharedCredentialsProvider::new(Credentials::new("AKID", "secret", None, None, "test"));
        let iam = auth(Security::MskIam { region: "eu-central-1".to_owned(), credentials });
        assert_eq!(iam.sasl_mechanism(), Some(&SaslMechanism::AwsMskIam));
        assert!(iam.requires_tls());
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert!(!format!("{:?}", config(scram(ScramMechanism::Sha512))).contains("hunter2"));
        assert!(!format!("{:?}", Login { user: "u".to_owned(), password: "hunter2".to_owned() }).contains("hunter2"));
    }
}
