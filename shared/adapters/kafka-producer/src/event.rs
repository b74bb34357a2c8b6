//! Typed events: what an event type declares.

use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

/// A fact that happened once. The record's value is the event itself, written by its registered schema.
///
/// The key is a field of the event, as plain UTF-8 without a frame: records of one key stay in order.
pub trait DomainEvent: Serialize + Send + Sync {
    /// The kind of fact, for `ce_type`, such as `support.ticket.closed`.
    const TYPE: &'static str;

    /// The id of the fact, for `ce_id`. It never changes: an event that is published twice has the same id.
    fn id(&self) -> &str;

    /// The field that is the key.
    fn key(&self) -> &str;

    /// When it happened, for `ce_time`. The record's timestamp is the time of sending, by which Kafka deletes what is older
    /// than the topic's retention.
    fn occurred_at(&self) -> Timestamp;
}

/// Where events come from, for `ce_source`: a URI reference. It must never change, since ids are unique only within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource(String);

/// The text cannot be a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a URI or a path of visible ASCII characters, such as urn:example:profiles or /profiles")]
pub struct EventSourceError;

impl Default for EventSource {
    /// `/`, which names no source.
    fn default() -> Self {
        EventSource("/".to_owned())
    }
}

impl EventSource {
    /// The source as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventSource {
    type Err = EventSourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let forbidden = |byte: u8| !byte.is_ascii_graphic() || b"<>\"{}|\\^`".contains(&byte);
        if text.is_empty() || text.bytes().any(forbidden) {
            return Err(EventSourceError);
        }
        Ok(EventSource(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_uri_or_a_path() {
        for good in ["/profile-api", "urn:example:profiles", "https://profiles.example.com/v1?x=1#y"] {
            assert_eq!(good.parse::<EventSource>().map(|source| source.0), Ok(good.to_owned()));
        }
        for bad in ["", "two words", "new\nline", "/caf\u{e9}", "<source>"] {
            assert_eq!(bad.parse::<EventSource>(), Err(EventSourceError), "{bad:?}");
        }
    }
}
