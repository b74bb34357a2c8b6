//! The adapter: each operation of the port is one conditional write.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, Decision, EffectId, Fingerprint, Held, LetterId, OwnerToken, Resolved, Settled,
    StoreError, SystemClock,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::attribute::{
    CLAIMED_AT, DECISION, DONE, EXPIRES_AT, FINGERPRINT, FREE, FUNCTION, HELD, Item, KEY, LEASE_UNTIL, LETTER, PARKED,
    SETTLED_AT, STATE, State, Stored, TOKEN,
};
use crate::errors::{contended, foreign_item};
use crate::write::{Write, write};

/// A claim changes hands at most a few times while we look; more means something is wrong.
const MAX_RACES: usize = 5;

/// How claims are kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// Table name.
    pub table: String,
    /// The function's name, written into its claims for whoever reads the table.
    pub function: String,
    /// How long *done* is remembered; `None`, the default, for ever. After it, a replay repeats the effect.
    pub retain_done: Option<Duration>,
}

/// [`Claims`] in a DynamoDB table.
#[derive(Clone)]
pub struct DynamoDbClaims {
    pub(crate) client: Client,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
}

impl DynamoDbClaims {
    /// Claims by the machine's clock.
    pub fn new(client: Client, options: Options) -> Self {
        DynamoDbClaims { client, options, clock: Arc::new(SystemClock) }
    }

    /// The same with another clock.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        DynamoDbClaims { clock, ..self }
    }

    async fn take(&self, effect: &EffectId, lease: Duration) -> Result<Claim, StoreError> {
        let token = OwnerToken::fresh();
        for _ in 0..MAX_RACES {
            let now = self.clock.now();
            let held = Held { key: effect.key.clone(), token, until: now.plus(lease) };
            let found = match self.put_held(&held, effect.fingerprint).await? {
                Write::Applied => return Ok(Claim::Claimed(held)),
                // Deleted between the condition's check and our reading of it: try again.
                Write::Refused(None) => continue,
                Write::Refused(Some(item)) => Stored::read(&item).ok_or_else(|| foreign_item("claim"))?,
            };
            match found.state {
                // Our own write, whose answer was lost.
                State::Held { until } if found.is_of(token) => return Ok(Claim::Claimed(Held { until, ..held })),
                State::Held { until } if until > now => return Ok(Claim::HeldUntil(until)),
                State::Held { .. } => {
                    if self.take_over(&held, effect.fingerprint, &found).await? {
                        return Ok(Claim::Uncertain(held));
                    }
                }
                State::Free => {
                    if self.take_over(&held, effect.fingerprint, &found).await? {
                        return Ok(Claim::Claimed(held));
                    }
                }
                State::Done | State::Parked { .. } if effect.conflicts_with(found.fingerprint) => {
                    return Ok(Claim::Conflict);
                }
                State::Done => return Ok(Claim::Done),
                State::Parked { letter } => return Ok(Claim::Parked(letter)),
            }
            // Another worker was faster: look again.
        }
        Err(contended("claim"))
    }

    /// Puts a held item where there is none, or where *done* has outlived its retention (DynamoDB deletes late, so the
    /// condition compares the time itself).
    async fn put_held(&self, held: &Held, fingerprint: Option<Fingerprint>) -> Result<Write, StoreError> {
        let now = self.clock.now().0;
        let put = self
            .client
            .put_item()
            .table_name(&self.options.table)
            .item(KEY, text(held.key.as_str()))
            .item(STATE, text(HELD))
            .item(TOKEN, text(held.token))
            .item(LEASE_UNTIL, number(held.until.0))
            .item(CLAIMED_AT, number(now))
            .item(FUNCTION, text(&self.options.function))
            .condition_expression("attribute_not_exists(#key) OR (#state = :done AND #expires <= :now_s)")
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":done", text(DONE))
            .expression_attribute_values(":now_s", number(now / 1000))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match fingerprint {
            None => put,
            Some(fingerprint) => put.item(FINGERPRINT, text(fingerprint)),
        };
        write("claim", put.send().await)
    }

    /// Makes an abandoned or a free claim ours, if nobody has stirred since we looked; an operator's decision stays on
    /// record. Whether it is ours.
    async fn take_over(
        &self,
        held: &Held,
        fingerprint: Option<Fingerprint>,
        found: &Stored,
    ) -> Result<bool, StoreError> {
        let set = "SET #state = :held, #token = :mine, #until = :until, #claimed = :now, #function = :function";
        let update = self
            .client
            .update_item()
            .table_name(&self.options.table)
            .key(KEY, text(held.key.as_str()))
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#until", LEASE_UNTIL)
            .expression_attribute_names("#claimed", CLAIMED_AT)
            .expression_attribute_names("#function", FUNCTION)
            .expression_attribute_names("#fingerprint", FINGERPRINT)
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":mine", text(held.token))
            .expression_attribute_values(":until", number(held.until.0))
            .expression_attribute_values(":now", number(self.clock.now().0))
            .expression_attribute_values(":function", text(&self.options.function))
            .expression_attribute_values(":found", text(found.state.name()))
            .expression_attribute_values(":owner", text(&found.token))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match found.state {
            State::Held { until } => update
                .condition_expression("#state = :found AND #token = :owner AND #until = :expired")
                .expression_attribute_values(":expired", number(until.0)),
            State::Done | State::Parked { .. } | State::Free => {
                update.condition_expression("#state = :found AND #token = :owner")
            }
        };
        let update = match fingerprint {
            None => update.update_expression(format!("{set} REMOVE #fingerprint")),
            Some(fingerprint) => update
                .update_expression(format!("{set}, #fingerprint = :fingerprint"))
                .expression_attribute_values(":fingerprint", text(fingerprint)),
        };
        Ok(match write("take over a claim", update.send().await)? {
            Write::Applied => true,
            // Our own write, whose answer was lost.
            Write::Refused(Some(item)) => {
                Stored::read(&item).is_some_and(|now| now.is_of(held.token) && now.state.name() == HELD)
            }
            Write::Refused(None) => false,
        })
    }

    /// Held by us becomes `state`, with one more attribute where that state has one.
    async fn settle(
        &self,
        operation: &'static str,
        held: &Held,
        state: &'static str,
        more: Option<(&'static str, AttributeValue)>,
    ) -> Result<Settled, StoreError> {
        let set = "SET #state = :state, #settled = :now";
        let update = self
            .client
            .update_item()
            .table_name(&self.options.table)
            .key(KEY, text(held.key.as_str()))
            .condition_expression("#state = :held AND #token = :mine")
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#settled", SETTLED_AT)
            .expression_attribute_names("#until", LEASE_UNTIL)
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":mine", text(held.token))
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":now", number(self.clock.now().0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match more {
            None => update.update_expression(format!("{set} REMOVE #until")),
            Some((name, value)) => update
                .update_expression(format!("{set}, #more = :more REMOVE #until"))
                .expression_attribute_names("#more", name)
                .expression_attribute_values(":more", value),
        };
        Ok(match write(operation, update.send().await)? {
            Write::Applied => Settled::Applied,
            // Settled by this very token: by an earlier try of ours whose answer was lost.
            Write::Refused(Some(item)) if is_settled(&item, held.token, state) => Settled::Applied,
            Write::Refused(_) => Settled::NotOurs,
        })
    }

    async fn free(&self, held: &Held) -> Result<Settled, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.options.table)
            .key(KEY, text(held.key.as_str()))
            // What an operator decided stays on record: such a claim becomes free instead.
            .condition_expression("#state = :held AND #token = :mine AND attribute_not_exists(#decision)")
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#decision", DECISION)
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":mine", text(held.token))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match write("release", delete.send().await)? {
            // Gone: an earlier try of ours did it, its answer was lost.
            Write::Applied | Write::Refused(None) => Ok(Settled::Applied),
            Write::Refused(Some(item)) if is_settled(&item, held.token, FREE) => Ok(Settled::Applied),
            Write::Refused(Some(item)) if is_settled(&item, held.token, HELD) => {
                self.settle("release", held, FREE, None).await
            }
            Write::Refused(Some(_)) => Ok(Settled::NotOurs),
        }
    }
}

impl Claims for DynamoDbClaims {
    fn claim<'a>(&'a self, effect: &'a EffectId, lease: Duration) -> BoxFuture<'a, Result<Claim, StoreError>> {
        self.take(effect, lease).boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let expires = self.options.retain_done.map(|retain| self.clock.now().plus(retain).0 / 1000);
        self.settle("complete", held, DONE, expires.map(|at| (EXPIRES_AT, number(at)))).boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.free(held).boxed()
    }

    fn park<'a>(&'a self, held: &'a Held, letter: &'a LetterId) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle("park", held, PARKED, Some((LETTER, text(letter)))).boxed()
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        letter: &'a LetterId,
        decision: Decision,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        self.decide(key, letter, decision, by).boxed()
    }
}

/// Whether the item stands in `state` under this token.
fn is_settled(item: &Item, token: OwnerToken, state: &str) -> bool {
    Stored::read(item).is_some_and(|stored| stored.is_of(token) && stored.state.name() == state)
}

pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
