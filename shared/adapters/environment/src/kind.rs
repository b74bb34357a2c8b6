//! Kinds of variables: how a value is read, what is expected, and an example.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use topic_names::TopicName;

/// What a variable may contain.
///
/// A parser's complaint continues the sentence that the variable's name begins ("is not a valid number"). It contains no
/// part of the value unless that is a closed form such as a number or a choice: text may be a misplaced secret.
pub struct Kind<T> {
    parse: Parse<T>,
    stand_in: Box<dyn Fn() -> T>,
    expected: String,
    example: String,
    secret: bool,
}

type Parse<T> = Box<dyn Fn(&str) -> Result<T, String>>;

impl<T> Kind<T> {
    /// Shows `example` instead of the kind's own example.
    #[must_use]
    pub fn example(mut self, example: &str) -> Self {
        example.clone_into(&mut self.example);
        self
    }

    pub(crate) fn parse(&self, value: &str) -> Result<T, String> {
        (self.parse)(value.trim())
    }

    pub(crate) fn stand_in(&self) -> T {
        (self.stand_in)()
    }

    pub(crate) fn expected(&self) -> &str {
        &self.expected
    }

    pub(crate) fn example_text(&self) -> &str {
        &self.example
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    pub(crate) fn hidden(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// A custom kind. `stand_in` makes a value of the type for the time until the problems are reported. `parse` must not repeat
/// the value in its complaint if the value may be personal or secret.
pub fn parsed<T>(
    expected: impl Into<String>,
    example: impl Into<String>,
    stand_in: impl Fn() -> T + 'static,
    parse: impl Fn(&str) -> Result<T, String> + 'static,
) -> Kind<T> {
    Kind {
        parse: Box::new(parse),
        stand_in: Box::new(stand_in),
        expected: expected.into(),
        example: example.into(),
        secret: false,
    }
}

/// Any text on one line, without the spaces around it.
pub fn text() -> Kind<String> {
    parsed("single-line text", "some-name", String::new, |value| match value.contains(char::is_control) {
        true => Err("contains a control character or a line break".to_owned()),
        false => Ok(value.to_owned()),
    })
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
    let expected = format!("milliseconds: {}", number.expected);
    parsed(
        expected,
        first.to_string(),
        move || Duration::from_millis(first),
        move |value| number.parse(value).map(Duration::from_millis),
    )
}

/// A duration with a unit: `250ms`, `10s`, `5m`, `2h`, `7d`.
pub fn duration() -> Kind<Duration> {
    parsed(
        "whole number with a unit: ms, s, m, h or d",
        "10s",
        || Duration::ZERO,
        |value| {
            let wrong = || format!("is {}, which is not a duration", quote(value));
            let digits = value.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (count, unit) = value.split_at(digits);
            let count = count.parse::<u64>().map_err(|_| wrong())?;
            let milliseconds = match unit.trim_start() {
                "ms" => Some(count),
                "s" => count.checked_mul(1_000),
                "m" => count.checked_mul(60_000),
                "h" => count.checked_mul(3_600_000),
                "d" => count.checked_mul(86_400_000),
                _ => return Err(wrong()),
            };
            milliseconds.map(Duration::from_millis).ok_or_else(|| format!("is {}, which is too long", quote(value)))
        },
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
}

/// A Kafka topic, by the rules of the crate `topic-names`.
pub fn topic() -> Kind<TopicName> {
    parsed("Kafka topic name", "user.profile.updated", TopicName::stand_in, |value| {
        value.parse::<TopicName>().map_err(|error| format!("is not a topic name: {}", error.problem))
    })
}

/// Items separated by commas, at least one; spaces around an item do not count.
pub fn list<T: 'static>(item: Kind<T>) -> Kind<Vec<T>> {
    let expected = format!("comma-separated list of: {}", item.expected);
    let (example, secret) = (item.example.clone(), item.secret);
    let kind = parsed(expected, example, Vec::new, move |value| {
        let mut items = Vec::new();
        for (index, part) in value.split(',').enumerate() {
            // A comma at the end of a list is not an empty item.
            if part.trim().is_empty()
                && index > 0
                && value.trim_end().ends_with(',')
                && index == value.matches(',').count()
            {
                continue;
            }
            match part.trim() {
                "" => return Err(format!("has an empty item {}", index + 1)),
                part => {
                    items.push(item.parse(part).map_err(|wrong| format!("has an item {} that {wrong}", index + 1))?)
                }
            }
        }
        Ok(items)
    });
    if secret { kind.hidden() } else { kind }
}

/// A closed form quoted for a message: short, and without characters that could forge a log line.
fn quote(value: &str) -> String {
    const SHOWN: usize = 32;
    let shown = value.chars().take(SHOWN).flat_map(char::escape_debug).collect::<String>();
    if value.chars().count() > SHOWN { format!("`{shown}…`") } else { format!("`{shown}`") }
}
