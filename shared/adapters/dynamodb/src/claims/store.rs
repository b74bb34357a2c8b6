//! The claims table: each operation of the port is one conditional write.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, Decider, Decision, Doubt, EffectId, Fingerprint, Held, LetterId, OwnerToken,
    Parked, ParkedUnder, Resolved, Settled, StoreError, SystemClock,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::errors::{contended, unreadable, write};
use super::item::{
    CERTAIN, CLAIMED_AT, DECISION, DONE, EXPIRES_AT, FINGERPRINT, FORMAT, FREE, FUNCTION, HELD, KEY, LEASE_UNTIL,
    LETTER, NEWEST, PARKED, READABLE, SETTLED_AT, STATE, State, Stored, TAKEN_OVER, TOKEN,
};
use super::resolve::Resolving;
use crate::keys::MAX_PARTITION_KEY_BYTES;
use crate::value::{Item, number, text};
use crate::writes::Write;

/// How much later each lease ends than the one before it, at least.
const TICK: Duration = Duration::from_millis(1);

/// Another worker may change the claim between two of our writes this many times. More means that something is wrong.
const MAX_RACES: usize = 5;

/// How claims are stored.
#[derive(Debug, Clone)]
pub struct Options {
    /// Table name.
    pub table: String,
    /// The function's name, written into its claims for people who read the table.
    pub function: String,
    /// How long *done* is kept; `None` for ever. After that a replay repeats the effect.
    pub retain_done: Option<Duration>,
}

/// [`Claims`] in a DynamoDB table.
#[derive(Clone)]
pub struct DynamoDbClaims {
    client: Client,
    options: Options,
    clock: Arc<dyn Clock>,
}

impl DynamoDbClaims {
    /// Claims that use the machine's clock.
    pub fn new(client: Client, options: Options) -> Self {
        DynamoDbClaims { client, options, clock: Arc::new(SystemClock) }
    }

    /// The same claims with another clock.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        DynamoDbClaims { clock, ..self }
    }

    async fn take(&self, effect: &EffectId, lease: Duration, token: OwnerToken) -> Result<Claim, StoreError> {
        for _ in 0..MAX_RACES {
            let now = self.clock.now();
            let held = Held { key: effect.key.clone(), token, until: now.plus(lease), former: None };
            let found = match self.put_held(&held, effect.fingerprint).await? {
                Write::Applied => return Ok(Claim::Claimed(held)),
                // Deleted between the condition's check and our reading of it: try again.
                Write::Refused(None) => continue,
                Write::Refused(Some(item)) => Stored::read(&item).map_err(|item| unreadable("claim", item))?,
            };
            let taken_over = match &found.state {
                // Our own claim: of an earlier try whose answer was lost, or of this put, which the client sent twice. The
                // two look the same, so it is claimed again: a late write of an earlier try must not end it.
                State::Held { taken_over, .. } if found.token == token => *taken_over,
                State::Held { until, .. } if *until > now => return Ok(Claim::HeldUntil(*until)),
                State::Held { .. } => true,
                State::Free { .. } => false,
                State::Done | State::Parked { .. } if effect.conflicts_with(found.fingerprint) => {
                    return Ok(Claim::Conflict);
                }
                State::Done => return Ok(Claim::Done),
                State::Parked { letter, doubt } => {
                    return Ok(Claim::Parked(Parked { letter: letter.clone(), token: found.token, doubt: *doubt }));
                }
            };
            let later = found.until().map_or(held.until, |until| held.until.max(until.plus(TICK)));
            let held = Held { until: later, ..held };
            match self.take_over(&held, effect.fingerprint, &found, taken_over).await? {
                true if taken_over => return Ok(Claim::Uncertain(held)),
                true => return Ok(Claim::Claimed(held)),
                // Another worker was faster: look again.
                false => {}
            }
        }
        Err(contended("claim"))
    }

    /// Puts a held item where there is none, where a free one has an earlier lease and no decision, or where *done* is past
    /// its retention (DynamoDB deletes late, so the condition compares the time).
    async fn put_held(&self, held: &Held, fingerprint: Option<Fingerprint>) -> Result<Write, StoreError> {
        let now = self.clock.now().0;
        let put = self
            .client
            .put_item()
            .table_name(&self.options.table)
            .item(KEY, text(held.key.as_str()))
            .item(FORMAT, number(NEWEST))
            .item(STATE, text(HELD))
            .item(TOKEN, text(held.token))
            .item(LEASE_UNTIL, number(held.until.0))
            .item(CLAIMED_AT, number(now))
            .item(FUNCTION, text(&self.options.function))
            .condition_expression(format!(
                "attribute_not_exists(#key) OR ({READABLE} AND ((#state = :done AND #expires <= :now_s) \
                 OR (#state = :free AND #until < :until AND attribute_not_exists(#decision))))"
            ))
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#format", FORMAT)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_names("#until", LEASE_UNTIL)
            .expression_attribute_names("#decision", DECISION)
            .expression_attribute_values(":format", number(NEWEST))
            .expression_attribute_values(":done", text(DONE))
            .expression_attribute_values(":free", text(FREE))
            .expression_attribute_values(":until", number(held.until.0))
            .expression_attribute_values(":now_s", number(now / 1000))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match fingerprint {
            None => put,
            Some(fingerprint) => put.item(FINGERPRINT, text(fingerprint)),
        };
        write("claim", put.send().await)
    }

    /// Takes an abandoned or free claim, or one of our own again, if nobody has changed it since we read it. A decision
    /// stays on the item. True if the claim is ours now.
    async fn take_over(
        &self,
        held: &Held,
        fingerprint: Option<Fingerprint>,
        found: &Stored,
        taken_over: bool,
    ) -> Result<bool, StoreError> {
        let mut set = "SET #state = :held, #token = :mine, #until = :until, #claimed = :now, #function = :function, \
                       #format = :format"
            .to_owned();
        let mut remove = " REMOVE #certain".to_owned();
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
            .expression_attribute_names("#format", FORMAT)
            .expression_attribute_names("#taken", TAKEN_OVER)
            .expression_attribute_names("#certain", CERTAIN)
            .expression_attribute_names("#fingerprint", FINGERPRINT)
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":mine", text(held.token))
            .expression_attribute_values(":until", number(held.until.0))
            .expression_attribute_values(":now", number(self.clock.now().0))
            .expression_attribute_values(":function", text(&self.options.function))
            .expression_attribute_values(":format", number(NEWEST))
            .expression_attribute_values(":found", text(found.state.name()))
            .expression_attribute_values(":owner", text(found.token))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match taken_over {
            true => set.push_str(", #taken = :mine"),
            false => remove.push_str(", #taken"),
        }
        let update = match fingerprint {
            None => {
                remove.push_str(", #fingerprint");
                update
            }
            Some(fingerprint) => {
                set.push_str(", #fingerprint = :fingerprint");
                update.expression_attribute_values(":fingerprint", text(fingerprint))
            }
        };
        let update = match found.until() {
            Some(until) => update
                .condition_expression("#state = :found AND #token = :owner AND #until = :seen")
                .expression_attribute_values(":seen", number(until.0)),
            None => update.condition_expression("#state = :found AND #token = :owner AND attribute_not_exists(#until)"),
        };
        Ok(match write("take over a claim", update.update_expression(set + &remove).send().await)? {
            Write::Applied => true,
            // This same write, which the client sent twice.
            Write::Refused(Some(item)) => Stored::read(&item).is_ok_and(|now| now.is_held(held)),
            Write::Refused(None) => false,
        })
    }

    /// Moves a claim that we hold under exactly this lease to `state`, with the attributes of that state.
    async fn settle(
        &self,
        operation: &'static str,
        held: &Held,
        state: &'static str,
        more: Vec<(&'static str, AttributeValue)>,
    ) -> Result<Settled, StoreError> {
        let mut expression = "SET #state = :state, #settled = :now, #format = :format".to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.options.table)
            .key(KEY, text(held.key.as_str()))
            .condition_expression(format!("#state = :held AND #token = :mine AND #until = :until AND {READABLE}"))
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#settled", SETTLED_AT)
            .expression_attribute_names("#until", LEASE_UNTIL)
            .expression_attribute_names("#format", FORMAT)
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":mine", text(held.token))
            .expression_attribute_values(":until", number(held.until.0))
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":now", number(self.clock.now().0))
            .expression_attribute_values(":format", number(NEWEST))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (number, (name, value)) in more.into_iter().enumerate() {
            expression.push_str(&format!(", #more{number} = :more{number}"));
            update = update
                .expression_attribute_names(format!("#more{number}"), name)
                .expression_attribute_values(format!(":more{number}"), value);
        }
        // A free claim keeps the lease's end, against a claim request that arrives late.
        if state != FREE {
            expression.push_str(" REMOVE #until");
        }
        Ok(match write(operation, update.update_expression(expression).send().await)? {
            Write::Applied => Settled::Applied,
            // A missing item is free: only the earlier version deletes, and only a claim that it had taken itself.
            Write::Refused(None) if state == FREE => Settled::Applied,
            // Our token settled it already: an earlier try of ours, whose answer was lost.
            Write::Refused(Some(item)) if is_settled(&item, held, state) => Settled::Applied,
            Write::Refused(_) => Settled::NotOurs,
        })
    }

    async fn take_back(&self, key: &ClaimKey, lease: Duration, token: OwnerToken) -> Result<Settled, StoreError> {
        let now = self.clock.now();
        let update = self
            .client
            .update_item()
            .table_name(&self.options.table)
            .key(KEY, text(key.as_str()))
            .update_expression(
                "SET #state = :free, #token = :mine, #until = :until, #settled = :now, #function = :function, \
                 #format = :format",
            )
            .condition_expression(format!(
                "attribute_not_exists(#key) OR ({READABLE} AND (\
                 (#state = :held AND #token = :mine AND (attribute_not_exists(#taken) OR #taken <> :mine)) \
                 OR (#state = :free AND (attribute_not_exists(#until) OR #until < :until))))"
            ))
            .expression_attribute_names("#key", KEY)
            .expression_attribute_names("#format", FORMAT)
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#token", TOKEN)
            .expression_attribute_names("#until", LEASE_UNTIL)
            .expression_attribute_names("#taken", TAKEN_OVER)
            .expression_attribute_names("#settled", SETTLED_AT)
            .expression_attribute_names("#function", FUNCTION)
            .expression_attribute_values(":free", text(FREE))
            .expression_attribute_values(":held", text(HELD))
            .expression_attribute_values(":mine", text(token))
            .expression_attribute_values(":until", number(now.plus(lease).0))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":function", text(&self.options.function))
            .expression_attribute_values(":format", number(NEWEST))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(match write("withdraw", update.send().await)? {
            Write::Applied => Settled::Applied,
            // Free already, and a late claim request of ours cannot take it.
            Write::Refused(Some(item)) if Stored::read(&item).is_ok_and(|found| found.state.name() == FREE) => {
                Settled::Applied
            }
            Write::Refused(_) => Settled::NotOurs,
        })
    }
}

impl Claims for DynamoDbClaims {
    fn max_key_bytes(&self) -> usize {
        MAX_PARTITION_KEY_BYTES
    }

    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        self.take(effect, lease, token).boxed()
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let expires = self.options.retain_done.map(|retain| self.clock.now().plus(retain).0 / 1000);
        let expires = expires.map(|at| (EXPIRES_AT, number(at)));
        self.settle("complete", held, DONE, Vec::from_iter(expires)).boxed()
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.settle("release", held, FREE, Vec::new()).boxed()
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.take_back(key, lease, token).boxed()
    }

    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        let certain = (doubt == Doubt::Certain).then(|| (CERTAIN, text(held.token)));
        let more = Vec::from_iter([(LETTER, text(letter))].into_iter().chain(certain));
        self.settle("park", held, PARKED, more).boxed()
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        let resolving = Resolving { key, park, decision, by, now: self.clock.now() };
        resolving.send(&self.client, &self.options.table).boxed()
    }
}

/// Whether this lease has already moved the item to `state`.
fn is_settled(item: &Item, held: &Held, state: &str) -> bool {
    Stored::read(item).is_ok_and(|stored| {
        stored.token == held.token
            && stored.state.name() == state
            && stored.until().is_none_or(|until| until == held.until)
    })
}
