//! Where a secret is kept.

use std::fmt;

/// The ARN of a secret in AWS Secrets Manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretArn {
    text: String,
    region: String,
}

impl SecretArn {
    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its region: letters, digits and hyphens.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether `text` has the form of such an ARN.
    fn parse(text: &str) -> Option<Self> {
        const LONGEST: usize = 2_048;
        let mut parts = text.splitn(7, ':');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (arn, partition, service) = (part()?, part()?, part()?);
        let (region, account, kind, name) = (part()?, part()?, part()?, part()?);
        let hyphenated = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let fits = (arn, service, kind) == ("arn", "secretsmanager", "secret")
            && hyphenated(partition)
            && hyphenated(region)
            && account.bytes().all(|b| b.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-".contains(&b))
            && text.len() <= LONGEST;
        fits.then(|| SecretArn { text: text.to_owned(), region: region.to_owned() })
    }
}

impl fmt::Display for SecretArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A secret, or one key of a secret whose text is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) arn: SecretArn,
    pub(crate) key: Option<String>,
}

impl Address {
    pub(crate) const EXPECTED: &'static str =
        "ARN of a secret in AWS Secrets Manager, with `#key` for one key of a JSON secret";
    pub(crate) const EXAMPLE: &'static str =
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf#password";

    /// The complaint never repeats the text: it may be the secret itself.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (arn, key) = match text.split_once('#') {
            Some((_, key)) if key.is_empty() || key.contains(char::is_control) => {
                return Err("has no key after its #".to_owned());
            }
            Some((arn, key)) => (arn, Some(key.to_owned())),
            None => (text, None),
        };
        let arn = SecretArn::parse(arn).ok_or("is not the ARN of a secret in AWS Secrets Manager")?;
        Ok(Address { arn, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_its_region_and_its_key() {
        let address = Address::parse(Address::EXAMPLE).unwrap();
        assert_eq!((address.arn.region(), address.key.as_deref()), ("eu-central-1", Some("password")));
        assert!(!address.arn.as_str().contains('#'));
        let whole = Address::parse("arn:aws-cn:secretsmanager:cn-north-1:1:secret:a/b_c+d=e.f@g-h").unwrap();
        assert_eq!((whole.arn.region(), whole.key), ("cn-north-1", None));
    }

    #[test]
    fn anything_else_is_refused_and_not_repeated() {
        for text in [
            "hunter2",
            "arn:aws:ssm:eu-central-1:1:parameter/hunter2",
            "arn:aws:secretsmanager:eu-central-1:1:secret:",
            "arn:aws:secretsmanager::1:secret:hunter2",
            "arn:aws:secretsmanager:evil.example.com/:1:secret:hunter2",
            "arn:aws:secretsmanager:eu-central-1:1:secret:hunter2 x",
            "arn:aws:secretsmanager:eu-central-1:1:secret:hunter2#",
        ] {
            let wrong = Address::parse(text).unwrap_err();
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
    }
}
