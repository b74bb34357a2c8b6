//! Which accounts get the one mail: whole events through the real processor, with its ports in memory.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_runtime::testing::{MemoryClaims, MemoryDeadLetters};
use event_runtime::{Deadline, Invocation, Outcome, Processor, Settings, SystemClock};
use schema_registry::testing::InMemorySchemas;
use schema_registry::{FrameFormat, Frames, SchemaId, SchemaRef, Schemas};
use send_welcome_email::error::SendError;
use send_welcome_email::mailer::{Mailer, SentMail};
use send_welcome_email::message::Email;
use send_welcome_email::welcome::WelcomeNewAccounts;

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
