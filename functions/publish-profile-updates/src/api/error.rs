//! Errors of the API.

use event_runtime::{Disposition, Failure};

use crate::secret::SecretError;

/// Why the API gave no page. Nothing of an answer's body is kept: it may hold personal data.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection.
    #[error("the profile API cannot be reached: check PROFILE_API_URL and the route out of the function's network")]
    Unreachable(#[source] reqwest::Error),
    /// No answer in time, or a broken connection.
    #[error("the profile API did not answer within PROFILE_API_TIMEOUT_MS")]
    NoAnswer(#[source] reqwest::Error),
    /// A status of 500 and above.
    #[error("the profile API is failing: HTTP {0}")]
    Failing(u16),
    /// The token is not accepted, even after the secret was read again.
    #[error("the profile API refuses the token: HTTP {0}; check the secret and what it may read")]
    Denied(u16),
    /// The cursor is not accepted.
    #[error("the profile API no longer knows the cursor: HTTP 410; the README says how to start from the beginning")]
    CursorGone,
    /// Any other status.
    #[error("the profile API refuses the request: HTTP {0}; check PROFILE_API_URL and the version of the API")]
    Refused(u16),
    /// The answer cannot be read as a page.
    #[error(
        "the profile API's answer cannot be read as a page (line {line}, column {column}); check the version of the API"
    )]
    Unreadable {
        /// In the answer, from 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The answer is too large.
    #[error("the profile API's answer is larger than {0} bytes; ask for smaller pages (PROFILE_PAGE_SIZE)")]
    TooLarge(usize),
    /// The next page would be the same one.
    #[error(
        "the profile API has more changes and gives the same cursor again: the feed cannot move on; report it to the API's owner"
    )]
    Stuck,
    /// The token cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl ApiError {
    /// Whether a retry may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            ApiError::Unreachable(_) | ApiError::NoAnswer(_) | ApiError::Failing(_) => true,
            ApiError::Denied(_)
            | ApiError::CursorGone
            | ApiError::Refused(_)
            | ApiError::Unreadable { .. }
            | ApiError::TooLarge(_)
            | ApiError::Stuck
            | ApiError::Secret(_) => false,
        }
    }
}

impl Failure for ApiError {
    /// A request changes nothing, so it can always be repeated.
    fn disposition(&self) -> Disposition {
        Disposition::Retry { after: None }
    }

    fn code(&self) -> &'static str {
        match self {
            ApiError::Unreachable(_) => "profile_api_unreachable",
            ApiError::NoAnswer(_) => "profile_api_no_answer",
            ApiError::Failing(_) => "profile_api_failing",
            ApiError::Denied(_) => "profile_api_denied",
            ApiError::CursorGone => "profile_api_cursor_gone",
            ApiError::Refused(_) => "profile_api_refused",
            ApiError::Unreadable { .. } => "profile_api_unreadable",
            ApiError::TooLarge(_) => "profile_api_too_large",
            ApiError::Stuck => "profile_api_stuck",
            ApiError::Secret(error) => error.code(),
        }
    }
}
