//! The lifetime of an access token, by the answer of its OAuth token endpoint.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// Assumed where the endpoint names no lifetime, which RFC 6749 allows. If the registry refuses the token earlier, a new
/// one is fetched.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// A token is replaced at least once a day, even if its lifetime is unlimited.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the token in a token endpoint's answer is used; `None` if the answer is not one.
pub fn token_lifetime(answer: &[u8]) -> Option<Duration> {
    serde_json::from_slice::<TokenResponse>(answer).ok().map(|response| response.lifetime())
}

/// The answer of a token endpoint.
#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    #[cfg_attr(not(feature = "clients"), expect(dead_code, reason = "only the clients send it"))]
    pub(crate) access_token: String,
    #[serde(default)]
    expires_in: Value,
}

impl TokenResponse {
    /// Reads `expires_in`: seconds, whole or fractional, as a number or as text, which the RFC forbids and many endpoints
    /// send. The default holds if it is missing, negative or anything else.
    pub(crate) fn lifetime(&self) -> Duration {
        let seconds = match &self.expires_in {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match seconds.filter(|seconds: &f64| *seconds >= 0.0) {
            // Infinite ones and those too large for a `Duration` are cut as well.
            Some(seconds) => Duration::try_from_secs_f64(seconds).map_or(MAX_LIFETIME, |life| life.min(MAX_LIFETIME)),
            None => DEFAULT_LIFETIME,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_read_in_every_spelling_and_cut_to_a_day() {
        let lifetime = |written: &str| {
            let body = format!(r#"{{"access_token":"t"{written}}}"#);
            serde_json::from_str::<TokenResponse>(&body).unwrap().lifetime().as_secs_f64()
        };
        for (written, seconds) in [
            ("", 300.0),
            (r#","expires_in":null"#, 300.0),
            (r#","expires_in":3599"#, 3599.0),
            (r#","expires_in":"3599""#, 3599.0),
            (r#","expires_in":" 3599.5 ""#, 3599.5),
            (r#","expires_in":3599.0"#, 3599.0),
            (r#","expires_in":3.6e3"#, 3600.0),
            (r#","expires_in":0"#, 0.0),
            (r#","expires_in":"0""#, 0.0),
            (r#","expires_in":-1"#, 300.0),
            (r#","expires_in":"-1""#, 300.0),
            (r#","expires_in":9223372036854775807"#, 86_400.0),
            (r#","expires_in":18446744073709551615"#, 86_400.0),
            (r#","expires_in":99999999999999999999999999"#, 86_400.0),
            (r#","expires_in":1e308"#, 86_400.0),
            (r#","expires_in":"1e999""#, 86_400.0),
            (r#","expires_in":"infinity""#, 86_400.0),
            (r#","expires_in":"NaN""#, 300.0),
            (r#","expires_in":"soon""#, 300.0),
            (r#","expires_in":true"#, 300.0),
            (r#","expires_in":{"seconds":1}"#, 300.0),
        ] {
            assert!((lifetime(written) - seconds).abs() < 1e-9, "{written}: {}", lifetime(written));
        }
    }
}
