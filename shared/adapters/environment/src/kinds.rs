//! The kinds there are.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use topic_names::{KafkaTopic, TopicName};

use crate::kind::{Kind, Storage, parsed};
use crate::secrets::{Address, Secret};
use crate::variable::Resource;

/// Any text on one line, without the spaces around it.
pub fn text() -> Kind<String> {
    parsed("single-line text", "some-name", String::new, |value| match value.contains(char::is_control) {
        true => Err("contains a control character or a line break".to_owned()),
        false => Ok(value.to_owned()),
    })
    .standing_for(reference)
}

/// A variable as a template would refer to it.
pub(crate) fn reference(variable: &'static str) -> String {
    format!("${{{variable}}}")
}

/// One of a few words, in exactly that spelling.
pub fn one_of<T: Clone + 'static, const N: usize>(choices: [(&'static str, T); N]) -> Kind<T> {
    const { assert!(N > 0, "a choice needs something to choose from") };
    let words = choices.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    let (example, first) = choices[0].clone();
    parsed(
        format!("one of {}", words.join(", ")),
        example,
        move || first.clone(),
        move |value| match choices.iter().find(|(word, _)| *word == value) {
            Some((_, choice)) => Ok(choice.clone()),
            None => Err(format!("is {}, which is not one of the choices", quote(value))),
        },
    )
}

/// `true` or `false`, nothing looser: `1`, `yes` and `on` mean different things to different tools.
pub fn boolean() -> Kind<bool> {
    one_of([("true", true), ("false", false)])
}

/// A number within a range, both ends included.
pub fn number<T>(range: RangeInclusive<T>) -> Kind<T>
where
    T: FromStr + Display + PartialOrd + Copy + 'static,
{
    let first = *range.start();
    parsed(
        format!("number from {} to {}", range.start(), range.end()),
        first.to_string(),
        move || first,
        move |value| match value.parse::<T>() {
            Ok(number) if range.contains(&number) => Ok(number),
            Ok(_) => Err(format!("is {}, which is out of range", quote(value))),
            Err(_) => Err(format!("is {}, which is not a valid number", quote(value))),
        },
    )
}

/// Whole milliseconds, for variables whose name ends in `_MS`.
pub fn milliseconds(range: RangeInclusive<u64>) -> Kind<Duration> {
    let first = *range.start();
    let number = number(range);
    let expected = format!("milliseconds: {}", number.expected());
    parsed(
        expected,
        first.to_string(),
        move || Duration::from_millis(first),
        move |value| number.parse("", value).map(Duration::from_millis),
    )
}

/// An instant with its offset, as RFC 3339 writes it.
pub fn time() -> Kind<Timestamp> {
    parsed(
        "RFC 3339 time with an offset",
        "2026-01-31T08:00:00Z",
        || Timestamp::UNIX_EPOCH,
        |value| value.parse().map_err(|_| format!("is {}, which is not an RFC 3339 time with an offset", quote(value))),
    )
}

/// An `http` or `https` URL, passed on exactly as written.
///
/// It must not contain a user or password, because addresses are logged. Its complaints never repeat it.
pub fn url() -> Kind<String> {
    parsed("http or https URL without user or password", "https://example.com", String::new, |value| {
        let url = url::Url::parse(value).map_err(|error| format!("is not a URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("is neither an http nor an https URL".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("contains a user or password".to_owned());
        }
        Ok(value.to_owned())
    })
    .standing_for(reference)
}

/// A Kafka topic, as the environment's cluster calls it.
pub fn topic() -> Kind<KafkaTopic> {
    parsed(
        "Kafka topic name",
        "desk.ticket.opened",
        || TopicName::stand_in().into(),
        |value| value.parse::<KafkaTopic>().map_err(|error| format!("is not a topic's name: {error}")),
    )
    .filled_by(Resource::Topic)
}

/// Text that is never shown, such as a password.
///
/// It may also be kept in AWS Secrets Manager: the variable `X_SECRET_ARN` in place of `X` tells where. It is then fetched by
/// [`Secrets::fill`](crate::Secrets::fill).
pub fn secret() -> Kind<Secret> {
    let empty = || Secret::new("");
    parsed("secret text", "(not shown)", empty, |value| match value.contains(char::is_control) {
        true => Err("contains a control character or a line break".to_owned()),
        false => Ok(Secret::new(value)),
    })
    .standing_for(|variable| Secret::new(reference(variable)))
    .hidden(Storage::Either(|secret| secret))
}

/// The ARN of a secret in AWS Secrets Manager, with `#key` for one key of it. What is read is the secret's text, which
/// [`Secrets::fill`](crate::Secrets::fill) fetches; it may have several lines.
pub fn stored_secret() -> Kind<Secret> {
    let refused = |value: &str| Err(Address::parse(value).err().unwrap_or_default());
    parsed(Address::EXPECTED, Address::EXAMPLE, || Secret::new(""), refused)
        .standing_for(|variable| Secret::new(reference(variable)))
        .hidden(Storage::Elsewhere(|secret| secret))
}

/// A closed form quoted for a message: short, and without characters that could forge a log line.
fn quote(value: &str) -> String {
    const SHOWN: usize = 32;
    let shown = value.chars().take(SHOWN).flat_map(char::escape_debug).collect::<String>();
    if value.chars().count() > SHOWN { format!("`{shown}…`") } else { format!("`{shown}`") }
}
