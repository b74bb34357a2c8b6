//! Why a secret cannot be read. Nothing here contains any part of a secret.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::arn::SecretArn;

/// Why a [`SecretSource`](crate::SecretSource) gives no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchError {
    /// The role may not read the secret, or not decrypt it.
    Denied,
    /// It does not exist, or it is being deleted.
    NotFound,
    /// It is binary.
    NoText,
    /// There are no AWS credentials to ask with.
    NoCredentials,
    /// The source's endpoint is not an address.
    NoEndpoint,
    /// The source does not answer, or has failed; a later try may succeed.
    Unavailable,
}

/// A secret cannot be read.
#[derive(Debug, Clone)]
pub struct SecretError {
    arn: SecretArn,
    problem: SecretProblem,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretProblem {
    Fetch(FetchError),
    /// Its text is not a JSON object with this key.
    KeyMissing(String),
    /// It is empty.
    Empty,
    /// It contains a line break or another control character.
    ControlCharacter,
    /// Nobody has said where secrets come from.
    NoSource,
}

impl SecretError {
    pub(super) fn new(arn: &SecretArn, problem: SecretProblem) -> Self {
        SecretError { arn: arn.clone(), problem, cause: None }
    }

    /// What a source reports. The cause must not contain any part of a secret.
    pub fn fetch(arn: &SecretArn, problem: FetchError, cause: impl Error + Send + Sync + 'static) -> Self {
        SecretError { arn: arn.clone(), problem: SecretProblem::Fetch(problem), cause: Some(Arc::new(cause)) }
    }

    /// A word for logs and metrics.
    pub fn code(&self) -> &'static str {
        match &self.problem {
            SecretProblem::Fetch(FetchError::Denied) => "secret_denied",
            SecretProblem::Fetch(FetchError::NotFound) => "secret_not_found",
            SecretProblem::Fetch(FetchError::NoCredentials) => "secret_credentials_missing",
            SecretProblem::Fetch(FetchError::NoEndpoint) => "secret_endpoint_unusable",
            SecretProblem::Fetch(FetchError::NoText) | SecretProblem::Empty => "secret_without_text",
            SecretProblem::Fetch(FetchError::Unavailable) | SecretProblem::NoSource => "secret_unavailable",
            SecretProblem::KeyMissing(_) => "secret_key_missing",
            SecretProblem::ControlCharacter => "secret_unusable",
        }
    }

    /// Whether a later try may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        self.problem == SecretProblem::Fetch(FetchError::Unavailable)
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret {} ", self.arn)?;
        match &self.problem {
            SecretProblem::Fetch(FetchError::Denied) => f.write_str(
                "may not be read: allow `secretsmanager:GetSecretValue`, and `kms:Decrypt` if it has a key of its own",
            ),
            SecretProblem::Fetch(FetchError::NotFound) => f.write_str("does not exist: check the ARN and its region"),
            SecretProblem::Fetch(FetchError::NoText) => f.write_str("is binary: store it as text"),
            SecretProblem::Fetch(FetchError::NoCredentials) => f.write_str(
                "was not asked for, because there are no AWS credentials: give the function a role; outside of Lambda set \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
            ),
            SecretProblem::Fetch(FetchError::NoEndpoint) => f.write_str(
                "was not asked for, because the endpoint of AWS Secrets Manager is not an address: correct or remove \
                 AWS_ENDPOINT_URL_SECRETS_MANAGER and AWS_ENDPOINT_URL",
            ),
            SecretProblem::Fetch(FetchError::Unavailable) => {
                f.write_str("cannot be read now: check the route to AWS Secrets Manager if this lasts")
            }
            SecretProblem::KeyMissing(key) => {
                write!(f, "has no key `{key}`: its text must be a JSON object with that key and a text as its value")
            }
            SecretProblem::Empty => f.write_str("is empty: store its text"),
            SecretProblem::ControlCharacter => {
                f.write_str("contains a line break or another control character: store it on one line, or name its key")
            }
            SecretProblem::NoSource => f.write_str("was not read when the process started"),
        }
    }
}

impl Error for SecretError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as &(dyn Error + 'static))
    }
}

/// All secrets that cannot be read, at least one.
#[derive(Debug, Clone)]
pub struct SecretsError(pub(super) Vec<SecretError>);

impl SecretsError {
    /// One error for each.
    pub fn iter(&self) -> impl Iterator<Item = &SecretError> {
        self.0.iter()
    }
}

impl fmt::Display for SecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{error}")?;
        }
        Ok(())
    }
}

impl Error for SecretsError {
    /// The cause of the first.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.first().and_then(Error::source)
    }
}
