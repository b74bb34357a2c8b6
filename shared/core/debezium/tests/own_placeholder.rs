//! A connector with a placeholder of its own. A process can have only one, so this is a test binary of its own.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use avro_decode::{AvroRead, Limits, Plan, Schema};
use debezium::types::{Placeholder, PlaceholderError, Toasted, UNAVAILABLE_VALUE};

#[derive(Debug, AvroRead)]
struct Row<'a> {
    body: Option<Toasted<'a>>,
    picture: Option<Toasted<'a>>,
    friends: Vec<Toasted<'a>>,
}

#[test]
fn an_installed_placeholder_replaces_the_default() {
    Placeholder::parse("(untouched)").unwrap().install().unwrap();
    let schema = r#"{"type": "record", "name": "V", "fields": [
        {"name": "body", "type": ["null", "string"]}, {"name": "picture", "type": ["null", "bytes"]},
        {"name": "friends", "type": {"type": "array", "items": "string"}}]}"#;
    let plan = Plan::<Row>::compile(&Schema::parse(schema).unwrap(), &Limits::default()).unwrap();

    let uuid = "d08c9a3a-aa1b-3817-a52c-6969ee65a1bd";
    let untouched = format!("\x02\x16(untouched)\x02\x16(untouched)\x02\x48{uuid}\0");
    let row = plan.decode(untouched.as_bytes()).unwrap();
    assert_eq!((row.body, row.picture), (Some(Toasted::Unchanged), Some(Toasted::Unchanged)));
    assert_eq!(row.friends, [Toasted::Unchanged]);

    let default = format!("\x02\x38{UNAVAILABLE_VALUE}\0\0");
    assert_eq!(
        plan.decode(default.as_bytes()).unwrap().body,
        Some(Toasted::Text(UNAVAILABLE_VALUE)),
        "here it is text"
    );

    assert_eq!(Placeholder::parse("(untouched)").unwrap().install(), Ok(()), "installing the same one again succeeds");
    assert_eq!(Placeholder::parse("another").unwrap().install(), Err(PlaceholderError::InUse));
}
