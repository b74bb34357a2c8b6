//! Changes and events that a test makes up from the function's own types.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use avro_decode::AvroType;
use debezium::Op;
use event_runtime::Outcome;
use serde::de::DeserializeOwned;

use super::harness::Harness;
use super::typed::{MadeUp, MadeUpChange, MadeUpData};
use crate::RowOf;
use crate::handlers::document::Document;

/// Changes of rows: the row type that the function reads.
pub struct Rows<'h, T>(&'h Harness, PhantomData<fn() -> T>);

impl<'h, T: AvroType> Rows<'h, T>
where
    RowOf<'static, T>: Send,
{
    /// Rows for the function in this harness.
    pub fn of(harness: &'h Harness) -> Self {
        Rows(harness, PhantomData)
    }

    /// Delivers a change of the row under `key`, at a position in PostgreSQL's log: a higher `version` is newer.
    pub fn change(&self, op: Op, key: &str, version: i64, after: Option<RowOf<'static, T>>) -> Outcome {
        let made_up = MadeUp { op, key: key.to_owned(), of_mongodb: false, version, after };
        self.0.make_up(key, &BTreeMap::new(), Box::new(MadeUpChange::<T>(made_up))).only()
    }
}

/// Changes of documents: the fields that the function reads.
pub struct Documents<'h, D>(&'h Harness, PhantomData<fn() -> D>);

impl<'h, D: DeserializeOwned + 'static> Documents<'h, D> {
    /// Documents for the function in this harness.
    pub fn of(harness: &'h Harness) -> Self {
        Documents(harness, PhantomData)
    }

    /// Delivers a change of the document with this id, made at `version` milliseconds since 1970. The document is extended
    /// JSON, as the connector writes it.
    pub fn change(&self, op: Op, id: &str, version: i64, after: Option<&'static str>) -> Outcome {
        let after = after.map(Document::<D>::of);
        let made_up = MadeUp { op, key: id.to_owned(), of_mongodb: true, version, after };
        self.0.make_up(id, &BTreeMap::new(), Box::new(MadeUpChange::<Document<'static, D>>(made_up))).only()
    }
}

/// What the headers of a made-up event say.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventHeaders<'a> {
    /// `ce_id`.
    pub id: Option<&'a str>,
    /// `ce_time`.
    pub time: Option<&'a str>,
}

/// Domain events: the data that the function reads.
pub struct Facts<'h, T>(&'h Harness, PhantomData<fn() -> T>);

impl<'h, T: AvroType> Facts<'h, T>
where
    RowOf<'static, T>: Send,
{
    /// Events for the function in this harness.
    pub fn of(harness: &'h Harness) -> Self {
        Facts(harness, PhantomData)
    }

    /// Delivers an event about the entity `key`.
    pub fn happened(&self, key: &str, headers: EventHeaders<'_>, data: RowOf<'static, T>) -> Outcome {
        let headers = [("ce_id", headers.id), ("ce_time", headers.time)];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
        self.0.make_up(key, &headers.collect(), Box::new(MadeUpData::<T>(data))).only()
    }
}
