//! The claims of the version before this one, with its own expressions. One worker at a time, so it may read before it
//! writes.

use event_runtime::{LetterId, OwnerToken, UnixMillis};
use local_stack::Aws;
use serde_json::{Value, json};

use crate::{LEASE, TABLE, text_of};

/// The result of a claim in that version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Claimed(OwnerToken),
    Uncertain(OwnerToken),
    Held,
    Done,
    Parked(Option<LetterId>),
}

/// A worker or a redrive of that version.
pub(crate) struct Earlier<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) now: UnixMillis,
}

impl Earlier<'_> {
    async fn write(&self, operation: &str, mut request: Value) {
        request["TableName"] = TABLE.into();
        self.aws.call(&format!("DynamoDB_20120810.{operation}"), &request).await.unwrap();
    }

    pub(crate) async fn item(&self, key: &str) -> Option<Value> {
        self.aws.items(TABLE).await.unwrap().into_iter().find(|item| text_of(item, "pk") == Some(key))
    }

    pub(crate) async fn claim(&self, key: &str) -> Found {
        let token = OwnerToken::fresh();
        let (now, until) = (self.now.0, self.now.plus(LEASE).0);
        let Some(item) = self.item(key).await else {
            let put = json!({
                "Item": {"pk": {"S": key}, "state": {"S": "held"}, "token": {"S": token.to_string()},
                    "lease_until": {"N": until.to_string()}, "claimed_at": {"N": now.to_string()}, "function": {"S": "old"}},
                "ConditionExpression": "attribute_not_exists(#key) OR (#state = :done AND #expires <= :now_s)",
                "ExpressionAttributeNames": {"#key": "pk", "#state": "state", "#expires": "expires_at"},
                "ExpressionAttributeValues": {":done": {"S": "done"}, ":now_s": {"N": (now / 1000).to_string()}},
            });
            self.write("PutItem", put).await;
            return Found::Claimed(token);
        };
        let state = text_of(&item, "state").unwrap();
        let expired = match state {
            "held" => item["lease_until"]["N"].as_str().unwrap().parse::<u64>().unwrap() <= now,
            "done" => return Found::Done,
            "parked" => return Found::Parked(text_of(&item, "letter").map(LetterId::from_stored)),
            "free" => true,
            other => panic!("that version does not know the state {other}"),
        };
        if !expired {
            return Found::Held;
        }
        let mut update = json!({
            "Key": {"pk": {"S": key}},
            "UpdateExpression": "SET #state = :held, #token = :mine, #until = :until, #claimed = :now, \
                #function = :function REMOVE #fingerprint",
            "ConditionExpression": "#state = :found AND #token = :owner",
            "ExpressionAttributeNames": {"#state": "state", "#token": "token", "#until": "lease_until",
                "#claimed": "claimed_at", "#function": "function", "#fingerprint": "fingerprint"},
            "ExpressionAttributeValues": {":held": {"S": "held"}, ":mine": {"S": token.to_string()},
                ":until": {"N": until.to_string()}, ":now": {"N": now.to_string()}, ":function": {"S": "old"},
                ":found": {"S": state}, ":owner": item["token"]},
        });
        if state == "held" {
            update["ConditionExpression"] = "#state = :found AND #token = :owner AND #until = :expired".into();
            update["ExpressionAttributeValues"][":expired"] = item["lease_until"].clone();
        }
        self.write("UpdateItem", update).await;
        if state == "held" { Found::Uncertain(token) } else { Found::Claimed(token) }
    }

    pub(crate) async fn complete(&self, key: &str, token: OwnerToken) {
        self.settle(key, token, "done", None).await;
    }

    /// Parks without a doubt: that version does not record it.
    pub(crate) async fn park(&self, key: &str, token: OwnerToken, letter: &LetterId) {
        self.settle(key, token, "parked", Some(letter)).await;
    }

    async fn settle(&self, key: &str, token: OwnerToken, state: &str, letter: Option<&LetterId>) {
        let mut update = json!({
            "Key": {"pk": {"S": key}},
            "UpdateExpression": "SET #state = :state, #settled = :now REMOVE #until",
            "ConditionExpression": "#state = :held AND #token = :mine",
            "ExpressionAttributeNames": {"#state": "state", "#token": "token", "#settled": "settled_at",
                "#until": "lease_until"},
            "ExpressionAttributeValues": {":held": {"S": "held"}, ":mine": {"S": token.to_string()},
                ":state": {"S": state}, ":now": {"N": self.now.0.to_string()}},
        });
        if let Some(letter) = letter {
            update["UpdateExpression"] = "SET #state = :state, #settled = :now, #more = :more REMOVE #until".into();
            update["ExpressionAttributeNames"]["#more"] = "letter".into();
            update["ExpressionAttributeValues"][":more"] = json!({"S": letter.as_str()});
        }
        self.write("UpdateItem", update).await;
    }

    pub(crate) async fn release(&self, key: &str, token: OwnerToken) {
        if self.item(key).await.unwrap().get("decision").is_some() {
            return self.settle(key, token, "free", None).await;
        }
        let delete = json!({
            "Key": {"pk": {"S": key}},
            "ConditionExpression": "#state = :held AND #token = :mine AND attribute_not_exists(#decision)",
            "ExpressionAttributeNames": {"#state": "state", "#token": "token", "#decision": "decision"},
            "ExpressionAttributeValues": {":held": {"S": "held"}, ":mine": {"S": token.to_string()}},
        });
        self.write("DeleteItem", delete).await;
    }

    /// Frees a claim as its redrive does: by the letter's id alone. True if it did.
    pub(crate) async fn frees(&self, key: &str, letter: &LetterId, by: &str) -> bool {
        let item = self.item(key).await.unwrap();
        if text_of(&item, "state") != Some("parked") || text_of(&item, "letter") != Some(letter.as_str()) {
            return false;
        }
        let update = json!({
            "Key": {"pk": {"S": key}},
            "UpdateExpression": "SET #state = :state, #decision = :decision, #by = :by, #at = :now",
            "ConditionExpression": "#state = :parked AND #letter = :letter",
            "ExpressionAttributeNames": {"#state": "state", "#letter": "letter", "#decision": "decision",
                "#by": "resolved_by", "#at": "resolved_at"},
            "ExpressionAttributeValues": {":state": {"S": "free"}, ":parked": {"S": "parked"},
                ":letter": {"S": letter.as_str()}, ":decision": {"S": "repeat"}, ":by": {"S": by},
                ":now": {"N": self.now.0.to_string()}},
        });
        self.write("UpdateItem", update).await;
        true
    }
}
