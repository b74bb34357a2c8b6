//! Reads generic values, of any schema.

use std::borrow::Cow;

use super::containers::{read_entries, read_list};
use super::traits::{AvroRead, AvroType};
use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind, ResolveError};
use crate::program::{Branch, Node, Op, Promotion, RecordPlan};
use crate::schema::TypeId;
use crate::value::{Record, Value, weight};

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
            Op::Array(list) => Value::Array(read_list(list, cursor, Value::read)?),
            Op::Map(list) => {
                let mut entries = Vec::new();
                let insert = |key, value| entries.push((Cow::Borrowed(key), value));
                read_entries(list, cursor, size_of::<(Cow<'_, str>, Value<'_>)>(), insert, Value::read)?;
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
    Ok(Record::new(shape.clone(), values))
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
