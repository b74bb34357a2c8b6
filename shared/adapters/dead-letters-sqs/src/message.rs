//! A letter as a message: its JSON, what an operator filters by as attributes, and what SQS makes of both.

use event_runtime::{DeadLetter, LetterId, ObjectAddress, RawBytes, StoredLetter};

/// What one message may hold, and all messages of one batch together: bodies and attributes (their names, types and
/// values). 1 MiB, counted by SQS in bytes of UTF-8.
pub const MAX_BYTES: usize = 1_048_576;

/// SQS's own name for the type of a text attribute, which counts too.
pub(crate) const TEXT: &str = "String";

/// What goes to SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) letter: LetterId,
    pub(crate) body: String,
    pub(crate) attributes: Vec<(&'static str, String)>,
}

impl Message {
    /// The letter whole.
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

    /// What SQS counts.
    pub(crate) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + TEXT.len() + value.len());
        self.body.len() + attributes.sum::<usize>()
    }
}

/// Repeats what is worth filtering by in the console. SQS refuses an empty value.
fn attributes(letter: &DeadLetter) -> Vec<(&'static str, String)> {
    let values = [
        ("letter_id", letter.id.as_str()),
        ("error_code", &letter.error.code),
        ("stage", &letter.error.stage),
        ("function", &letter.given_up_by.function),
        ("topic", &letter.place.topic),
    ];
    let permitted = values.into_iter().map(|(name, value)| (name, value.replace(|c| !sqs_takes(c), "\u{FFFD}")));
    permitted.filter(|(_, value)| !value.is_empty()).collect()
}

/// SQS takes `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF` and refuses the whole message
/// over anything else.
fn sqs_takes(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// JSON escapes what SQS does not take, except two characters. They can stand in strings only, and a header's name may
/// hold any character: without this its record would stay pending for ever.
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
    fn no_text_in_a_record_makes_sqs_refuse_its_letter() {
        let codes = (0..=0x1F).chain([0x7F, 0xFFFD, 0xFFFE, 0xFFFF, 0x1_0000, 0x10_FFFF]);
        let odd: String = codes.filter_map(char::from_u32).collect();
        let mut letter = sample_letter("orders", 7);
        letter.raw.headers = vec![(odd.clone(), None)];
        letter.place.topic = odd;
        letter.error.code = String::new();

        let message = Message::whole(&letter).unwrap();
        assert!(message.body.chars().all(sqs_takes));
        assert_eq!(StoredLetter::read(&message.body).unwrap().letter, letter, "nothing of it is lost");
        assert!(message.attributes.iter().all(|(_, value)| !value.is_empty() && value.chars().all(sqs_takes)));
        assert!(message.attributes.iter().all(|(name, _)| *name != "error_code"), "SQS refuses empty values");
    }
}
