//! Each adapter keeps the contract that its in-memory fake keeps, against the emulator and through faults.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use dead_letters_sqs::SqsDeadLetters;
use dynamodb::claims::{DynamoDbClaims, Options};
use event_runtime::testing::{ManualClock, claims_contract, dead_letters_contract};
use event_runtime::{
    Claim, ClaimKey, Claims, Clock, Decider, Decision, Doubt, EffectId, Fingerprint, LetterId, OwnerToken, ParkedUnder,
    Resolved, Settled, SystemClock,
};
use local_stack::{Action, Armed, Aws, Failpoint, FaultProxy, REGION, Table, When, Workspace};

const TABLE: &str = "claims";
const LEASE: Duration = Duration::from_secs(30);

fn effect(id: &str) -> EffectId {
    ClaimKey::new("welcome", id).unwrap().into()
}

async fn emulator() -> Aws {
    Aws::start(&Workspace::find().unwrap()).await.unwrap()
}

async fn sdk(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "conformance"))
        .load()
        .await
}

async fn claims_at(endpoint: &str) -> (DynamoDbClaims, ManualClock) {
    let clock = ManualClock::at(SystemClock.now());
    let options = Options { table: TABLE.to_owned(), function: "conformance".to_owned(), retain_done: None };
    let claims = DynamoDbClaims::new(aws_sdk_dynamodb::Client::new(&sdk(endpoint).await), options);
    (claims.with_clock(Arc::new(clock.clone())), clock)
}

#[tokio::test]
async fn the_claims_in_dynamodb_keep_the_contract() {
    let aws = emulator().await;
    aws.create_table(Table::named(TABLE)).await.unwrap();
    let (claims, clock) = claims_at(aws.endpoint()).await;
    claims_contract(&claims, async || clock.advance(LEASE * 2)).await;
}

#[tokio::test]
async fn only_done_claims_expire() {
    let aws = emulator().await;
    aws.create_table(Table::named(TABLE)).await.unwrap();
    let clock = ManualClock::at(SystemClock.now());
    let retain_done = Some(Duration::from_secs(3600));
    let options = Options { table: TABLE.to_owned(), function: "conformance".to_owned(), retain_done };
    let claims = DynamoDbClaims::new(aws_sdk_dynamodb::Client::new(&sdk(aws.endpoint()).await), options)
        .with_clock(Arc::new(clock.clone()));
    for name in ["held", "done", "parked"] {
        let Claim::Claimed(held) = claims.claim(&effect(name), LEASE, OwnerToken::fresh()).await.unwrap() else {
            panic!("a free claim was refused");
        };
        match name {
            "done" => assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied),
            "parked" => {
                let letter = event_runtime::LetterId::from_stored("00");
                assert_eq!(claims.park(&held, &letter, Doubt::Certain).await.unwrap(), Settled::Applied);
            }
            _ => {}
        }
    }
    for item in aws.items(TABLE).await.unwrap() {
        assert_eq!(item.get("expires_at").is_some(), item["state"]["S"] == "done", "{}", item["pk"]);
    }
    // DynamoDB deletes late: the condition compares the time.
    clock.advance(Duration::from_secs(3601));
    let again = claims.claim(&effect("done"), LEASE, OwnerToken::fresh()).await.unwrap();
    assert!(matches!(again, Claim::Claimed(_)));
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_counts_as_ours() {
    let aws = emulator().await;
    aws.create_table(Table::named(TABLE)).await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    let (claims, _) = claims_at(proxy.endpoint()).await;
    let key = effect("answer-lost");

    // The SDK sends the request again, and its condition finds our own token.
    let lost = |operation| proxy.arm(Failpoint::new("answer-lost", operation, When::After, Action::Drop).times(1));
    let claim_lost = lost("PutItem");
    let Claim::Claimed(held) = claims.claim(&key, LEASE, OwnerToken::fresh()).await.unwrap() else {
        panic!("our own claim was refused")
    };
    assert_eq!(claim_lost.hits(), 1);
    let completion_lost = lost("UpdateItem");
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);
    assert_eq!(completion_lost.hits(), 1);
    assert_eq!(claims.claim(&key, LEASE, OwnerToken::fresh()).await.unwrap(), Claim::Done);
}

/// Claims whose client does not send requests again, and a table whose writes can be late.
async fn late_claims() -> (Aws, FaultProxy, DynamoDbClaims) {
    let aws = emulator().await;
    aws.create_table(Table::named(TABLE)).await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    let config = sdk(proxy.endpoint()).await.into_builder().retry_config(RetryConfig::disabled()).build();
    let options = Options { table: TABLE.to_owned(), function: "conformance".to_owned(), retain_done: None };
    let claims = DynamoDbClaims::new(aws_sdk_dynamodb::Client::new(&config), options);
    (aws, proxy, claims.with_clock(Arc::new(ManualClock::at(SystemClock.now()))))
}

fn late(operation: &'static str) -> Failpoint {
    Failpoint::new("late", operation, When::Before, Action::Late).times(1)
}

/// The clock stands still: the leases differ without the time.
#[tokio::test]
async fn a_late_write_changes_nothing_that_came_after_it() {
    let (aws, proxy, claims) = late_claims().await;
    let claim = async |name: &str, token| claims.claim(&effect(name), LEASE, token).await;
    let claimed = async |name: &str, token| match claim(name, token).await.unwrap() {
        Claim::Claimed(held) => held,
        other => panic!("{name}: {other:?}"),
    };
    let item = async |name: &str| {
        let items = aws.items(TABLE).await.unwrap();
        items.into_iter().find(|item| item["pk"]["S"] == format!("welcome:{name}")).unwrap()
    };
    let (mine, other) = (OwnerToken::fresh(), OwnerToken::fresh());
    let lands_without_effect = async |name: &str, late: &Armed| {
        let before = item(name).await;
        late.land().await.unwrap();
        assert_eq!(item(name).await, before, "{name}");
    };

    // A claim, while the next try's effect runs.
    let put = proxy.arm(late("PutItem"));
    claim("claim", mine).await.unwrap_err();
    let held = claimed("claim", mine).await;
    lands_without_effect("claim", &put).await;
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);

    // A claim, after the next try has released it.
    let put = proxy.arm(late("PutItem"));
    claim("claim-released", mine).await.unwrap_err();
    let held = claimed("claim-released", mine).await;
    assert_eq!(claims.release(&held).await.unwrap(), Settled::Applied);
    lands_without_effect("claim-released", &put).await;

    // A claim, after its record was left pending and the claim withdrawn.
    let put = proxy.arm(late("PutItem"));
    claim("claim-withdrawn", mine).await.unwrap_err();
    assert_eq!(claims.withdraw(&effect("claim-withdrawn").key, LEASE, mine).await.unwrap(), Settled::Applied);
    lands_without_effect("claim-withdrawn", &put).await;
    let held = claimed("claim-withdrawn", other).await;
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);

    // A release, while the next try's effect runs.
    let first = claimed("release", mine).await;
    let release = proxy.arm(late("UpdateItem"));
    claims.release(&first).await.unwrap_err();
    let second = claimed("release", mine).await;
    lands_without_effect("release", &release).await;
    assert!(matches!(claim("release", other).await.unwrap(), Claim::HeldUntil(_)));
    assert_eq!(claims.complete(&second).await.unwrap(), Settled::Applied);

    // A withdrawal, after another worker has taken the claim.
    let withdrawal = proxy.arm(late("UpdateItem"));
    claims.withdraw(&effect("withdrawal").key, LEASE, mine).await.unwrap_err();
    let held = claimed("withdrawal", other).await;
    lands_without_effect("withdrawal", &withdrawal).await;
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);
}

#[tokio::test]
async fn an_operators_decision_stays_on_the_claim() {
    let aws = emulator().await;
    aws.create_table(Table::named(TABLE)).await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    let (claims, clock) = claims_at(proxy.endpoint()).await;
    let effect = effect("decided").with_fingerprint(Fingerprint::of([("amount", "12")]));
    let letter = LetterId::from_stored("0123456789abcdef0123456789abcdef");
    let Claim::Claimed(held) = claims.claim(&effect, LEASE, OwnerToken::fresh()).await.unwrap() else {
        panic!("a free claim was refused")
    };
    assert_eq!(claims.park(&held, &letter, Doubt::Certain).await.unwrap(), Settled::Applied);

    let lost = proxy.arm(Failpoint::new("answer-lost", "UpdateItem", When::After, Action::Drop).times(1));
    let resolved = claims
        .resolve(&effect.key, ParkedUnder::from(&letter), Decision::Repeat, Decider::Person("ann"))
        .await
        .unwrap();
    assert_eq!((resolved, lost.hits()), (Resolved::Applied, 1));
    let decided_at = clock.now().0.to_string();
    let recorded = async |state: &str| {
        let items = aws.items(TABLE).await.unwrap();
        assert_eq!(items.len(), 1);
        let text = |name: &str| items[0][name]["S"].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("state"), state);
        assert_eq!((text("decision"), text("resolved_by")), ("repeat".to_owned(), "ann".to_owned()), "{state}");
        assert_eq!(text("letter"), letter.as_str(), "{state}");
        assert_eq!(items[0]["resolved_at"]["N"].as_str(), Some(&*decided_at), "{state}");
        assert!(items[0].get("expires_at").is_none(), "{state}");
    };
    recorded("free").await;

    clock.advance(Duration::from_secs(1));
    let taken = proxy.arm(Failpoint::new("answer-lost", "UpdateItem", When::After, Action::Drop).times(1));
    let Claim::Claimed(held) = claims.claim(&effect, LEASE, OwnerToken::fresh()).await.unwrap() else {
        panic!("a free claim was refused")
    };
    assert_eq!(taken.hits(), 1);
    recorded("held").await;
    let freed = proxy.arm(Failpoint::new("answer-lost", "UpdateItem", When::After, Action::Drop).times(1));
    assert_eq!(claims.release(&held).await.unwrap(), Settled::Applied);
    assert_eq!(freed.hits(), 1);
    recorded("free").await;
    let Claim::Claimed(held) = claims.claim(&effect, LEASE, OwnerToken::fresh()).await.unwrap() else {
        panic!("a free claim was refused")
    };
    assert_eq!(claims.complete(&held).await.unwrap(), Settled::Applied);
    recorded("done").await;
    assert_eq!(claims.claim(&effect, LEASE, OwnerToken::fresh()).await.unwrap(), Claim::Done);
}

#[tokio::test]
async fn the_dead_letters_in_sqs_keep_the_contract() {
    let aws = emulator().await;
    let queue = aws.create_queue("dead-letters").await.unwrap();
    let letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&sdk(aws.endpoint()).await), &queue);
    dead_letters_contract(&letters, async |id| {
        let messages = aws.messages(&queue).await.unwrap();
        let letters = messages.iter().map(|body| serde_json::from_str(body).unwrap());
        letters.filter(|letter: &event_runtime::DeadLetter| letter.id == *id).collect()
    })
    .await;
}
