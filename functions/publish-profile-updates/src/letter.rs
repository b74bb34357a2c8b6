//! The dead letter of an item that cannot be published.

use event_functions::letters::{DeadLetter, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason};
use event_functions::{Clock, Invocation, SystemClock};
use serde_json::value::RawValue;

use crate::cursor::Position;

/// The `event_source` of our letters, in place of a kind of event source mapping.
pub(crate) const EVENT_SOURCE: &str = "profile-api";

/// Where an item is in the feed: the cursor of its page and its index there. The feed only grows, so the place never
/// changes, and an item that is dead-lettered twice has one letter id.
pub(crate) struct ItemPlace<'a> {
    /// The topic that it was meant for.
    pub(crate) topic: &'a str,
    /// The page.
    pub(crate) page: &'a Position,
    /// The index, from 0.
    pub(crate) index: usize,
}

/// The letter of an item.
pub(crate) fn letter(
    item: &RawValue,
    place: &ItemPlace<'_>,
    code: &str,
    stage: &str,
    chain: Vec<String>,
    invocation: &Invocation,
) -> DeadLetter {
    let place = Place {
        topic_partition: format!("profile-changes after {}", place.page.cursor.as_deref().unwrap_or("the beginning")),
        topic: place.topic.to_owned(),
        partition: -1,
        offset: None,
        timestamp: -1,
        index: place.index,
    };
    DeadLetter {
        version: LETTER_VERSION,
        id: LetterId::of(&invocation.function, EVENT_SOURCE, &place),
        event_source: EVENT_SOURCE.to_owned(),
        event_source_arn: None,
        bootstrap_servers: None,
        place,
        raw: RawBytes { item: Some(base64_simd::STANDARD.encode_to_string(item.get())), ..RawBytes::default() },
        key_schema: None,
        value_schema: None,
        claim: None,
        error: Reason { code: code.to_owned(), stage: stage.to_owned(), chain, uncertain: false },
        given_up_by: GivenUpBy {
            function: invocation.function.clone(),
            function_version: invocation.function_version.clone(),
            request_id: invocation.request_id.clone(),
            attempt: 1,
            at_ms: SystemClock.now().0,
        },
        redriven: None,
    }
}
