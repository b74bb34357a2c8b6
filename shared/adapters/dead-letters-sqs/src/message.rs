//! A letter as a message of SQS: body, attributes, size, and the characters that SQS accepts.

use event_runtime::{DeadLetter, LetterId, ObjectAddress, RawBytes, StoredLetter};

/// The largest message, and the largest batch of messages: bodies and attributes (names, types and values). 1 MiB, which SQS
/// counts in bytes of UTF-8.
pub const MAX_BYTES: usize = 1_048_576;

/// SQS's name for the type of a text attribute, which counts towards the size.
pub(crate) const TEXT: &str = "String";

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) letter: LetterId,
    pub(crate) body: String,
    pub(crate) attributes: Vec<(&'static str, String)>,
}

impl Message {
    /// The whole letter.
    pub(crate) fn whole(letter: &DeadLetter) -> Result<Self, serde_json::Error> {
        Ok(Message {
            letter: letter.id.clone(),
            body: escaped(serde_json::to_string(letter)?),
            attributes: attributes(letter),
        })
    }

    /// The letter without its raw bytes, which are in an object.
    pub(crate) fn pointing_to(object: ObjectAddress, letter: &DeadLetter) -> Result<Self, serde_json::Error> {
        let letter = DeadLetter { raw: RawBytes::default(), ..letter.clone() };
        let stored = StoredLetter { letter, raw_in: Some(object) };
        Ok(Message {
            letter: stored.letter.id.clone(),
            body: escaped(serde_json::to_string(&stored)?),
            attributes: attributes(&stored.letter),
        })
    }

    /// The size in bytes, as SQS counts it.
    pub(crate) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + TEXT.len() + value.len());
        self.body.len() + attributes.sum::<usize>()
    }
}

/// The attributes to filter by in the console. SQS refuses an empty value.
fn attributes(letter: &DeadLetter) -> Vec<(&'static str, String)> {
    let values = [
        ("letter_id", letter.id.as_str()),
        ("error_code", &letter.error.code),
        ("stage", &letter.error.stage),
        ("function", &letter.given_up_by.function),
        ("topic", &letter.place.topic),
    ];
    let permitted = values.into_iter().map(|(name, value)| (name, value.replace(|c| !sqs_accepts(c), "\u{FFFD}")));
    permitted.filter(|(_, value)| !value.is_empty()).collect()
}

/// SQS accepts `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`; any other character makes it
/// refuse the whole message.
fn sqs_accepts(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// JSON escapes the characters that SQS refuses, except two. A header's name may contain them: unescaped, its record would
/// stay pending for ever. In JSON they can only be in strings.
fn escaped(json: String) -> String {
    if json.contains(['\u{FFFE}', '\u{FFFF}']) {
        json.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff")
    } else {
        json
    }
}

#[cfg(test)]
mod tests {
    use event_runtime::testing::sample_letter;

    use super::*;

    #[test]
    fn sqs_accepts_a_letter_with_any_character() {
        let codes = (0..=0x1F).chain([0x7F, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000, 0x10_FFFF]);
        let odd: String = codes.filter_map(char::from_u32).collect();
        let mut letter = sample_letter("orders", 7);
        letter.raw.headers = vec![(odd.clone(), None)];
        letter.place.topic = odd;
        letter.error.code = String::new();

        let message = Message::whole(&letter).unwrap();
        assert!(message.body.chars().all(sqs_accepts));
        assert_eq!(StoredLetter::read(&message.body).unwrap().letter, letter, "the whole letter");
        assert!(message.attributes.iter().all(|(_, value)| !value.is_empty() && value.chars().all(sqs_accepts)));
        assert!(message.attributes.iter().all(|(name, _)| *name != "error_code"), "SQS refuses empty values");
    }
}
