//! Values of any schema, for tools: a function names a struct of its own.

use std::borrow::Cow;
use std::sync::Arc;

use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind, ResolveError};
use crate::plan::{Branch, Node, Op, Promotion, RecordPlan};
use crate::read::{AvroRead, AvroType};
use crate::schema::TypeId;

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
    pub(crate) fn of(record: &crate::schema::Record) -> Arc<Self> {
        let fields = record.fields.iter().map(|f| f.name.clone()).collect();
        Arc::new(Self { name: record.name.full.clone(), fields })
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

/// The reader is the writer's own schema.
impl AvroType for Value<'static> {
    type Of<'de> = Value<'de>;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.resolve_as_written(writer)
    }
}

impl<'de> AvroRead<'de> for Value<'de> {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        Ok(match &node.0 {
            Op::Null => Value::Null,
            Op::Boolean => Value::Boolean(cursor.boolean()?),
            Op::Int => Value::Int(cursor.int()?),
            Op::Long => Value::Long(cursor.long()?),
            Op::Float => Value::Float(cursor.float()?),
            Op::Double => Value::Double(cursor.double()?),
            Op::Bytes => Value::Bytes(Cow::Borrowed(cursor.bytes()?)),
            Op::String => Value::String(Cow::Borrowed(cursor.string()?)),
            Op::Fixed(size) => Value::Fixed(Cow::Borrowed(cursor.take(*size as usize)?)),
            Op::Promote(promotion) => promoted(*promotion, cursor)?,
            Op::SymbolOf(symbols) => {
                let index = cursor.index(symbols.len(), Kind::EnumIndex)?;
                match symbols.get(index) {
                    Some(Some(symbol)) => Value::Enum(symbol.clone()),
                    _ => return Err(cursor.fail(Kind::EnumSymbol)),
                }
            }
            Op::Array(list) => Value::Array(crate::read::read_list(list, cursor, Value::read)?),
            Op::Map(list) => {
                let mut entries = Vec::new();
                let insert = |key, value| entries.push((Cow::Borrowed(key), value));
                crate::read::read_entries(list, cursor, size_of::<(Cow<'_, str>, Value<'_>)>(), insert, Value::read)?;
                Value::Map(entries)
            }
            Op::Record(_) | Op::Hollow(_) => {
                let plan = cursor.begin_record(node)?;
                let record = record(plan, cursor)?;
                cursor.end_record(plan)?;
                Value::Record(record)
            }
            Op::Union(branches) => {
                let index = cursor.index(branches.len(), Kind::UnionIndex)?;
                match branches.get(index) {
                    Some(Branch::Node(node)) => Value::read(node, cursor)?,
                    _ => return Err(cursor.fail(Kind::UnionBranch)),
                }
            }
            _ => return Err(cursor.unplanned()),
        })
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Value::Null)
    }
}

fn record<'p, 'de>(plan: &'p RecordPlan, cursor: &mut Cursor<'p, 'de>) -> Result<Record<'de>, DecodeError> {
    let Some(shape) = &plan.shape else {
        return Err(cursor.unplanned());
    };
    cursor.charge(plan.slots.len(), size_of::<Value<'_>>())?;
    let mut values = Vec::with_capacity(plan.slots.len());
    for default in &plan.defaults {
        values.push(match default {
            Some(default) => {
                cursor.charge(1, weight(default))?;
                default.clone()
            }
            None => Value::Null,
        });
    }
    for (index, slot) in plan.in_order() {
        let mut read = None;
        slot.part(&mut read, cursor, || None)?;
        if let (Some(value), Some(read)) = (values.get_mut(index as usize), read) {
            *value = read;
        }
    }
    Ok(Record { shape: shape.clone(), values })
}

fn promoted<'de>(promotion: Promotion, cursor: &mut Cursor<'_, 'de>) -> Result<Value<'de>, DecodeError> {
    Ok(match promotion {
        Promotion::IntToLong => Value::Long(i64::from(cursor.int()?)),
        Promotion::IntToFloat => Value::Float(cursor.int()? as f32),
        Promotion::IntToDouble => Value::Double(f64::from(cursor.int()?)),
        Promotion::LongToFloat => Value::Float(cursor.long()? as f32),
        Promotion::LongToDouble => Value::Double(cursor.long()? as f64),
        Promotion::FloatToDouble => Value::Double(f64::from(cursor.float()?)),
        Promotion::BytesToString => Value::String(Cow::Borrowed(cursor.string()?)),
        Promotion::StringToBytes => Value::Bytes(Cow::Borrowed(cursor.bytes()?)),
    })
}

/// What a copy of a default takes beside the value itself, in bytes.
fn weight(value: &Value<'_>) -> usize {
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
