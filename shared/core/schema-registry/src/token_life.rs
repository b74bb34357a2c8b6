//! How long a token lives, in every spelling of the field.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// What is assumed where the endpoint does not tell: RFC 6749 leaves that open. One that the registry refuses earlier is
/// fetched anew.
pub(crate) const UNTOLD_LIFE: Duration = Duration::from_secs(300);
/// A token is fetched anew at least once a day, also where it is said to live for ever.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The answer of a token endpoint.
#[derive(Deserialize)]
pub(crate) struct Granted {
    #[cfg_attr(not(feature = "confluent"), expect(dead_code, reason = "sent by that client alone"))]
    pub(crate) access_token: String,
    #[serde(default)]
    expires_in: Value,
}

impl Granted {
    /// The life that the endpoint tells: whole or broken seconds, as a number or (against the RFC, and widely) as text.
    /// Below zero, left out or in words nobody knows, and the usual one is assumed.
    pub(crate) fn life(&self) -> Duration {
        let seconds = match &self.expires_in {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match seconds.filter(|seconds: &f64| *seconds >= 0.0) {
            // Also one that is without end, or too large for a duration.
            Some(seconds) => Duration::try_from_secs_f64(seconds).map_or(LONGEST_LIFE, |life| life.min(LONGEST_LIFE)),
            None => UNTOLD_LIFE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_read_in_every_spelling_and_never_too_long() {
        let life = |written: &str| {
            let body = format!(r#"{{"access_token":"t"{written}}}"#);
            serde_json::from_str::<Granted>(&body).unwrap().life().as_secs_f64()
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
            assert!((life(written) - seconds).abs() < 1e-9, "{written}: {}", life(written));
        }
    }
}
