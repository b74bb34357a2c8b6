//! Who signs in to a cluster, and how.

use std::fmt;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials;
use krafka::auth::{AuthConfig, AwsMskIamCredentials};
use krafka::error::KrafkaError;

use crate::error::ConnectionError;

/// How a cluster is signed in to.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// Not at all, or by the certificate of TLS alone.
    Nobody,
    /// SASL/PLAIN.
    Plain(Login),
    /// SASL/SCRAM-SHA-256.
    ScramSha256(Login),
    /// SASL/SCRAM-SHA-512, which MSK uses.
    ScramSha512(Login),
    /// Amazon MSK's IAM authentication, with the AWS credentials of the environment.
    MskIam {
        /// The cluster's region.
        region: String,
    },
}

/// A user and its password. `Debug` shows neither.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// Credentials are asked for at each new connection, so those that expire are replaced.
pub(crate) async fn msk_iam(region: &str) -> Result<AuthConfig, ConnectionError> {
    let loader = aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.to_owned()));
    let credentials = loader.load().await.credentials_provider().ok_or(ConnectionError::NoCredentials(None))?;
    // Without any, the client would try again until its time is up.
    credentials.provide_credentials().await.map_err(|error| ConnectionError::NoCredentials(Some(error)))?;
    let region = region.to_owned();
    Ok(AuthConfig::aws_msk_iam_provider(move || {
        let (region, credentials) = (region.clone(), credentials.clone());
        async move {
            let missing = |error| KrafkaError::auth_with_source("no AWS credentials to sign in with", error);
            let provided = credentials.provide_credentials().await.map_err(missing)?;
            let signed = AwsMskIamCredentials::new(provided.access_key_id(), provided.secret_access_key(), region);
            Ok(match provided.session_token() {
                Some(token) => signed.with_session_token(token),
                None => signed,
            })
        }
    }))
}
