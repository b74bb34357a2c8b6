//! The function's handler in the real processor, with its table in memory: fast enough for many random deliveries.
//! `tests/conformance` shows that the table in DynamoDB behaves like this one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_user_login::document::Row;
use cache_user_login::handler::{CacheLogins, Logins};
use debezium::Precedence;
use dynamodb::{Put, TableError};
use event_runtime::testing::MemoryDeadLetters;
use event_runtime::{Deadline, Invocation, NoClaims, Order, Processor, Settings};
use fastrand::Rng;
use local_stack::{EventRecord, Origin, event};
use proptest::prelude::*;
use schema_registry::testing::InMemorySchemas;
use schema_registry::{FrameFormat, Frames, SchemaId, SchemaRef, Schemas};

use crate::{Login, deliveries, final_state, recording, records};

/// A table in memory that compares versions as the table in DynamoDB does.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<BTreeMap<String, Row>>>);

impl Logins for Memory {
    async fn keep(&self, row: &Row) -> Result<Put, TableError> {
        let mut rows = self.0.lock().unwrap();
        match rows.get(&row.id).map(|there| row.version.compare(&there.version)) {
            Some(Precedence::Older) => return Ok(Put::Older),
            Some(Precedence::Same) => return Ok(Put::Same),
            Some(Precedence::Incomparable) => panic!("versions of one log compare"),
            Some(Precedence::Newer) | None => rows.insert(row.id.clone(), row.clone()),
        };
        Ok(Put::Applied)
    }
}

impl Memory {
    fn state(&self) -> BTreeMap<String, Login> {
        let rows = self.0.lock().unwrap().clone();
        let login = |row: Row| {
            let login = row.login?;
            Some((login.user, login.at.map(|at| at.as_millisecond()), login.ip, login.user_agent))
        };
        rows.into_iter().filter_map(|(id, row)| Some((id, login(row)?))).collect()
    }
}

/// Delivers the records in batches of random size and returns the final state.
fn deliver(records: &[EventRecord], random: &mut Rng) -> BTreeMap<String, Login> {
    let registry = InMemorySchemas::default();
    for (id, schema) in recording().schemas {
        registry.put(SchemaRef::Id(SchemaId(id)), schema.schema, &[]);
    }
    let (memory, letters) = (Memory::default(), MemoryDeadLetters::default());
    let registry: Arc<dyn Schemas> = Arc::new(registry);
    let handler = CacheLogins::new(&registry, Frames::both(FrameFormat::Confluent), memory.clone(), 0);
    let settings = Settings { order: Order::Key { in_flight: 8.try_into().unwrap() }, ..Settings::default() };
    let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(letters.clone()), settings);
    let invocation = Invocation {
        request_id: "1".to_owned(),
        function: crate::FUNCTION.to_owned(),
        function_version: "1".to_owned(),
        deadline: Deadline::within(Duration::from_secs(600)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut left = records;
    while !left.is_empty() {
        let (batch, rest) = left.split_at(random.usize(1..=left.len().min(100)));
        let report = runtime.block_on(processor.process(&event(Origin::Msk, batch), &invocation)).unwrap();
        assert_eq!(report.unfinished_records(), 0, "{:?}", report.outcomes);
        left = rest;
    }
    assert!(letters.letters().is_empty());
    memory.state()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_final_state_does_not_depend_on_the_order_of_delivery(seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let records = deliveries::shuffled(&records(), &mut random);
        let records = deliveries::duplicated(&records, &mut random);
        let records = deliveries::with_late_changes(&records, &mut random);
        prop_assert_eq!(deliver(&records, &mut random), final_state());
    }
}
