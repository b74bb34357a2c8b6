//! Errors of the API.

use event_functions::{Failure, SecretError};

/// Why the API gave no page. Nothing of an answer's body is kept: it may hold personal data.
///
/// A request changes nothing, so it can always be repeated.
#[derive(Debug, Failure)]
#[failure(retry)]
pub(crate) enum ApiError {
    /// The API is down or slow.
    #[failure(
        "the profile API cannot be reached: check PROFILE_API_URL and the route out of the function's network",
        code = "profile_api_unreachable",
        remedy = "Wait; check the network's route out."
    )]
    Unreachable(#[source] reqwest::Error),
    /// The API is down or slow.
    #[failure(
        "the profile API did not answer within PROFILE_API_TIMEOUT_MS",
        code = "profile_api_no_answer",
        remedy = "Wait; check the network's route out."
    )]
    NoAnswer(#[source] reqwest::Error),
    /// The API is down or slow.
    #[failure(
        "the profile API is failing: HTTP {0}",
        code = "profile_api_failing",
        remedy = "Wait; check the network's route out."
    )]
    Failing(u16),
    /// The token is not accepted, even after its secret was read again.
    #[failure(
        "the profile API refuses the token: HTTP {0}; check the secret and what it may read",
        code = "profile_api_denied",
        remedy = "Check the secret."
    )]
    Denied(u16),
    /// The API no longer knows the cursor (410).
    #[failure(
        "the profile API no longer knows the cursor: HTTP 410; the README says how to start from the beginning",
        code = "profile_api_cursor_gone",
        remedy = "Delete the attributes `cursor` and `page_done` of the item: the feed is published from its beginning, and consumers recognise what they have."
    )]
    CursorGone,
    /// The API does not behave as described above.
    #[failure(
        "the profile API refuses the request: HTTP {0}; check PROFILE_API_URL and the version of the API",
        code = "profile_api_refused",
        remedy = "Check its address and version."
    )]
    Refused(u16),
    /// The API does not behave as described above.
    #[failure(
        "the profile API's answer cannot be read as a page (line {line}, column {column}); check the version of the API",
        code = "profile_api_unreadable",
        remedy = "Check its address and version."
    )]
    Unreadable {
        /// In the answer, from 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The API's answer is too large.
    #[failure(
        "the profile API's answer is larger than {0} bytes; ask for smaller pages (PROFILE_PAGE_SIZE)",
        code = "profile_api_too_large",
        remedy = "Set a smaller `PROFILE_PAGE_SIZE`."
    )]
    TooLarge(usize),
    /// The API does not behave as described above.
    #[failure(
        "the profile API has more changes and gives the same cursor again: the feed cannot move on; report it to the API's owner",
        code = "profile_api_stuck",
        remedy = "Check its address and version."
    )]
    Stuck,
    /// The token was refused, and its secret cannot be read again.
    #[failure(
        "the profile API refuses the token, and its secret cannot be read again",
        code = _0.code(),
        codes = [
            "secret_denied",
            "secret_not_found",
            "secret_without_text",
            "secret_unavailable",
            "secret_key_missing",
            "secret_unusable",
            "secret_credentials_missing",
            "secret_endpoint_unusable"
        ],
        remedy = "As the message says: allow `secretsmanager:GetSecretValue`, or store it as text."
    )]
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
