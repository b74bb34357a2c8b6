//! Which accounts get the one mail: whole events through the real processor, with its ports in memory.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_runtime::testing::{EarlierClaims, MemoryClaims, MemoryDeadLetters, StoredClaim};
use event_runtime::{
    Claim, ClaimKey, Claims, Deadline, EffectId, Invocation, Outcome, OwnerToken, Processor, Settings, SystemClock,
};
use schema_registry::testing::InMemorySchemas;
use schema_registry::{FrameFormat, Frames, SchemaId, SchemaRef, Schemas};
use send_welcome_email::error::SendError;
use send_welcome_email::handler::WelcomeNewAccounts;
use send_welcome_email::mailer::{Mailer, SentMail};
use send_welcome_email::message::Email;

#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

impl Mailer for Sent {
    async fn send(&self, email: &Email) -> Result<SentMail, SendError> {
        self.0.lock().unwrap().push(email.to.as_str().to_owned());
        Ok(SentMail::Accepted { message_id: "1".to_owned() })
    }
}

/// A deployment of the function: claims that outlive a delivery, and what came of all deliveries.
struct Deployment {
    claims: MemoryClaims,
    letters: MemoryDeadLetters,
    sent: Sent,
}

impl Deployment {
    fn new() -> Self {
        let claims = MemoryClaims::new(Arc::new(SystemClock));
        Deployment { claims, letters: MemoryDeadLetters::default(), sent: Sent::default() }
    }

    async fn deliver(&self, event: &str, schemas: &str) -> Vec<(Outcome, usize)> {
        let registry = InMemorySchemas::default();
        let schemas: serde_json::Value = serde_json::from_str(schemas).unwrap();
        for (id, schema) in schemas.as_object().unwrap() {
            let id = SchemaRef::Id(SchemaId(id.parse().unwrap()));
            registry.put(id, schema["schema"].as_str().unwrap().to_owned(), &[]);
        }
        let registry: Arc<dyn Schemas> = Arc::new(registry);
        let handler =
            WelcomeNewAccounts::new(&registry, Frames::both(FrameFormat::Confluent), self.sent.clone(), "Shop", None);
        let (claims, letters) = (Arc::new(self.claims.clone()), Arc::new(self.letters.clone()));
        let processor = Processor::new(handler, claims, letters, Settings::default());
        let invocation = Invocation {
            request_id: "1".to_owned(),
            function: "send-welcome-email".to_owned(),
            function_version: "1".to_owned(),
            deadline: Deadline::within(Duration::from_secs(600)),
        };
        processor.process(event.as_bytes(), &invocation).await.unwrap().outcomes.into_iter().collect()
    }

    fn mails(&self) -> Vec<String> {
        self.sent.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_snapshot_that_comes_as_inserts_mails_nobody() {
    let recorded = include_str!("../../../../events/recorded/postgres-accounts/schemas.json");
    let deployment = Deployment::new();
    let outcomes = deployment.deliver(include_str!("snapshot-as-insert.event.json"), recorded).await;
    assert_eq!((outcomes, deployment.mails()), (vec![(Outcome::Skipped("snapshot"), 2)], vec![]));
}

#[tokio::test]
async fn an_account_may_be_numbered_without_a_scale() {
    let deployment = Deployment::new();
    let (event, schemas) = (include_str!("numeric-key.event.json"), include_str!("numeric-key.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 1)]);
    assert!(deployment.claims.stored("welcome:256").is_some());
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Duplicate, 1)]);
}

#[tokio::test]
async fn a_language_that_is_a_number_costs_nobody_a_mail() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("language-is-a-number.event.json"), include_str!("language-is-a-number.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 1)]);
    assert_eq!(deployment.mails(), ["ada@example.com"]);
}

#[tokio::test]
async fn a_column_of_any_name_and_a_comment_in_the_schema_cost_nobody_a_mail() {
    let (event, schemas) =
        (include_str!("column-with-umlaut.event.json"), include_str!("column-with-umlaut.schemas.json"));
    let renamed = schemas.replace("größe", "shoe-size %");
    let commented = schemas.replace(r#""{\"type\""#, r#""/* since 2019 */ {\"type\""#);
    assert!(renamed != schemas && commented != schemas);
    for schemas in [schemas, &renamed, &commented] {
        let deployment = Deployment::new();
        assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 1)]);
        assert_eq!(deployment.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_key_that_holds_nothing_is_a_dead_letter_that_says_so() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("key-without-value.event.json"), include_str!("key-without-value.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::DeadLettered("key_missing"), 1)]);
    let why = deployment.letters.letters()[0].error.chain.join(": ");
    assert!(why.contains("column of the record's key is null or empty: id;"), "{why}");
}

#[tokio::test]
async fn two_accounts_whose_key_columns_changed_places_get_a_mail_each() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("key-columns-reordered.event.json"), include_str!("key-columns-reordered.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 2)]);
    assert_eq!(deployment.mails(), ["ada@example.com", "bob@example.com"]);
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Duplicate, 2)]);
}

/// What the version before made of an account of the key (region 1, no 2): it joined the columns in their order.
async fn claimed_by_the_version_before(deployment: &Deployment) -> Claim {
    let claims = EarlierClaims(deployment.claims.clone());
    let effect = EffectId::new(ClaimKey::new("welcome", "1,2").unwrap());
    let claim = claims.claim(&effect, Duration::from_secs(15), OwnerToken::fresh()).await.unwrap();
    if let Claim::Claimed(held) = &claim {
        claims.complete(held).await.unwrap();
    }
    claim
}

#[tokio::test]
async fn an_upgrade_mails_nobody_again_and_neither_does_a_rollback() {
    let (event, schemas) =
        (include_str!("key-columns-reordered.event.json"), include_str!("key-columns-reordered.schemas.json"));
    // Claimed before the upgrade: for the first account. That the second one has the same old text nobody can tell.
    let upgraded = Deployment::new();
    assert!(matches!(claimed_by_the_version_before(&upgraded).await, Claim::Claimed(_)));
    assert_eq!(upgraded.deliver(event, schemas).await, [(Outcome::Duplicate, 2)]);
    assert_eq!(upgraded.mails(), Vec::<String>::new());

    let rolled_back = Deployment::new();
    assert_eq!(rolled_back.deliver(event, schemas).await, [(Outcome::Done, 2)]);
    assert!(matches!(rolled_back.claims.stored(r"welcome:\(no=2,region=1)"), Some(StoredClaim::Done { .. })));
    assert_eq!(claimed_by_the_version_before(&rolled_back).await, Claim::Done);
    assert_eq!(rolled_back.deliver(event, schemas).await, [(Outcome::Duplicate, 2)], "and forward again");
}
