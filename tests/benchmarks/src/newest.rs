//! The newest version of each account, kept in a table in memory: through the door, and by a handler of records that is
//! written by hand for this one topic. Both run behind the same processor, with records ordered by key.

use std::num::NonZeroUsize;
use std::sync::Arc;

use debezium::{Op, RowVersion};
use dynamodb::testing::MemoryTables;
use dynamodb::{Columns, Item, VersionedTable, attribute, item};
use event_functions::testing::{Harness, Outcome};
use event_functions::{Config, Function, KeepNewest, Table};
use event_runtime::{
    AvroReader, Deadline, Effect, Failed, Fault, Intent, Invocation, NoClaims, Order, Processor, RawRecord,
    RecordHandler, Settings,
};
use schema_registry::{Frames, SchemaRef};

use crate::ours::{format, plans};
use crate::processor::NoLetters;
use crate::{AccountSlim, Key, Workload};

const TABLE: &str = "accounts";

/// A function that keeps the newest version of each account.
pub trait KeepsNewest {
    /// With the workload's schemas at hand, and an empty table.
    fn new(workload: &Workload) -> Self;
    /// Delivers an event and returns how many of its records were written.
    fn deliver(&self, event: &[u8]) -> usize;
    /// The table, without what differs between two writes of one item.
    fn items(&self) -> Vec<Item>;
}

fn kept(account: &AccountSlim<'_>) -> Columns {
    item! { "email" => account.email, "name" => account.name, "locale" => account.locale }
}

fn without_tokens(tables: &MemoryTables) -> Vec<Item> {
    let mut items = tables.items(TABLE);
    for item in &mut items {
        item.remove(attribute::WRITE);
    }
    items
}

/// A function of the door, in its test harness.
pub struct ThroughDoor(Harness);

#[derive(Config)]
struct Tables {
    /// DynamoDB table of the accounts.
    #[env("ACCOUNTS_TABLE")]
    accounts: Table,
}

impl KeepsNewest for ThroughDoor {
    fn new(workload: &Workload) -> Self {
        let function = Function::new("keep-accounts").changes::<AccountSlim>("cdc.postgres.public.accounts");
        let function = function.effect(|config: &Tables, aws| {
            KeepNewest::in_table(aws, &config.accounts, |account: AccountSlim<'_>| kept(&account))
        });
        let test = function.schemas_elsewhere().test(&[("ACCOUNTS_TABLE", TABLE)]);
        for (schema, text) in [&workload.key_schema, &workload.value_schema] {
            let SchemaRef::Id(id) = schema else { panic!("the frame has no id") };
            test.schema(id.0, text);
        }
        Self(test)
    }

    fn deliver(&self, event: &[u8]) -> usize {
        self.0.deliver_bytes(event).count(Outcome::Done)
    }

    fn items(&self) -> Vec<Item> {
        without_tokens(self.0.tables())
    }
}

/// The same by hand.
pub struct ByHand {
    processor: Processor<Keeps>,
    tables: MemoryTables,
    runtime: tokio::runtime::Runtime,
}

impl KeepsNewest for ByHand {
    fn new(workload: &Workload) -> Self {
        let format = format(workload.framing);
        let (keys, changes) = plans(workload);
        let tables = MemoryTables::default();
        let handler = Keeps {
            keys: AvroReader::of_keys(format, keys),
            changes: AvroReader::of_values(format, changes),
            table: VersionedTable::in_memory(&tables, TABLE),
        };
        let order = Order::Key { in_flight: NonZeroUsize::MIN.saturating_add(15) };
        let settings = Settings { order, frames: Frames::both(format), ..Settings::default() };
        let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(NoLetters), settings);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { processor, tables, runtime }
    }

    fn deliver(&self, event: &[u8]) -> usize {
        let invocation = Invocation {
            request_id: "request".to_owned(),
            function: "benchmark".to_owned(),
            function_version: "1".to_owned(),
            deadline: Deadline::unknown(),
        };
        let report = self.runtime.block_on(self.processor.process(event, &invocation)).unwrap();
        report.outcomes.get(&Outcome::Done).copied().unwrap_or_default()
    }

    fn items(&self) -> Vec<Item> {
        without_tokens(&self.tables)
    }
}

/// Reads what it needs of a change, and writes it.
struct Keeps {
    keys: AvroReader<Key<&'static str>>,
    changes: AvroReader<debezium::Change<'static, AccountSlim<'static>>>,
    table: VersionedTable,
}

struct NewVersion {
    key: String,
    version: RowVersion,
    columns: Columns,
}

impl RecordHandler for Keeps {
    type Read<'de> = (Key<&'de str>, debezium::Change<'de, AccountSlim<'de>>);
    type Work = NewVersion;

    async fn read<'de>(&'de self, record: RawRecord<'de>) -> Result<Self::Read<'de>, Fault> {
        self.changes.ready(&record).await?;
        self.keys.ready(&record).await?;
        let change = self.changes.read(&record)?.unwrap();
        Ok((self.keys.read(&record)?.unwrap(), change))
    }

    fn decide(&self, (key, change): Self::Read<'_>) -> Result<Intent<NewVersion>, Failed> {
        let (Op::Create | Op::Read | Op::Update, Some(account)) = (change.op(), change.after()) else {
            return Ok(Intent::Skip("no_row"));
        };
        let (columns, version) = (kept(account), change.row_version(0).unwrap());
        Ok(Intent::Conditional(NewVersion { key: key.id.to_owned(), version, columns }))
    }

    async fn perform(&self, new: NewVersion) -> Result<Effect, Failed> {
        Ok(self.table.put_if_newer(&new.key, new.columns, &new.version).await?.into())
    }
}
