//! A secret value, as the one who sends it has it.

use std::fmt;
use std::sync::Arc;

use super::arn::{Address, SecretArn};
use super::error::SecretError;
use super::stored::{Lines, Part, Secrets, Stored};

/// A value that is shown neither by `Debug` nor in a problem. Clones share it.
///
/// Its text stands in the environment, or in AWS Secrets Manager. There it may be replaced while the process runs, so it is
/// asked for each time that it is sent, and a caller that is refused says so:
///
/// ```
/// use environment::{Secret, SecretError};
///
/// async fn sign_in(password: &Secret) -> Result<bool, SecretError> {
///     let text = password.expose();
///     Ok(accepted(&text) || (password.refused(&text).await? && accepted(&password.expose())))
/// }
/// # fn accepted(text: &str) -> bool { text == "hunter2" }
/// ```
#[derive(Clone)]
pub struct Secret(Origin);

#[derive(Clone)]
enum Origin {
    Text(Arc<str>),
    Stored { stored: Arc<Stored>, part: Part },
}

impl Secret {
    /// A secret of this text, which stays as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Secret(Origin::Text(text.into()))
    }

    /// One line of text.
    pub(crate) fn stored(secrets: &Secrets, address: Address) -> Self {
        let (stored, part) = secrets.at(address, Lines::One);
        Secret(Origin::Stored { stored, part })
    }

    /// Any text, such as JSON.
    pub(crate) fn stored_text(secrets: &Secrets, address: Address) -> Self {
        let (stored, part) = secrets.at(address, Lines::Any);
        Secret(Origin::Stored { stored, part })
    }

    /// The current value, for the one place that sends it. A stored secret is empty until [`Secrets::fill`] has fetched it.
    pub fn expose(&self) -> Arc<str> {
        match &self.0 {
            Origin::Text(text) => Arc::clone(text),
            Origin::Stored { stored, part } => stored.value(part).unwrap_or_else(|| "".into()),
        }
    }

    /// The other side refused this value. Returns whether there is another one now, with which one more try makes sense.
    ///
    /// A stored secret is fetched again: by one request for all that wait, and not more often than every 30 seconds, or
    /// every second while its source does not answer. A request that is given up before its answer does not count.
    ///
    /// # Errors
    /// When the secret cannot be read again; the value stays as it was. Until the next request all get this error.
    pub async fn refused(&self, value: &str) -> Result<bool, SecretError> {
        match &self.0 {
            Origin::Text(_) => Ok(false),
            Origin::Stored { stored, part } => stored.refused(part, value).await,
        }
    }

    /// Where it is stored, if it is.
    pub fn arn(&self) -> Option<&SecretArn> {
        match &self.0 {
            Origin::Text(_) => None,
            Origin::Stored { stored, .. } => Some(stored.arn()),
        }
    }
}

/// Whether they have the same value now.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
