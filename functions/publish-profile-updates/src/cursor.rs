//! The cursor and its lease: how far the feed is published, and which run may publish it. One DynamoDB item.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk` | the feed |
//! | `format` | the version of this table; absent means 1 |
//! | `cursor` | where to go on; absent before the first page |
//! | `page_done` | the items behind `cursor` that are finished, where a page took more than one run: `after` (the cursor again), `items` (how many), `last` (a digest of the last of them) |
//! | `page_url`, `page_etag` | the version of the page at `cursor`, the last one of the feed, and the URL that it is the version of |
//! | `token`, `lease_until` | the run that has the lease and when the lease ends, in milliseconds; absent between runs |
//! | `not_before` | until when the API asked to wait, in milliseconds |
//! | `moved_at` | when the cursor last moved, in milliseconds |
//!
//! Every write of a run names its token in its condition: a run that lost its lease changes nothing.
//!
//! Format 1 had the version in `etag`, without its URL. That attribute is never read, and taking the lease removes it: a
//! function of format 1, which works on the same item before a roll-out and after a rollback, would send it with any URL. Such
//! a function does not know the new attributes and leaves them alone; both of them name the position that they belong to.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use dynamodb::writes::{FailedWrite, Write, WriteFailure, write};
use dynamodb::{Item, number, text, text_of};
use event_runtime::{Clock, StoreError, SystemClock, UnixMillis};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api::PageVersion;

/// The version of the item's format that is written here, and the newest one that is read.
const FORMAT: u64 = 2;
const STORE: &str = "the cursor table";
const KEY: &str = "pk";
/// The feed that this function publishes; there is one a table.
const FEED: &str = "profile-changes";

/// The item, in its table.
#[derive(Debug, Clone)]
pub struct Cursors {
    client: Client,
    table: String,
    lease: Duration,
}

/// Where publishing continues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The API's own cursor; `None` for the beginning.
    pub cursor: Option<String>,
    /// What is finished of the page there.
    pub done: Option<Done>,
    /// The version of the page there.
    pub version: Option<PageVersion>,
}

/// The first items of a page that are finished: published or dead-lettered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    items: usize,
    last: Uuid,
}

impl Done {
    /// The first `done` of a page's items; `None` for 0 and for more than there are.
    pub fn of(items: &[Box<RawValue>], done: usize) -> Option<Self> {
        let last = items.get(..done)?.last()?;
        Some(Done { items: done, last: Uuid::new_v5(&Uuid::NAMESPACE_OID, last.get().as_bytes()) })
    }
}

impl Position {
    /// How many of the page's first items are finished. 0 where the page has changed: publishing an item twice is better than
    /// skipping one.
    pub fn done_of(&self, items: &[Box<RawValue>]) -> usize {
        let same = |done: &Done| Done::of(items, done.items) == Some(*done);
        self.done.filter(same).map_or(0, |done| done.items)
    }
}

/// The answer to taking the lease.
#[derive(Debug)]
pub enum Taken {
    /// This run has it.
    Ours {
        /// The lease.
        hold: Hold,
        /// Where to continue.
        position: Position,
        /// Until when the API asked to wait.
        not_before: Option<UnixMillis>,
    },
    /// Another run has it, or died not long ago.
    Held {
        /// When it ends.
        until: UnixMillis,
    },
}

/// The lease of one run.
#[derive(Debug)]
pub struct Hold {
    token: Uuid,
    until: UnixMillis,
}

impl Hold {
    /// Whether the lease lasts for this time from now.
    pub fn lasts(&self, needed: Duration) -> bool {
        self.left() >= needed
    }

    /// What is left of it.
    pub fn left(&self) -> Duration {
        self.until.since(SystemClock.now())
    }
}

/// The item has a format that this version does not know. It was not changed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the item {FEED} is of format {found}, and this version of the function knows formats up to {FORMAT}: a newer \
     version wrote it; deploy that one again"
)]
struct UnknownFormat {
    found: String,
}

/// Whether a write of the lease's owner took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It did.
    Applied,
    /// Another run has the lease: nothing was changed, and this run has to end.
    LeaseLost,
}

impl Cursors {
    /// The item in `table`; a lease lasts `lease` unless it is renewed.
    pub fn new(client: Client, table: impl Into<String>, lease: Duration) -> Self {
        Cursors { client, table: table.into(), lease }
    }

    /// Takes the lease if it is free or has ended.
    ///
    /// # Errors
    /// When the table does not answer, and when the item has a newer format than `FORMAT`: it is not changed then.
    pub async fn take(&self) -> Result<Taken, StoreError> {
        let (token, now) = (Uuid::new_v4(), SystemClock.now());
        let until = now.plus(self.lease);
        let sent = self
            .update()
            .update_expression("SET #token = :mine, #until = :until, #format = :format REMOVE #etag")
            .condition_expression(
                "(attribute_not_exists(#format) OR #format <= :format) AND (attribute_not_exists(#token) OR #until < :now)",
            )
            .expression_attribute_names("#format", "format")
            .expression_attribute_names("#etag", "etag")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#until", "lease_until")
            .expression_attribute_values(":format", number(FORMAT))
            .expression_attribute_values(":mine", text(token))
            .expression_attribute_values(":until", number(until.0))
            .expression_attribute_values(":now", number(now.0))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let now_there = sent.as_ref().ok().and_then(|taken| taken.attributes.clone()).unwrap_or_default();
        let hold = Hold { token, until };
        Ok(match write(sent).map_err(|failed| failed_to("take the lease", failed))? {
            Write::Applied => ours(hold, &now_there),
            Write::Refused(Some(item)) if unknown_format(&item).is_some() => {
                let cause = Box::new(UnknownFormat { found: unknown_format(&item).unwrap_or_default() });
                let (store, operation) = (STORE, "take the lease");
                return Err(StoreError { store, operation, code: "cursor_format_unknown", retry_after: None, cause });
            }
            // Taken by an earlier try of this very request, whose answer was lost.
            Write::Refused(Some(item)) if is_of(&item, token) => ours(hold, &item),
            Write::Refused(item) => {
                Taken::Held { until: item.and_then(|item| millis_of(&item, "lease_until")).unwrap_or(until) }
            }
        })
    }

    /// Renews the lease.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn renew(&self, hold: &mut Hold) -> Result<Written, StoreError> {
        let until = SystemClock.now().plus(self.lease);
        let sent = self
            .update()
            .update_expression("SET #until = :until")
            .condition_expression("#token = :mine")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#until", "lease_until")
            .expression_attribute_values(":mine", text(hold.token))
            .expression_attribute_values(":until", number(until.0))
            .send()
            .await;
        Ok(match write(sent).map_err(|failed| failed_to("renew the lease", failed))? {
            Write::Applied => {
                hold.until = until;
                Written::Applied
            }
            Write::Refused(_) => Written::LeaseLost,
        })
    }

    /// Moves to a position and renews the lease. To be called when everything before the position is finished.
    ///
    /// # Errors
    /// When the table does not answer. The cursor may have moved; the next run reads where it is.
    pub async fn advance(&self, hold: &mut Hold, to: &Position) -> Result<Written, StoreError> {
        let now = SystemClock.now();
        let until = now.plus(self.lease);
        let (mut set, mut remove) = (vec!["#until = :until".to_owned(), "#moved = :now".to_owned()], Vec::new());
        let mut update = self
            .update()
            .condition_expression("#token = :mine")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#until", "lease_until")
            .expression_attribute_names("#moved", "moved_at")
            .expression_attribute_values(":mine", text(hold.token))
            .expression_attribute_values(":until", number(until.0))
            .expression_attribute_values(":now", number(now.0));
        for (name, value) in attributes_of(to) {
            update = update.expression_attribute_names(format!("#{name}"), name);
            match value {
                Some(value) => {
                    set.push(format!("#{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                None => remove.push(format!("#{name}")),
            }
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression += &format!(" REMOVE {}", remove.join(", "));
        }
        let sent = update.update_expression(expression).send().await;
        Ok(match write(sent).map_err(|failed| failed_to("move the cursor", failed))? {
            Write::Applied => {
                hold.until = until;
                Written::Applied
            }
            Write::Refused(_) => Written::LeaseLost,
        })
    }

    /// Gives the lease back; `not_before` is the time until which the API asked to wait.
    ///
    /// # Errors
    /// When the table does not answer. The lease then ends by itself.
    pub async fn release(&self, hold: Hold, not_before: Option<UnixMillis>) -> Result<Written, StoreError> {
        let update = self
            .update()
            .condition_expression("#token = :mine")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#until", "lease_until")
            .expression_attribute_names("#not_before", "not_before")
            .expression_attribute_values(":mine", text(hold.token));
        let update = match not_before {
            Some(time) => update
                .update_expression("SET #not_before = :time REMOVE #token, #until")
                .expression_attribute_values(":time", number(time.0)),
            None => update.update_expression("REMOVE #token, #until, #not_before"),
        };
        Ok(match write(update.send().await).map_err(|failed| failed_to("release the lease", failed))? {
            // Nobody has it: an earlier try of this very request did it, and its answer was lost.
            Write::Refused(Some(item)) if !item.contains_key("token") => Written::Applied,
            Write::Applied => Written::Applied,
            Write::Refused(_) => Written::LeaseLost,
        })
    }

    fn update(&self) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(KEY, text(FEED))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

fn ours(hold: Hold, item: &Item) -> Taken {
    Taken::Ours { hold, position: position_of(item), not_before: millis_of(item, "not_before") }
}

/// The position that an item of any known format holds.
fn position_of(item: &Item) -> Position {
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

/// The attributes of a position; `None` for those that are to be removed.
fn attributes_of(position: &Position) -> [(&'static str, Option<AttributeValue>); 4] {
    let done = position.done.map(|done| {
        let always = [("items", AttributeValue::N(done.items.to_string())), ("last", text(done.last))];
        let after = position.cursor.as_ref().map(|cursor| ("after", text(cursor)));
        AttributeValue::M(always.into_iter().chain(after).map(|(name, value)| (name.to_owned(), value)).collect())
    });
    let version = position.version.as_ref();
    [
        ("cursor", position.cursor.as_ref().map(text)),
        ("page_done", done),
        ("page_url", version.map(|version| text(&version.url))),
        ("page_etag", version.map(|version| text(&version.etag))),
    ]
}

/// The format of an item, where it is not known here.
fn unknown_format(item: &Item) -> Option<String> {
    let format = item.get("format")?;
    match format.as_n().ok().and_then(|format| format.parse::<u64>().ok()) {
        Some(known) if known <= FORMAT => None,
        Some(newer) => Some(newer.to_string()),
        None => Some("that is not a whole number".to_owned()),
    }
}

fn is_of(item: &Item, token: Uuid) -> bool {
    text_of(item, "token") == Some(token.to_string().as_str())
}

fn millis_of(item: &Item, name: &str) -> Option<UnixMillis> {
    item.get(name)?.as_n().ok()?.parse().ok().map(UnixMillis)
}

fn failed_to(operation: &'static str, failed: FailedWrite) -> StoreError {
    let code = match failed.failure {
        WriteFailure::Throttled => "cursor_throttled",
        WriteFailure::Denied => "cursor_denied",
        WriteFailure::TableMissing => "cursor_table_missing",
        WriteFailure::Contended => "cursor_contended",
        WriteFailure::Rejected => "cursor_rejected",
        WriteFailure::Unavailable => "cursor_unavailable",
    };
    StoreError { store: STORE, operation, code, retry_after: None, cause: Box::new(failed) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::Value;

    use super::*;

    /// Items as the last version of format 1 left them in a table, in DynamoDB's JSON.
    const FORMAT_1: &str = include_str!("../fixtures/cursor-format-1.json");

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
        attributes_of(position).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
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
