//! Resolving a parked claim: one write, conditional on the park that the decision is about.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use event_runtime::{ClaimKey, Decider, Decision, Doubt, ParkedUnder, Resolved, StoreError, UnixMillis};

use super::errors::{unreadable, write};
use super::item::{
    CERTAIN, DECISION, DONE, FORMAT, FREE, KEY, LETTER, NEWEST, PARKED, READABLE, RESOLVED_AT, RESOLVED_BY, Resolution,
    STATE, State, Stored, TOKEN,
};
use crate::value::{number, text};
use crate::writes::Write;

/// A decision about a parked claim.
pub(super) struct Resolving<'a> {
    pub(super) key: &'a ClaimKey,
    pub(super) park: ParkedUnder<'a>,
    pub(super) decision: Decision,
    pub(super) by: Decider<'a>,
    pub(super) now: UnixMillis,
}

impl Resolving<'_> {
    /// Writes the decision. Where a person did not make it, the write also requires the claim's own record that its effect
    /// did not happen.
    pub(super) async fn send(self, client: &Client, table: &str) -> Result<Resolved, StoreError> {
        let Resolving { key, park, decision, by, now } = self;
        let state = match decision {
            Decision::Repeat => FREE,
            // Without an expiry: a decision is kept for ever.
            Decision::Done => DONE,
        };
        let mut condition = format!("#state = :parked AND #letter = :letter AND {READABLE}");
        let update = client
            .update_item()
            .table_name(table)
            .key(KEY, text(key.as_str()))
            .update_expression("SET #state = :state, #decision = :decision, #by = :by, #at = :now, #format = :format")
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#letter", LETTER)
            .expression_attribute_names("#decision", DECISION)
            .expression_attribute_names("#by", RESOLVED_BY)
            .expression_attribute_names("#at", RESOLVED_AT)
            .expression_attribute_names("#format", FORMAT)
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":parked", text(PARKED))
            .expression_attribute_values(":letter", text(park.letter))
            .expression_attribute_values(":decision", text(decision.as_str()))
            .expression_attribute_values(":by", text(by.name()))
            .expression_attribute_values(":now", number(now.0))
            .expression_attribute_values(":format", number(NEWEST))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = match park.token {
            None => update,
            Some(token) => {
                condition.push_str(" AND #token = :seen");
                update.expression_attribute_values(":seen", text(token))
            }
        };
        let update = match by {
            Decider::Person(_) => update,
            Decider::Redrive => {
                condition.push_str(" AND #certain = #token");
                update.expression_attribute_names("#certain", CERTAIN)
            }
        };
        let update = match (park.token, by) {
            (None, Decider::Person(_)) => update,
            (Some(_), _) | (None, Decider::Redrive) => update.expression_attribute_names("#token", TOKEN),
        };
        let found = match write("resolve a claim", update.condition_expression(condition).send().await)? {
            Write::Applied => return Ok(Resolved::Applied),
            Write::Refused(None) => return Ok(Resolved::NotParked),
            Write::Refused(Some(item)) => Stored::read(&item).map_err(|item| unreadable("resolve a claim", item))?,
        };
        let ours = Resolution {
            decision: decision.as_str().to_owned(),
            by: by.name().to_owned(),
            letter: park.letter.as_str().to_owned(),
        };
        Ok(match &found.state {
            State::Parked { letter, doubt: Doubt::Uncertain }
                if by == Decider::Redrive
                    && letter.as_ref() == Some(park.letter)
                    && park.token.is_none_or(|seen| seen == found.token) =>
            {
                Resolved::Uncertain
            }
            State::Parked { .. } => Resolved::OtherPark,
            // The same decision stands already: an earlier try of ours wrote it, and its answer was lost.
            State::Held { .. } | State::Done | State::Free { .. } if found.resolution.as_ref() == Some(&ours) => {
                Resolved::Applied
            }
            State::Held { .. } | State::Done | State::Free { .. } => Resolved::NotParked,
        })
    }
}
