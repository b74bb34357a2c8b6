//! The processor itself names the schemas of a record and orders its key, by the frames of its settings.

use std::num::NonZeroUsize;
use std::sync::Arc;

use event_runtime::{Order, Outcome, RetryPolicy, Settings};
use schema_registry::{FrameFormat, Frames, KeyFormat};
use serde_json::json;
use uuid::Uuid;

use crate::once::{ReadsBoth, records};
use crate::world::{World, event, outcome, record};

const BOTH: Frames = Frames { keys: KeyFormat::Framed(FrameFormat::Confluent), values: FrameFormat::Confluent };

/// The key's and the value's schema in the letter of the first record, whose frames the settings tell.
async fn named(frames: Frames, event: &serde_json::Value) -> [Option<String>; 2] {
    let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let world = World::with(ReadsBoth::new(frames.values, 0, true), Settings { frames, retry, ..Settings::default() });
    let report = world.deliver(event).await;
    assert!(matches!(outcome(&report), Outcome::DeadLettered(_)));
    let letter = world.letters.letters().swap_remove(0);
    [letter.key_schema, letter.value_schema]
}

#[tokio::test]
async fn a_letter_names_the_schemas_that_the_frames_name() {
    let guid = Uuid::from_u128(7);
    for (format, name) in [
        (FrameFormat::Confluent, "id:2".to_owned()),
        (FrameFormat::ConfluentHeader, format!("guid:{guid}")),
        (FrameFormat::Apicurio, "id:2".to_owned()),
        (FrameFormat::Glue, format!("glue:{guid}")),
        (FrameFormat::Metadata, "id:2".to_owned()),
    ] {
        let expected = Some(name);
        assert_eq!(named(Frames::both(format), &records(format)).await, [expected.clone(), expected], "{format:?}");
    }
}

#[tokio::test]
async fn a_key_of_plain_text_and_an_unreadable_frame_name_no_schema() {
    let (key, value) = (b"\0\0\0\0\x02\x04k1".as_slice(), b"\0\0\0\0\x02\x04v1".as_slice());
    let text = Frames { keys: KeyFormat::Text, ..BOTH };
    assert_eq!(named(text, &event(&[record(0, key, value, json!({}))])).await, [None, Some("id:2".to_owned())]);
    for unreadable in [b"\x07k".as_slice(), b"\0\0\0\0", b""] {
        let event = event(&[record(0, key, unreadable, json!({}))]);
        assert_eq!(named(BOTH, &event).await, [Some("id:2".to_owned()), None], "{unreadable:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_one_key_wait_for_each_other_whatever_their_frames() {
    // The second record names another schema of its key, and the first one stays pending.
    for (frames, expected) in [(BOTH, 1), (Frames { keys: KeyFormat::Text, ..BOTH }, 2)] {
        let order = Order::Key { in_flight: NonZeroUsize::MIN.saturating_add(1) };
        let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        let handler = ReadsBoth::new(FrameFormat::Confluent, 1, false);
        let tries = Arc::clone(&handler.tries);
        let world = World::with(handler, Settings { order, frames, retry, ..Settings::default() });
        let keys = [b"\0\0\0\0\x02\x04k1".as_slice(), b"\0\0\0\0\x03\x04k1"];
        let records = keys.iter().enumerate().map(|(n, key)| record(n, key, b"\0\0\0\0\x02\x04v1", json!({})));
        world.deliver(&event(&records.collect::<Vec<_>>())).await;
        assert_eq!(tries.lock().unwrap()["k1"], expected, "{frames:?}");
    }
}
