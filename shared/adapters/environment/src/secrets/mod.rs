//! Secret values: given as text, or kept in AWS Secrets Manager and fetched.

mod arn;
mod error;
mod secret;
mod stored;

pub use arn::SecretArn;
pub use error::{FetchError, SecretError, SecretsError};
pub use secret::Secret;
pub use stored::{SecretSource, Secrets};

pub(crate) use arn::Address;
