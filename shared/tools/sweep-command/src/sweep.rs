//! The sweep: scans the table page by page and removes rows of an older epoch.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::ScanError;
use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb::{Item, Removal, TableError, VersionedTable, attribute, epoch_of, text};
use event_runtime::Failure as _;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior};

use crate::options::Options;
use crate::position::{Position, PositionError};

/// The sweep cannot go on. What it has removed stays removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepError {
    /// A page of the table cannot be read.
    #[error("the table {table} cannot be read")]
    Read {
        /// The table.
        table: String,
        /// The SDK's error.
        source: Box<aws_sdk_dynamodb::error::SdkError<ScanError>>,
    },
    /// A row cannot be removed.
    #[error(transparent)]
    Remove(TableError),
    /// The file of the position.
    #[error(transparent)]
    Position(#[from] PositionError),
}

/// The result of a sweep. Its fields are those of the JSON report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Without `--yes`: no row was removed.
    pub(crate) dry_run: bool,
    /// Rows read.
    pub(crate) seen: u64,
    /// Rows of the epoch or a higher one.
    pub(crate) current: u64,
    /// Rows of an older epoch, without tombstones: removed, or to be removed in a dry run.
    pub(crate) older: u64,
    /// Tombstones of an older epoch, which expire by themselves.
    pub(crate) tombstones: u64,
    /// Rows of an older epoch that were written or gone before they could be removed.
    pub(crate) overtaken: u64,
    /// Rows that stay because this version cannot read them, by error code.
    pub(crate) left_alone: std::collections::BTreeMap<&'static str, u64>,
    /// How the sweep ended.
    pub(crate) ending: Ending,
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// At the end of the table.
    #[default]
    Whole,
    /// Before the first removal: no row has the epoch.
    NoneOfTheEpoch,
    /// After as many rows as were allowed.
    AtMost,
    /// By a signal.
    Interrupted,
}

impl Report {
    pub(crate) fn exit_code(&self) -> u8 {
        match self.ending {
            Ending::Whole if self.left_alone.is_empty() => 0,
            Ending::Whole => 1,
            Ending::NoneOfTheEpoch => 3,
            Ending::AtMost => 4,
            Ending::Interrupted => 130,
        }
    }
}

/// A request to end the sweep after its current row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A sweep of one table.
pub(crate) struct Sweep<'a> {
    options: &'a Options,
    client: Client,
    table: VersionedTable,
    pace: Interval,
    stop: Stop,
}

/// A row of a page: its key and its kind.
struct Seen {
    key: String,
    kind: Kind,
}

enum Kind {
    Current,
    Older,
    Tombstone,
    /// Not a row, or not one that this version can read.
    Foreign,
}

impl<'a> Sweep<'a> {
    pub(crate) fn new(options: &'a Options, client: Client, stop: Stop) -> Self {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / options.rate.get());
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let table = VersionedTable::new(client.clone(), &options.table);
        Sweep { options, client, table, pace, stop }
    }

    pub(crate) async fn run(mut self) -> Result<Report, SweepError> {
        let Options { table, before_epoch, yes, position, even_if_none, .. } = self.options;
        let mut report = Report { dry_run: !yes, ..Report::default() };
        let mut position = Position::open(position.as_deref(), table, *before_epoch)?;
        if *yes && !even_if_none && !self.any_of_the_epoch().await? {
            return Ok(Report { ending: Ending::NoneOfTheEpoch, ..report });
        }
        let mut after = position.after().map(str::to_owned);
        loop {
            let (rows, next) = self.page(after.as_deref()).await?;
            for row in rows {
                let ending = match (self.stop.is_requested(), *yes && report.older >= self.options.at_most) {
                    (true, _) => Some(Ending::Interrupted),
                    // Only rows to be removed count towards the limit.
                    (false, true) if matches!(row.kind, Kind::Older) => Some(Ending::AtMost),
                    (false, _) => None,
                };
                if let Some(ending) = ending {
                    position.save()?;
                    return Ok(Report { ending, ..report });
                }
                if let Err(error) = self.settle(&row, &mut report).await {
                    position.save()?;
                    return Err(error);
                }
                position.move_to(row.key);
            }
            // A closed standard error changes nothing.
            let _ = write!(io::stderr(), "\r{} rows seen, {} of an older epoch ", report.seen, report.older);
            match next {
                Some(key) => {
                    position.move_to(key.clone());
                    position.save()?;
                    after = Some(key);
                }
                None => break,
            }
        }
        if !yes && !even_if_none && report.current == 0 {
            report.ending = Ending::NoneOfTheEpoch;
        }
        position.end()?;
        Ok(report)
    }

    async fn settle(&mut self, row: &Seen, report: &mut Report) -> Result<(), SweepError> {
        report.seen += 1;
        match row.kind {
            Kind::Current => report.current += 1,
            Kind::Tombstone => report.tombstones += 1,
            Kind::Foreign => *report.left_alone.entry("item_foreign").or_default() += 1,
            Kind::Older if !self.options.yes => report.older += 1,
            Kind::Older => {
                self.pace.tick().await;
                match self.table.remove_of_older_epoch(&row.key, self.options.before_epoch).await {
                    Ok(Removal::Removed) => report.older += 1,
                    Ok(Removal::Rewritten | Removal::Gone) => report.overtaken += 1,
                    Err(error @ (TableError::Format { .. } | TableError::Foreign { .. })) => {
                        *report.left_alone.entry(error.code()).or_default() += 1;
                    }
                    Err(
                        error @ (TableError::Write { .. }
                        | TableError::Conflict { .. }
                        | TableError::Incomparable { .. }),
                    ) => return Err(SweepError::Remove(error)),
                }
            }
        }
        Ok(())
    }

    /// Whether any row has the epoch. Otherwise the sweep would empty the table.
    async fn any_of_the_epoch(&mut self) -> Result<bool, SweepError> {
        let mut after = None;
        loop {
            let (rows, next) = self.page(after.as_deref()).await?;
            if rows.iter().any(|row| matches!(row.kind, Kind::Current)) {
                return Ok(true);
            }
            if next.is_none() || self.stop.is_requested() {
                return Ok(false);
            }
            after = next;
        }
    }

    /// The rows after that key, and the key to go on from.
    async fn page(&mut self, after: Option<&str>) -> Result<(Vec<Seen>, Option<String>), SweepError> {
        self.pace.tick().await;
        // Without the function's own attributes.
        let attributes = [
            attribute::KEY,
            attribute::VERSION,
            attribute::VERSION_LOG,
            attribute::VERSION_COMMIT,
            attribute::EXPIRES_AT,
        ];
        let names: HashMap<_, _> =
            (0..).zip(attributes).map(|(number, name)| (format!("#n{number}"), name.to_owned())).collect();
        let mut named: Vec<_> = names.keys().cloned().collect();
        named.sort();
        let page = self
            .client
            .scan()
            .table_name(&self.options.table)
            .limit(self.options.page.get())
            .projection_expression(named.join(", "))
            .set_expression_attribute_names(Some(names))
            .set_exclusive_start_key(after.map(|key| HashMap::from([(attribute::KEY.to_owned(), text(key))])));
        let page = page
            .send()
            .await
            .map_err(|error| SweepError::Read { table: self.options.table.clone(), source: Box::new(error) })?;
        let next = page.last_evaluated_key.and_then(|key| key_of(&key));
        let rows = page.items.unwrap_or_default().into_iter().filter_map(|item| self.seen(&item)).collect();
        Ok((rows, next))
    }

    fn seen(&self, item: &Item) -> Option<Seen> {
        let kind = match epoch_of(item) {
            None => Kind::Foreign,
            Some(epoch) if epoch >= self.options.before_epoch => Kind::Current,
            Some(_) if item.contains_key(attribute::EXPIRES_AT) => Kind::Tombstone,
            Some(_) => Kind::Older,
        };
        Some(Seen { key: key_of(item)?, kind })
    }
}

fn key_of(item: &Item) -> Option<String> {
    item.get(attribute::KEY).and_then(|key| AttributeValue::as_s(key).ok()).cloned()
}
