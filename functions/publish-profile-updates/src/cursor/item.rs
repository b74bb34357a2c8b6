//! The attributes of the cursor's item.

use dynamodb::{Item, text_of};
use event_functions::{Columns, UnixMillis, item};
use uuid::Uuid;

use super::{Done, FORMAT, Position};
use crate::api::PageVersion;

/// The position that an item of any known format holds.
pub(super) fn position_of(item: &Item) -> Position {
    let attribute = |name| text_of(item, name).map(str::to_owned);
    let cursor = attribute("cursor");
    let version = match (attribute("page_url"), attribute("page_etag")) {
        (Some(url), Some(etag)) => Some(PageVersion { url, etag }),
        (_, _) => None,
    };
    let done = item.get("page_done").and_then(|done| done.as_m().ok()).and_then(|done| {
        // A version that does not know this attribute may have moved the cursor since.
        let here = text_of(done, "after") == cursor.as_deref();
        let items = done.get("items")?.as_n().ok()?.parse().ok()?;
        let last = text_of(done, "last")?.parse().ok()?;
        here.then_some(Done { items, last })
    });
    Position { cursor, done, version }
}

/// The attributes of a position. Those that are null are to be removed.
pub(super) fn attributes_of(position: &Position) -> Columns {
    let (cursor, version) = (position.cursor.as_deref(), position.version.as_ref());
    let done = position.done.map(|done| {
        item! { "after" => cursor, "items" => done.items, "last" => done.last.to_string() }
    });
    item! {
        "cursor" => cursor, "page_done" => done,
        "page_url" => version.map(|version| &*version.url), "page_etag" => version.map(|version| &*version.etag),
    }
}

/// The format of an item, where it is not known here.
pub(super) fn unknown_format(item: &Item) -> Option<String> {
    let format = item.get("format")?;
    match format.as_n().ok().and_then(|format| format.parse::<u64>().ok()) {
        Some(known) if known <= FORMAT => None,
        Some(newer) => Some(newer.to_string()),
        None => Some("that is not a whole number".to_owned()),
    }
}

pub(super) fn is_of(item: &Item, token: Uuid) -> bool {
    text_of(item, "token") == Some(token.to_string().as_str())
}

pub(super) fn millis_of(item: &Item, name: &str) -> Option<UnixMillis> {
    item.get(name)?.as_n().ok()?.parse().ok().map(UnixMillis)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;
    use dynamodb::{number, text};
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    /// Items as the last version of format 1 left them in a table, in DynamoDB's JSON.
    const FORMAT_1: &str = include_str!("../../fixtures/cursor-format-1.json");

    fn item(json: &Value) -> Item {
        let value = |(name, value): (&String, &Value)| {
            let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
            let value = value.as_str().unwrap().to_owned();
            let value = match kind.as_str() {
                "S" => AttributeValue::S(value),
                "N" => AttributeValue::N(value),
                other => panic!("no fixture has {other}"),
            };
            (name.clone(), value)
        };
        json.as_object().unwrap().iter().map(value).collect()
    }

    #[test]
    fn every_item_of_format_1_is_read_but_its_etag() {
        let fixtures: Vec<Value> = serde_json::from_str(FORMAT_1).unwrap();
        let read = |fixture: &Value| {
            let item = item(&fixture["item"]);
            assert_eq!(unknown_format(&item), None);
            let position = position_of(&item);
            assert_eq!((&position.done, &position.version), (&None, &None), "{fixture}");
            (fixture["shape"].as_str().unwrap().to_owned(), position.cursor)
        };
        let places: HashMap<_, _> = fixtures.iter().map(read).collect();
        let at = |cursor: &str| Some(cursor.to_owned());
        let expected = [
            ("leased before the first page", None),
            ("leased between pages", at("c-3")),
            ("released behind a page with changes", at("c-8")),
            ("released at the end of the feed, with an ETag", at("c-8")),
            ("leased at the end of the feed, with an ETag", at("c-8")),
            ("asked to wait, with an ETag", at("c-8")),
            ("released behind an empty first page, with the ETag of another URL", at("c-0")),
            ("asked to wait before the first page", None),
        ];
        assert_eq!(places, expected.map(|(shape, cursor)| (shape.to_owned(), cursor)).into());
    }

    fn page(numbers: std::ops::Range<usize>) -> Vec<Box<RawValue>> {
        numbers.map(|number| RawValue::from_string(number.to_string()).unwrap()).collect()
    }

    fn positions() -> [Position; 4] {
        let version =
            PageVersion { url: "https://profiles.example.com/?after=c-8".to_owned(), etag: "\"v\"".to_owned() };
        let cursor = Some("c-8".to_owned());
        [
            Position::default(),
            Position { cursor: cursor.clone(), done: None, version: Some(version) },
            Position { cursor, done: Done::of(&page(0..9), 7), version: None },
            Position { cursor: None, done: Done::of(&page(0..9), 7), version: None },
        ]
    }

    fn written(position: &Position) -> Item {
        attributes_of(position).into_item()
    }

    #[test]
    fn a_position_is_read_as_written_and_has_no_etag_of_format_1() {
        for position in positions() {
            let item = written(&position);
            assert_eq!(position_of(&item), position);
            assert_eq!(text_of(&item, "cursor"), position.cursor.as_deref());
            assert!(!item.contains_key("etag"));
        }
    }

    #[test]
    fn a_finished_part_is_forgotten_when_an_older_version_moves_the_cursor() {
        for position in positions() {
            let mut item = written(&position);
            item.insert("cursor".to_owned(), text("c-9"));
            assert_eq!(position_of(&item).done, None);
        }
    }

    #[test]
    fn a_finished_part_counts_only_while_its_items_are_unchanged() {
        let position = Position { done: Done::of(&page(0..9), 7), ..Position::default() };
        assert_eq!(position.done_of(&page(0..9)), 7);
        assert_eq!(position.done_of(&page(0..20)), 7, "the page has grown");
        assert_eq!(position.done_of(&page(1..10)), 0, "an item has gone");
        assert_eq!(position.done_of(&page(0..6)), 0, "smaller pages are asked for");
        assert_eq!(Position::default().done_of(&page(0..9)), 0);
        assert_eq!((Done::of(&page(0..9), 0), Done::of(&page(0..9), 10)), (None, None));
    }

    #[test]
    fn a_format_that_is_newer_or_unreadable_is_named() {
        let of = |format| unknown_format(&Item::from([("format".to_owned(), format)]));
        assert_eq!(of(number(2)), None);
        assert_eq!(of(number(1)), None);
        assert_eq!(of(number(3)).as_deref(), Some("3"));
        assert!(of(text("2")).is_some());
    }
}
