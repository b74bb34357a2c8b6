//! Options with which no connection is made.

use std::io;
use std::path::PathBuf;

use aws_credential_types::provider::error::CredentialsError;

/// Options with which no connection is made. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// A file of certificates or a key cannot be read.
    #[error("{option} {} cannot be read: {source}", path.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A login would be sent in clear text.
    #[error("SASL without TLS would show the login to the network on the way to {servers}. Give --tls")]
    Unprotected {
        /// The bootstrap servers.
        servers: String,
    },
    /// MSK IAM without credentials.
    #[error("there are no AWS credentials to sign in with; sign in to AWS, or name a profile by AWS_PROFILE")]
    NoCredentials(#[source] Option<CredentialsError>),
}
