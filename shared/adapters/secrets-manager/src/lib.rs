//! Secrets from AWS Secrets Manager, as the source of `environment`'s stored secrets.
//!
//! It makes one call (`GetSecretValue`), so it does without that service's SDK. It needs the right
//! `secretsmanager:GetSecretValue` for each secret, and `kms:Decrypt` for one that has a key of its own.

mod source;

pub use source::{SecretsManager, SecretsManagerError};
