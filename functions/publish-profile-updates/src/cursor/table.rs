//! The cursor's item in its table.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use dynamodb::writes::{FailedWrite, FailureCodes, Write, write};
use dynamodb::{Column, Item, number, text};
use event_functions::{Clock, StoreError, SystemClock, UnixMillis};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::item::{attributes_of, is_of, millis_of, position_of, unknown_format};
use super::{CursorError, Cursors, FEED, FORMAT, Hold, KEY, Position, Taken, Written};

/// The item, in its table.
#[derive(Debug, Clone)]
pub(crate) struct CursorTable {
    client: Client,
    table: String,
    lease: Duration,
}

impl CursorTable {
    /// The item in `table`; a lease lasts `lease` unless it is renewed.
    pub(crate) fn new(client: Client, table: impl Into<String>, lease: Duration) -> Self {
        CursorTable { client, table: table.into(), lease }
    }

    async fn take(&self) -> Result<Taken, CursorError> {
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
            Write::Refused(Some(item)) if let Some(found) = unknown_format(&item) => {
                return Err(CursorError::UnknownFormat { found });
            }
            // Taken by an earlier try of this very request, whose answer was lost.
            Write::Refused(Some(item)) if is_of(&item, token) => ours(hold, &item),
            Write::Refused(item) => {
                Taken::Held { until: item.and_then(|item| millis_of(&item, "lease_until")).unwrap_or(until) }
            }
        })
    }

    async fn renew(&self, hold: &mut Hold) -> Result<Written, StoreError> {
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

    async fn advance(&self, hold: &mut Hold, to: &Position) -> Result<Written, StoreError> {
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
        for (name, column) in attributes_of(to) {
            update = update.expression_attribute_names(format!("#{name}"), &name);
            match column {
                Column::Is(value) => {
                    set.push(format!("#{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), value);
                }
                Column::Null | Column::Unchanged => remove.push(format!("#{name}")),
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

    async fn release(&self, hold: Hold, not_before: Option<UnixMillis>) -> Result<Written, StoreError> {
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

    fn update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(KEY, text(FEED))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

impl Cursors for CursorTable {
    fn take(&self) -> BoxFuture<'_, Result<Taken, CursorError>> {
        self.take().boxed()
    }

    fn renew<'a>(&'a self, hold: &'a mut Hold) -> BoxFuture<'a, Result<Written, StoreError>> {
        self.renew(hold).boxed()
    }

    fn advance<'a>(&'a self, hold: &'a mut Hold, to: &'a Position) -> BoxFuture<'a, Result<Written, StoreError>> {
        self.advance(hold, to).boxed()
    }

    fn release(&self, hold: Hold, not_before: Option<UnixMillis>) -> BoxFuture<'_, Result<Written, StoreError>> {
        self.release(hold, not_before).boxed()
    }
}

fn ours(hold: Hold, item: &Item) -> Taken {
    Taken::Ours { hold, position: position_of(item), not_before: millis_of(item, "not_before") }
}

const CODES: FailureCodes = FailureCodes {
    throttled: "cursor_throttled",
    denied: "cursor_denied",
    table_missing: "cursor_table_missing",
    contended: "cursor_contended",
    rejected: "cursor_rejected",
    unavailable: "cursor_unavailable",
};

fn failed_to(operation: &'static str, failed: FailedWrite) -> StoreError {
    failed.into_store_error("the cursor table", operation, &CODES)
}
