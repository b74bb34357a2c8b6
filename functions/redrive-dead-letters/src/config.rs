//! The variables of the function.

use std::time::Duration;

use event_functions::{Config, DeadLetterQueue, Table};

#[derive(Config)]
pub(crate) struct Config {
    /// Where the letters are.
    #[env(flatten)]
    pub(crate) letters: DeadLetterQueue,
    /// DynamoDB table of the claims of the functions whose letters are in the queue. Without it, letters with a claim are
    /// refused.
    #[env("CLAIMS_TABLE", example = "welcome-email-claims")]
    pub(crate) claims: Option<Table>,
    /// How long one invocation may take: at least the timeout of the functions. This function needs that time and 10 s for
    /// each letter, so its own timeout has to be longer.
    #[env("INVOKE_TIMEOUT_MS", default = "60000", kind = milliseconds(1_000..=900_000))]
    pub(crate) invoke_timeout: Duration,
}
