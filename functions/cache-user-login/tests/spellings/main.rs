//! One document is one row and one user is one user in every mode of extended JSON that the connector writes.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_user_login::document::Row;
use cache_user_login::handler::{CacheLogins, Logins};
use dynamodb::{Put, TableError};
use event_runtime::testing::MemoryDeadLetters;
use event_runtime::{Deadline, Invocation, NoClaims, Outcome, Processor, Settings};
use schema_registry::testing::InMemorySchemas;
use schema_registry::{FrameFormat, Frames, SchemaId, SchemaRef, Schemas};

#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<Row>>>);

impl Logins for Rows {
    async fn keep(&self, row: &Row) -> Result<Put, TableError> {
        self.0.lock().unwrap().push(row.clone());
        Ok(Put::Applied)
    }
}

#[tokio::test]
async fn a_switch_of_the_json_mode_splits_neither_documents_nor_users() {
    let registry = InMemorySchemas::default();
    let schemas = include_str!("../../../../events/recorded/mongodb-logins/schemas.json");
    let schemas: serde_json::Value = serde_json::from_str(schemas).unwrap();
    for (id, schema) in schemas.as_object().unwrap() {
        let id = SchemaRef::Id(SchemaId(id.parse().unwrap()));
        registry.put(id, schema["schema"].as_str().unwrap().to_owned(), &[]);
    }
    let (registry, rows): (Arc<dyn Schemas>, _) = (Arc::new(registry), Rows::default());
    let handler = CacheLogins::new(&registry, Frames::both(FrameFormat::Confluent), rows.clone(), 0);
    let letters = Arc::new(MemoryDeadLetters::default());
    let processor = Processor::new(handler, Arc::new(NoClaims), letters, Settings::default());
    let invocation = Invocation {
        request_id: "1".to_owned(),
        function: "cache-user-login".to_owned(),
        function_version: "1".to_owned(),
        deadline: Deadline::within(Duration::from_secs(600)),
    };
    // The document 7 of the user 42, a 64-bit number, in the modes legacy, extended and relaxed.
    let event = include_str!("json-modes.event.json");
    let report = processor.process(event.as_bytes(), &invocation).await.unwrap();
    assert_eq!(report.outcomes.into_iter().collect::<Vec<_>>(), [(Outcome::Done, 3)]);
    let rows = rows.0.lock().unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.login.as_ref().unwrap().user.as_deref())).collect();
    assert_eq!(names, [("7", Some("42")); 3]);
}
