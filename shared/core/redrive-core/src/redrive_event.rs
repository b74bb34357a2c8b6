//! Builds the event that sends a dead-lettered record back to its function: the original coordinates and bytes, with the
//! mark of a redrive. An item that a function fetched itself is sent with the same mark.

use event_runtime::{DeadLetter, RawBytes};
use serde_json::to_string as json;

use crate::ports::ExpectedAnswer;

/// Why a letter's record cannot be sent as an event.
#[derive(Debug, thiserror::Error)]
pub enum UnusableLetter {
    /// The letter holds neither coordinates nor the record's own JSON.
    #[error(
        "the letter has neither an offset nor the record's JSON, so there is nothing to send: read the record from its \
         topic, and end the letter with `resolve` and `done`"
    )]
    NoRecord,
    /// A field that the function stores as base64 is not base64.
    #[error(
        "the letter's `{0}` is not base64: the letter was changed after it was stored; end it with `resolve` and `done`"
    )]
    NotBase64(&'static str),
    /// A text cannot be written as JSON.
    #[error("the letter cannot be written as an event")]
    Unwritable(#[from] serde_json::Error),
}

/// The answer that confirms that a letter's record or item is finished: it holds the letter's name from the mark.
pub(crate) fn expected_answer(letter: &DeadLetter) -> ExpectedAnswer {
    ExpectedAnswer::Finished(letter.id.uncertain().to_string())
}

/// The event that redrives a letter: one record in its original topic-partition, or one item.
///
/// The mark names the letter by [`uncertain`](event_runtime::LetterId::uncertain). If this attempt ends with an effect
/// that may have happened, its claim is parked under that name, and no later redrive frees the claim without a person's
/// decision.
///
/// # Errors
/// When the letter does not hold what the event needs.
pub fn redrive_event(letter: &DeadLetter, attempt: u32) -> Result<Vec<u8>, UnusableLetter> {
    let mut event = Vec::new();
    let mark = json(&letter.id.uncertain())?;
    event.extend_from_slice(format!(r#"{{"redrive":{{"letterId":{mark},"attempt":{attempt}}}"#).as_bytes());
    event.extend_from_slice(format!(r#","eventSource":{}"#, json(&letter.event_source)?).as_bytes());
    for (name, value) in [("eventSourceArn", &letter.event_source_arn), ("bootstrapServers", &letter.bootstrap_servers)]
    {
        if let Some(value) = value {
            event.extend_from_slice(format!(r#","{name}":{}"#, json(value)?).as_bytes());
        }
    }
    if let Some(item) = &letter.raw.item {
        event.extend_from_slice(br#","item":"#);
        event.extend(decoded("item", item)?);
        event.push(b'}');
        return Ok(event);
    }
    event.extend_from_slice(format!(r#","records":{{{}:["#, json(&letter.place.topic_partition)?).as_bytes());
    append_record(letter, &mut event)?;
    event.extend_from_slice(b"]}}");
    Ok(event)
}

fn append_record(letter: &DeadLetter, event: &mut Vec<u8>) -> Result<(), UnusableLetter> {
    let RawBytes {
        key,
        value,
        headers,
        headers_json,
        json: whole,
        item: _,
        key_schema_metadata,
        value_schema_metadata,
    } = &letter.raw;
    if let Some(whole) = whole {
        // The function could not read the record; a corrected version may be able to.
        event.extend(decoded("json", whole)?);
        return Ok(());
    }
    let place = &letter.place;
    let offset = place.offset.ok_or(UnusableLetter::NoRecord)?;
    let coordinates = format!(
        r#"{{"topic":{},"partition":{},"offset":{offset},"timestamp":{},"key":{},"value":{}"#,
        json(&place.topic)?,
        place.partition,
        place.timestamp,
        json(key)?,
        json(value)?,
    );
    event.extend_from_slice(coordinates.as_bytes());
    event.extend_from_slice(br#","headers":"#);
    match headers_json {
        Some(text) => event.extend(decoded("headers_json", text)?),
        None => {
            event.push(b'[');
            for (number, (name, value)) in headers.iter().enumerate() {
                let value = match value {
                    None => "null".to_owned(),
                    // AWS writes header bytes as signed numbers, as Java does.
                    Some(value) => {
                        json(&decoded("headers", value)?.iter().map(|byte| *byte as i8).collect::<Vec<_>>())?
                    }
                };
                let comma = if number == 0 { "" } else { "," };
                event.extend_from_slice(format!("{comma}{{{}:{value}}}", json(name)?).as_bytes());
            }
            event.push(b']');
        }
    }
    for (name, field, metadata) in [
        ("keySchemaMetadata", "key_schema_metadata", key_schema_metadata),
        ("valueSchemaMetadata", "value_schema_metadata", value_schema_metadata),
    ] {
        if let Some(metadata) = metadata {
            event.extend_from_slice(format!(r#","{name}":"#).as_bytes());
            event.extend(decoded(field, metadata)?);
        }
    }
    event.push(b'}');
    Ok(())
}

fn decoded(field: &'static str, text: &str) -> Result<Vec<u8>, UnusableLetter> {
    base64_simd::STANDARD.decode_to_vec(text).map_err(|_| UnusableLetter::NotBase64(field))
}
