//! Values of any schema, for tools; a function declares a struct instead.

use std::borrow::Cow;
use std::sync::Arc;

/// A value of any schema. Text and bytes borrow from the datum; a reader's defaults own theirs.
///
/// A union's value is the value of its branch. Logical types are left to the caller: a decimal is its bytes, a
/// timestamp its long.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the variants are Avro's types")]
pub enum Value<'de> {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(Cow<'de, [u8]>),
    String(Cow<'de, str>),
    Fixed(Cow<'de, [u8]>),
    Enum(Symbol),
    Array(Vec<Value<'de>>),
    /// In the order of the datum; a key may occur twice.
    Map(Vec<(Cow<'de, str>, Value<'de>)>),
    Record(Record<'de>),
}

/// A symbol of an enum.
#[derive(Clone, PartialEq, Eq)]
pub struct Symbol {
    symbols: Arc<[Arc<str>]>,
    index: usize,
}

impl Symbol {
    pub(crate) fn new(symbols: Arc<[Arc<str>]>, index: usize) -> Self {
        Self { symbols, index }
    }

    /// The symbol's text.
    pub fn as_str(&self) -> &str {
        self.symbols.get(self.index).map_or("", |s| s)
    }

    /// Its position in the reader's enum, or the writer's if there is no reader's.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl std::fmt::Debug for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record: its schema's names, and a value for each field.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'de> {
    shape: Arc<Shape>,
    values: Vec<Value<'de>>,
}

/// The names of a record type, shared by its values.
#[derive(Debug, PartialEq)]
pub(crate) struct Shape {
    name: Arc<str>,
    fields: Vec<Arc<str>>,
}

impl Shape {
    /// Of a record of this full name.
    pub(crate) fn new(name: Arc<str>, fields: Vec<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { name, fields })
    }
}

impl<'de> Record<'de> {
    pub(crate) fn new(shape: Arc<Shape>, values: Vec<Value<'de>>) -> Self {
        Self { shape, values }
    }

    /// The record's full name.
    pub fn name(&self) -> &str {
        &self.shape.name
    }

    /// The fields in the order of the schema.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value<'de>)> {
        self.shape.fields.iter().map(|name| &**name).zip(&self.values)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value<'de>> {
        self.fields().find(|(field, _)| *field == name).map(|(_, value)| value)
    }
}

/// The bytes that a copy takes in addition to the value itself.
pub(crate) fn weight(value: &Value<'_>) -> usize {
    const VALUE: usize = size_of::<Value<'_>>();
    match value {
        Value::Bytes(b) | Value::Fixed(b) => b.len(),
        Value::String(s) => s.len(),
        Value::Array(items) => items.iter().map(|v| VALUE + weight(v)).sum(),
        Value::Map(entries) => entries.iter().map(|(k, v)| VALUE * 2 + k.len() + weight(v)).sum(),
        Value::Record(record) => record.values.iter().map(|v| VALUE + weight(v)).sum(),
        _ => 0,
    }
}
