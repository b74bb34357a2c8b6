//! Claims and letters of the version before this one, and both versions on one table, as in a roll-out and a rollback.
//!
//! The fixtures were written by that version's own adapters. [`earlier_claims`] has its expressions, to run them on our items.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod earlier_claims;
mod letters;
mod renamed_claims;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb::claims::{DynamoDbClaims, Options};
use event_runtime::testing::ManualClock;
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, Decider, Decision, Doubt, EffectId, Fingerprint, Held, LetterId, OwnerToken,
    Parked, ParkedUnder, Resolved, Settled, UnixMillis,
};
use local_stack::{Aws, REGION, Table, Workspace};
use serde_json::Value;

use crate::earlier_claims::{Earlier, Found};

pub(crate) const TABLE: &str = "claims";
pub(crate) const LEASE: Duration = Duration::from_secs(15);
const LETTER: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn text_of<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name)?.get("S")?.as_str()
}

fn effect(name: &str) -> EffectId {
    ClaimKey::new("welcome", name).unwrap().into()
}

/// The emulator with a table of claims, this version on it, and the time.
struct Rollout {
    aws: Aws,
    client: aws_sdk_dynamodb::Client,
    claims: DynamoDbClaims,
    clock: ManualClock,
}

impl Rollout {
    async fn start(now: UnixMillis) -> Self {
        let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
        aws.create_table(Table::named(TABLE)).await.unwrap();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(aws.endpoint())
            .credentials_provider(Credentials::new("test", "test", None, None, "conformance"))
            .load()
            .await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let clock = ManualClock::at(now);
        let options = Options { table: TABLE.to_owned(), function: "new".to_owned(), retain_done: None };
        let claims = DynamoDbClaims::new(client.clone(), options).with_clock(Arc::new(clock.clone()));
        Rollout { aws, client, claims, clock }
    }

    /// Starts with every item of the fixture, at the time when the last of them was written.
    async fn with_items_of_the_version_before() -> Self {
        let fixture: Value = serde_json::from_str(include_str!("../../fixtures/earlier/claims.json")).unwrap();
        let world = Rollout::start(UnixMillis(fixture["now_ms"].as_u64().unwrap())).await;
        for item in fixture["items"].as_array().unwrap() {
            world.put(item).await;
        }
        world
    }

    async fn put(&self, item: &Value) {
        let attribute = |value: &Value| match (value["S"].as_str(), value["N"].as_str()) {
            (Some(text), None) => AttributeValue::S(text.to_owned()),
            (None, Some(number)) => AttributeValue::N(number.to_owned()),
            other => panic!("{other:?}"),
        };
        let item: HashMap<_, _> =
            item.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        self.client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }

    fn earlier(&self) -> Earlier<'_> {
        Earlier { aws: &self.aws, now: self.clock.now() }
    }

    async fn item(&self, name: &str) -> Value {
        self.earlier().item(&format!("welcome:{name}")).await.unwrap()
    }

    async fn claim(&self, name: &str) -> Claim {
        self.claims.claim(&effect(name), LEASE, OwnerToken::fresh()).await.unwrap()
    }

    async fn claimed(&self, name: &str) -> Held {
        match self.claim(name).await {
            Claim::Claimed(held) => held,
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn parked(&self, name: &str) -> Parked {
        match self.claim(name).await {
            Claim::Parked(parked) => parked,
            other => panic!("{name}: {other:?}"),
        }
    }

    async fn park(&self, held: &Held, letter: &LetterId, doubt: Doubt) {
        assert_eq!(self.claims.park(held, letter, doubt).await.unwrap(), Settled::Applied);
    }

    async fn resolve(&self, name: &str, letter: &LetterId, by: Decider<'_>) -> Resolved {
        let park = ParkedUnder::from(letter);
        self.claims.resolve(&effect(name).key, park, Decision::Repeat, by).await.unwrap()
    }
}

fn letter() -> LetterId {
    LetterId::from_stored(LETTER)
}

#[tokio::test]
async fn every_claim_of_the_version_before_is_read() {
    let world = Rollout::with_items_of_the_version_before().await;
    for name in ["held", "held-with-fingerprint", "taken-over", "held-after-decision"] {
        let found = world.claim(name).await;
        assert_eq!(found, Claim::HeldUntil(world.clock.now().plus(LEASE)), "{name}");
    }
    assert!(matches!(world.claim("abandoned").await, Claim::Uncertain(_)));
    for name in ["done", "done-with-expiry", "done-with-fingerprint", "done-by-decision"] {
        assert_eq!(world.claim(name).await, Claim::Done, "{name}");
    }
    let other = effect("done-with-fingerprint").with_fingerprint(Fingerprint::of([("amount", "99")]));
    assert_eq!(world.claims.claim(&other, LEASE, OwnerToken::fresh()).await.unwrap(), Claim::Conflict);
    for (name, under) in
        [("parked-certain", letter()), ("parked-uncertain", letter()), ("parked-redriven", letter().uncertain())]
    {
        let parked = world.parked(name).await;
        assert_eq!((parked.letter, parked.doubt), (Some(under), Doubt::Uncertain), "{name}: the item has no doubt");
    }
    for name in ["free", "free-by-redrive", "released-after-decision"] {
        world.claimed(name).await;
    }
    // Later: held claims are abandoned, and done claims are past their retention.
    world.clock.advance(Duration::from_secs(3601));
    for name in ["held", "held-with-fingerprint", "taken-over", "held-after-decision"] {
        assert!(matches!(world.claim(name).await, Claim::Uncertain(_)), "{name}");
    }
    world.claimed("done-with-expiry").await;
}

#[tokio::test]
async fn claims_of_the_version_before_are_settled_and_keep_decisions() {
    let world = Rollout::with_items_of_the_version_before().await;
    for name in ["free", "free-by-redrive", "released-after-decision"] {
        let decided = world.item(name).await;
        let held = world.claimed(name).await;
        assert_eq!(world.claims.release(&held).await.unwrap(), Settled::Applied, "{name}");
        let held = world.claimed(name).await;
        assert_eq!(world.claims.complete(&held).await.unwrap(), Settled::Applied, "{name}");
        assert_eq!(world.claim(name).await, Claim::Done, "{name}");
        let done = world.item(name).await;
        for attribute in ["decision", "resolved_by", "resolved_at", "letter"] {
            assert_eq!(done[attribute], decided[attribute], "{name}");
        }
        assert_eq!(done["format"]["N"], "2", "{name}");
    }
    let Claim::Uncertain(held) = world.claim("abandoned").await else { panic!("it was abandoned") };
    world.park(&held, &letter().uncertain(), Doubt::Uncertain).await;
    assert_eq!(world.parked("abandoned").await.doubt, Doubt::Uncertain);
}

#[tokio::test]
async fn a_claim_parked_by_the_version_before_takes_a_person() {
    let world = Rollout::with_items_of_the_version_before().await;
    for (name, under) in
        [("parked-certain", letter()), ("parked-uncertain", letter()), ("parked-redriven", letter().uncertain())]
    {
        assert_eq!(world.resolve(name, &under, Decider::Redrive).await, Resolved::Uncertain, "{name}");
        assert_eq!(world.resolve(name, &under, Decider::Person("ann")).await, Resolved::Applied, "{name}");
        world.claimed(name).await;
    }
}

#[tokio::test]
async fn after_a_rollback_the_version_before_reads_every_claim_of_this_one() {
    let world = Rollout::start(UnixMillis(1_795_421_000_000)).await;
    let token = OwnerToken::fresh();
    world.claimed("held").await;
    world.claimed("abandoned").await;
    let held = world.claimed("done").await;
    world.claims.complete(&held).await.unwrap();
    let held = world.claimed("certain").await;
    world.park(&held, &letter(), Doubt::Certain).await;
    let held = world.claimed("uncertain").await;
    world.park(&held, &letter().uncertain(), Doubt::Uncertain).await;
    let held = world.claimed("released").await;
    world.claims.release(&held).await.unwrap();
    world.claims.withdraw(&effect("withdrawn").key, LEASE, token).await.unwrap();

    let earlier = world.earlier();
    assert_eq!(earlier.claim("welcome:held").await, Found::Held);
    assert_eq!(earlier.claim("welcome:done").await, Found::Done);
    assert_eq!(earlier.claim("welcome:certain").await, Found::Parked(Some(letter())));
    assert_eq!(earlier.claim("welcome:uncertain").await, Found::Parked(Some(letter().uncertain())));
    for name in ["released", "withdrawn"] {
        let key = format!("welcome:{name}");
        let Found::Claimed(token) = earlier.claim(&key).await else { panic!("{name}: it is free") };
        assert!(world.item(name).await.get("expires_at").is_none(), "a held claim never expires");
        earlier.release(&key, token).await;
        let held = world.claimed(name).await;
        assert_eq!(world.claims.complete(&held).await.unwrap(), Settled::Applied);
    }
    world.clock.advance(LEASE * 2);
    let earlier = world.earlier();
    assert!(matches!(earlier.claim("welcome:abandoned").await, Found::Uncertain(_)));
}

/// That version's redrive decides by the message alone. The letter's second id keeps it from freeing an uncertain claim.
#[tokio::test]
async fn after_a_rollback_no_redrive_frees_an_uncertain_claim() {
    let world = Rollout::start(UnixMillis(1_795_421_000_000)).await;
    let held = world.claimed("uncertain").await;
    world.park(&held, &letter().uncertain(), Doubt::Uncertain).await;
    let held = world.claimed("certain").await;
    world.park(&held, &letter(), Doubt::Certain).await;

    let earlier = world.earlier();
    assert!(!earlier.frees("welcome:uncertain", &letter(), "redrive").await, "it looks under the letter's own id");
    assert!(earlier.frees("welcome:certain", &letter(), "redrive").await, "nothing had happened");
    assert!(earlier.frees("welcome:uncertain", &letter().uncertain(), "ann").await, "a person looks under both");
    for name in ["uncertain", "certain"] {
        world.claimed(name).await;
    }
}

/// That version changes its own attributes and leaves ours as they are: they are about an earlier park by then.
#[tokio::test]
async fn our_attributes_mean_nothing_after_the_other_version_parked() {
    let world = Rollout::start(UnixMillis(1_795_421_000_000)).await;
    let held = world.claimed("certain").await;
    world.park(&held, &letter(), Doubt::Certain).await;
    let earlier = world.earlier();
    assert!(earlier.frees("welcome:certain", &letter(), "redrive").await);
    let Found::Claimed(token) = earlier.claim("welcome:certain").await else { panic!("it is free") };
    earlier.park("welcome:certain", token, &letter()).await;
    assert_eq!(
        text_of(&world.item("certain").await, "did_not_happen"),
        Some(&*held.token.to_string()),
        "the attribute stays"
    );
    assert_eq!(world.parked("certain").await, Parked { letter: Some(letter()), token, doubt: Doubt::Uncertain });
    assert_eq!(world.resolve("certain", &letter(), Decider::Redrive).await, Resolved::Uncertain);

    // The same for a claim that we had taken over: another worker has it now, in a try of its own.
    world.claimed("taken-over").await;
    world.clock.advance(LEASE * 2);
    assert!(matches!(world.claim("taken-over").await, Claim::Uncertain(_)));
    world.clock.advance(LEASE * 2);
    let earlier = world.earlier();
    let Found::Uncertain(token) = earlier.claim("welcome:taken-over").await else { panic!("it was abandoned") };
    earlier.complete("welcome:taken-over", token).await;
    assert_eq!(world.claim("taken-over").await, Claim::Done);
}

#[tokio::test]
async fn a_claim_of_a_newer_version_is_left_alone() {
    let world = Rollout::with_items_of_the_version_before().await;
    let names = ["abandoned", "held", "done", "done-with-expiry", "parked-certain", "free"];
    for name in names {
        let mut item = world.item(name).await;
        item["format"] = serde_json::json!({"N": "3"});
        world.put(&item).await;
    }
    world.clock.advance(Duration::from_secs(7200));
    for name in names {
        let before = world.item(name).await;
        let (effect, token) = (effect(name), OwnerToken::fresh());
        let error = world.claims.claim(&effect, LEASE, token).await.unwrap_err();
        assert_eq!(error.code, "claims_item_newer", "{name}");
        let text = event_runtime::error_chain(&error).join(": ");
        assert!(
            text.contains("newer version (format 3; this version reads up to 2)") && text.contains("deploy"),
            "{text}"
        );
        assert_eq!(world.claims.withdraw(&effect.key, LEASE, token).await.unwrap(), Settled::NotOurs, "{name}");
        let owner = OwnerToken::from_stored(text_of(&before, "token").unwrap()).unwrap();
        let until = UnixMillis(before["lease_until"]["N"].as_str().map_or(0, |until| until.parse().unwrap()));
        let resolved = world
            .claims
            .resolve(&effect.key, ParkedUnder::from(&letter()), Decision::Repeat, Decider::Person("ann"))
            .await;
        assert_eq!(resolved.unwrap_err().code, "claims_item_newer", "{name}");
        // Not even by the item's own token: this version did not write the item.
        let held = Held { key: effect.key.clone(), token: owner, until, former: None };
        assert_eq!(world.claims.complete(&held).await.unwrap(), Settled::NotOurs, "{name}");
        assert_eq!(world.item(name).await, before, "{name}");
    }
}
