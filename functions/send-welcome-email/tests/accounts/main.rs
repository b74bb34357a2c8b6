//! The choice of accounts that get a mail: whole events through the real processor, with its ports in memory.
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

/// A deployment of the function: its claims, dead letters and mails outlive a delivery.
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
async fn a_snapshot_that_arrives_as_inserts_sends_no_mail() {
    let recorded = include_str!("../../../../events/recorded/postgres-accounts/schemas.json");
    let deployment = Deployment::new();
    let outcomes = deployment.deliver(include_str!("snapshot-as-insert.event.json"), recorded).await;
    assert_eq!((outcomes, deployment.mails()), (vec![(Outcome::Skipped("snapshot"), 2)], vec![]));
}

#[tokio::test]
async fn an_account_id_may_be_a_number_of_any_scale() {
    let deployment = Deployment::new();
    let (event, schemas) = (include_str!("numeric-key.event.json"), include_str!("numeric-key.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 1)]);
    assert!(deployment.claims.stored("welcome:256").is_some());
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Duplicate, 1)]);
}

#[tokio::test]
async fn a_numeric_language_does_not_cost_the_mail() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("language-is-a-number.event.json"), include_str!("language-is-a-number.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 1)]);
    assert_eq!(deployment.mails(), ["ada@example.com"]);
}

#[tokio::test]
async fn unusual_column_names_and_schema_comments_do_not_cost_the_mail() {
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
async fn a_key_without_content_is_a_dead_letter_with_the_reason() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("key-without-value.event.json"), include_str!("key-without-value.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::DeadLettered("key_missing"), 1)]);
    let why = deployment.letters.letters()[0].error.chain.join(": ");
    assert!(why.contains("column of the record's key is null or empty: id;"), "{why}");
}

#[tokio::test]
async fn reordered_key_columns_do_not_confuse_two_accounts() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("key-columns-reordered.event.json"), include_str!("key-columns-reordered.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Done, 2)]);
    assert_eq!(deployment.mails(), ["ada@example.com", "bob@example.com"]);
    assert_eq!(deployment.deliver(event, schemas).await, [(Outcome::Duplicate, 2)]);
}

/// The claim that earlier versions made for the key (region 1, no 2): they joined the columns in order.
async fn claimed_by_an_earlier_version(deployment: &Deployment) -> Claim {
    let claims = EarlierClaims(deployment.claims.clone());
    let effect = EffectId::new(ClaimKey::new("welcome", "1,2").unwrap());
    let claim = claims.claim(&effect, Duration::from_secs(15), OwnerToken::fresh()).await.unwrap();
    if let Claim::Claimed(held) = &claim {
        claims.complete(held).await.unwrap();
    }
    claim
}

#[tokio::test]
async fn neither_an_upgrade_nor_a_rollback_sends_a_mail_twice() {
    let (event, schemas) =
        (include_str!("key-columns-reordered.event.json"), include_str!("key-columns-reordered.schemas.json"));
    // Claimed before the upgrade for the first account. The second one has the same former text, so it counts too.
    let upgraded = Deployment::new();
    assert!(matches!(claimed_by_an_earlier_version(&upgraded).await, Claim::Claimed(_)));
    assert_eq!(upgraded.deliver(event, schemas).await, [(Outcome::Duplicate, 2)]);
    assert_eq!(upgraded.mails(), Vec::<String>::new());

    let rolled_back = Deployment::new();
    assert_eq!(rolled_back.deliver(event, schemas).await, [(Outcome::Done, 2)]);
    assert!(matches!(rolled_back.claims.stored(r"welcome:\(no=2,region=1)"), Some(StoredClaim::Done { .. })));
    assert_eq!(claimed_by_an_earlier_version(&rolled_back).await, Claim::Done);
    assert_eq!(rolled_back.deliver(event, schemas).await, [(Outcome::Duplicate, 2)], "after the next upgrade");
}
