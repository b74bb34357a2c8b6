//! How far the feed has been published, and who may publish it: one DynamoDB item.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk` | the feed |
//! | `cursor` | where to go on; absent before the first page |
//! | `etag` | the version of the page at `cursor`, where it was empty when last seen |
//! | `token`, `lease_until` | the run at work and when it may be taken for dead, in milliseconds; absent between runs |
//! | `not_before` | until when the API asked to be left alone, in milliseconds |
//! | `moved_at` | when the cursor last moved, in milliseconds |
//!
//! Every write of a run names its token in its condition: a run that lost its lease changes nothing.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use dynamodb_writes::{FailedWrite, Item, Write, WriteFailure, number, text, text_of, write};
use event_runtime::{Clock, StoreError, SystemClock, UnixMillis};
use uuid::Uuid;

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

/// Where publishing goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The API's own cursor; `None` for the beginning.
    pub cursor: Option<String>,
    /// The version of the page there.
    pub etag: Option<String>,
}

/// What came of asking for the lease.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Ours {
        /// The lease.
        hold: Hold,
        /// Where to go on.
        position: Position,
        /// Until when the API asked to be left alone.
        not_before: Option<UnixMillis>,
    },
    /// Another run is at work, or died not long ago.
    Held {
        /// When it may be taken over.
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
    /// Whether the lease lasts so long from now.
    pub fn lasts(&self, needed: Duration) -> bool {
        SystemClock.now().plus(needed) <= self.until
    }
}

/// Whether a write of the lease's owner counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It did.
    Applied,
    /// The lease was taken over: nothing was changed, and the run has to end.
    LeaseLost,
}

impl Cursors {
    /// The item in `table`; a lease lasts `lease` unless it is renewed.
    pub fn new(client: Client, table: impl Into<String>, lease: Duration) -> Self {
        Cursors { client, table: table.into(), lease }
    }

    /// Takes the lease, if nobody has it or its owner let it run out.
    ///
    /// # Errors
    /// When the table cannot be asked.
    pub async fn take(&self) -> Result<Taken, StoreError> {
        let (token, now) = (Uuid::new_v4(), SystemClock.now());
        let until = now.plus(self.lease);
        let sent = self
            .update()
            .update_expression("SET #token = :mine, #until = :until")
            .condition_expression("attribute_not_exists(#token) OR #until < :now")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#until", "lease_until")
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
            // Taken by an earlier try of this very request, whose answer was lost.
            Write::Refused(Some(item)) if is_of(&item, token) => ours(hold, &item),
            Write::Refused(item) => {
                Taken::Held { until: item.and_then(|item| millis_of(&item, "lease_until")).unwrap_or(until) }
            }
        })
    }

    /// Makes the lease last anew.
    ///
    /// # Errors
    /// When the table cannot be asked.
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

    /// Moves on to `to`, and makes the lease last anew. Only after everything before it is acknowledged.
    ///
    /// # Errors
    /// When the table cannot be asked. The move may have happened; the next run finds out.
    pub async fn advance(&self, hold: &mut Hold, to: &Position) -> Result<Written, StoreError> {
        let now = SystemClock.now();
        let until = now.plus(self.lease);
        let (mut set, mut remove) = (vec!["#until = :until", "#moved = :now"], Vec::new());
        let mut update = self
            .update()
            .condition_expression("#token = :mine")
            .expression_attribute_names("#token", "token")
            .expression_attribute_names("#until", "lease_until")
            .expression_attribute_names("#moved", "moved_at")
            .expression_attribute_names("#cursor", "cursor")
            .expression_attribute_names("#etag", "etag")
            .expression_attribute_values(":mine", text(hold.token))
            .expression_attribute_values(":until", number(until.0))
            .expression_attribute_values(":now", number(now.0));
        match &to.cursor {
            Some(cursor) => {
                set.push("#cursor = :cursor");
                update = update.expression_attribute_values(":cursor", text(cursor));
            }
            None => remove.push("#cursor"),
        }
        match &to.etag {
            Some(etag) => {
                set.push("#etag = :etag");
                update = update.expression_attribute_values(":etag", text(etag));
            }
            None => remove.push("#etag"),
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

    /// Lets the next run in; `not_before` where the API asked to be left alone until then.
    ///
    /// # Errors
    /// When the table cannot be asked. The lease then runs out by itself.
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
    let attribute = |name| text_of(item, name).map(str::to_owned);
    let position = Position { cursor: attribute("cursor"), etag: attribute("etag") };
    Taken::Ours { hold, position, not_before: millis_of(item, "not_before") }
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
    StoreError { store: "the cursor table", operation, code, retry_after: None, cause: Box::new(failed) }
}
