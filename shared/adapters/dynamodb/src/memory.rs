//! Tables in memory, for tests: they evaluate the same conditions and updates that DynamoDB gets as expressions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::attribute::{KEY, SORT};
use crate::condition::{Comparison, Condition};
use crate::keys::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES};
use crate::request::{Change, Key, Request, Update};
use crate::value::{Item, text_of};
use crate::writes::{FailedWrite, Transaction, Write, WriteFailure};

/// Tables in memory, shared by all clones. A table exists from its first use on, and keeps the limits of DynamoDB's keys.
///
/// ```
/// # use dynamodb::{Columns, VersionedTable, item, testing::MemoryTables, writes::WriteFailure};
/// # use debezium::{Position, RowVersion};
/// # async fn example(version: &RowVersion) -> Result<(), dynamodb::TableError> {
/// let tables = MemoryTables::default();
/// let orders = VersionedTable::in_memory(&tables, "orders");
/// tables.fail_next(WriteFailure::Throttled, 1);
/// assert!(orders.put_if_newer("1", item! { "status" => "paid" }, version).await.is_err());
/// orders.put_if_newer("1", item! { "status" => "paid" }, version).await?;
/// assert_eq!(tables.items("orders").len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryTables(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By table and partition key; a partition has one item, or one for each sort key.
    tables: BTreeMap<String, BTreeMap<String, Vec<Item>>>,
    /// How the next writes fail, whose turn it is first.
    failures: VecDeque<WriteFailure>,
}

impl MemoryTables {
    /// All items of a table, in the order of their keys.
    pub fn items(&self, table: &str) -> Vec<Item> {
        let state = self.state();
        let mut items: Vec<Item> =
            state.tables.get(table).into_iter().flat_map(BTreeMap::values).flatten().cloned().collect();
        items.sort_by(|a, b| (text_of(a, KEY), text_of(a, SORT)).cmp(&(text_of(b, KEY), text_of(b, SORT))));
        items
    }

    /// The item under a partition key; in a table with a sort key the first of them.
    pub fn item(&self, table: &str, key: &str) -> Option<Item> {
        self.items(table).into_iter().find(|item| text_of(item, KEY) == Some(key))
    }

    /// Puts an item as it is, as if another program had written it. One without the text [`KEY`] is put under the empty key.
    pub fn put(&self, table: &str, item: Item) {
        let of = |name| text_of(&item, name).map(str::to_owned);
        let key = Key { partition: of(KEY).unwrap_or_default(), sort: of(SORT) };
        self.state().keep(table, &key, Some(item));
    }

    /// The next writes, of whichever table, fail like this and write nothing.
    pub fn fail_next(&self, failure: WriteFailure, times: usize) {
        self.state().failures.extend(std::iter::repeat_n(failure, times));
    }

    pub(crate) fn write(&self, table: &str, request: Request) -> Result<Write, FailedWrite> {
        Ok(match self.transact(table, vec![request])? {
            Transaction::Applied => Write::Applied,
            Transaction::Refused(found) => Write::Refused(found.into_iter().next().flatten()),
        })
    }

    pub(crate) fn transact(&self, table: &str, requests: Vec<Request>) -> Result<Transaction, FailedWrite> {
        let mut state = self.state();
        match state.failures.pop_front() {
            Some(failure) => Err(failed(failure)),
            None => state.transact(table, requests).map_err(failed),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it looked has changed nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn transact(&mut self, table: &str, requests: Vec<Request>) -> Result<Transaction, WriteFailure> {
        if !requests.iter().all(|request| fits(&request.key)) {
            return Err(WriteFailure::Rejected);
        }
        let refused = |request: &Request| {
            let found = self.find(table, &request.key);
            (!request.condition.holds(found)).then(|| found.cloned())
        };
        let refused: Vec<_> = requests.iter().map(refused).collect();
        if refused.iter().any(Option::is_some) {
            return Ok(Transaction::Refused(refused.into_iter().map(Option::flatten).collect()));
        }
        let after = |Request { key, change, .. }| {
            let item = changed(&key, change, self.find(table, &key))?;
            Ok((key, item))
        };
        let after: Vec<(Key, Option<Item>)> = requests.into_iter().map(after).collect::<Result<_, _>>()?;
        for (key, item) in after {
            self.keep(table, &key, item);
        }
        Ok(Transaction::Applied)
    }

    fn find(&self, table: &str, key: &Key) -> Option<&Item> {
        self.tables.get(table)?.get(&key.partition)?.iter().find(|item| is_under(item, key))
    }

    /// Puts the item under its key; `None` deletes what is there.
    fn keep(&mut self, table: &str, key: &Key, item: Option<Item>) {
        let partition = self.tables.entry(table.to_owned()).or_default().entry(key.partition.clone()).or_default();
        partition.retain(|item| !is_under(item, key));
        partition.extend(item);
    }
}

/// Whether an item of the key's partition is the key's.
fn is_under(item: &Item, key: &Key) -> bool {
    key.sort.as_deref().is_none_or(|sort| text_of(item, SORT) == Some(sort))
}

/// The item after a change whose condition holds; `None` where there is none any more.
pub(crate) fn changed(key: &Key, change: Change, found: Option<&Item>) -> Result<Option<Item>, WriteFailure> {
    let update = match change {
        Change::Put(item) => return Ok(Some(key.clone().put_into(item))),
        Change::Delete => return Ok(None),
        Change::Update(update) => update,
    };
    let Update { set, remove, copy } = update;
    let before = found.cloned().unwrap_or_default();
    let mut item = key.clone().put_into(before.clone());
    item.extend(set);
    for copy in copy {
        // DynamoDB rejects an update that refers to nothing.
        let value = before.get(&copy.to).or(before.get(&copy.from)).ok_or(WriteFailure::Rejected)?;
        item.insert(copy.to, value.clone());
    }
    remove.iter().for_each(|name| drop(item.remove(name)));
    Ok(Some(item))
}

fn fits(key: &Key) -> bool {
    let sort = key.sort.as_ref().is_none_or(|sort| (1..=MAX_SORT_KEY_BYTES).contains(&sort.len()));
    sort && (1..=MAX_PARTITION_KEY_BYTES).contains(&key.partition.len())
}

fn failed(failure: WriteFailure) -> FailedWrite {
    FailedWrite { failure, cause: None }
}

impl Condition {
    /// Whether the condition holds for this item, or for no item, as DynamoDB would decide.
    pub(crate) fn holds(&self, item: Option<&Item>) -> bool {
        let found = |attribute: &str| item.and_then(|item| item.get(attribute));
        match self {
            Condition::Absent(attribute) => found(attribute).is_none(),
            Condition::Text(attribute, comparison, value) => {
                let Some(AttributeValue::S(found)) = found(attribute) else { return false };
                match comparison {
                    Comparison::Equals => found == value,
                    Comparison::Less => found < value,
                    Comparison::AtMost => found <= value,
                    Comparison::BeginsWith => found.starts_with(value),
                }
            }
            Condition::NumberAtMost(attribute, most) => {
                let Some(AttributeValue::N(found)) = found(attribute) else { return false };
                found.parse::<u64>().is_ok_and(|found| found <= *most)
            }
            Condition::All(conditions) => conditions.iter().all(|condition| condition.holds(item)),
            Condition::Any(conditions) => conditions.iter().any(|condition| condition.holds(item)),
        }
    }
}
