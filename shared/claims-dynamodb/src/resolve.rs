//! An operator's decision about a parked claim.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use event_runtime::{ClaimKey, Decision, LetterId, Resolved, StoreError};

use crate::DynamoDbClaims;
use crate::attribute::{
    DECISION, DONE, FREE, KEY, LETTER, PARKED, RESOLVED_AT, RESOLVED_BY, Resolution, STATE, State, Stored,
};
use crate::errors::foreign_item;
use crate::store::{number, text};
use crate::write::{Write, write};

impl DynamoDbClaims {
    /// One write, conditional on the letter that the operator has read.
    pub(crate) async fn decide(
        &self,
        key: &ClaimKey,
        letter: &LetterId,
        decision: Decision,
        by: &str,
    ) -> Result<Resolved, StoreError> {
        let state = match decision {
            Decision::Repeat => FREE,
            // Without an expiry: that an operator ended it is remembered for ever.
            Decision::Done => DONE,
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.options.table)
            .key(KEY, text(key.as_str()))
            .update_expression("SET #state = :state, #decision = :decision, #by = :by, #at = :now")
            .condition_expression("#state = :parked AND #letter = :letter")
            .expression_attribute_names("#state", STATE)
            .expression_attribute_names("#letter", LETTER)
            .expression_attribute_names("#decision", DECISION)
            .expression_attribute_names("#by", RESOLVED_BY)
            .expression_attribute_names("#at", RESOLVED_AT)
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":parked", text(PARKED))
            .expression_attribute_values(":letter", text(letter))
            .expression_attribute_values(":decision", text(decision.as_str()))
            .expression_attribute_values(":by", text(by))
            .expression_attribute_values(":now", number(self.clock.now().0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let found = match write("resolve a claim", update.send().await)? {
            Write::Applied => return Ok(Resolved::Applied),
            Write::Refused(None) => return Ok(Resolved::NotParked),
            Write::Refused(Some(item)) => Stored::read(&item).ok_or_else(|| foreign_item("resolve a claim"))?,
        };
        let ours = Resolution {
            decision: decision.as_str().to_owned(),
            by: by.to_owned(),
            letter: letter.as_str().to_owned(),
        };
        Ok(match found.state {
            State::Parked { .. } => Resolved::OtherLetter,
            // Decided so before: by an earlier try of ours whose answer was lost.
            State::Held { .. } | State::Done | State::Free if found.resolution.as_ref() == Some(&ours) => {
                Resolved::Applied
            }
            State::Held { .. } | State::Done | State::Free => Resolved::NotParked,
        })
    }
}
