//! Going past what the reader does not ask for, compiled to a flat list per record.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::schema::{Schema, Type, TypeId};

/// One thing to go past. Text is not checked for UTF-8: nobody sees it.
#[derive(Debug, Clone)]
pub(crate) enum SkipOp {
    /// Adjacent values of fixed size, together.
    Fixed(usize),
    /// Adjacent ints and longs.
    Varints(u32),
    /// One string or bytes.
    Bytes,
    /// A union of null and one other type.
    Nullable {
        null: bool,
        other: Box<[SkipOp]>,
    },
    Union(Box<[Box<[SkipOp]>]>),
    Array {
        min: u32,
        items: Box<[SkipOp]>,
    },
    /// Keys included in `min`.
    Map {
        min: u32,
        values: Box<[SkipOp]>,
    },
    /// By index, since records recur and recurse.
    Record(u32),
}

/// Compiles skippers; records are worked off one by one, so that a long chain of types does not recurse.
pub(crate) struct SkipCompiler<'s> {
    schema: &'s Schema,
    min_sizes: Arc<[u32]>,
    /// Index per record type of the schema.
    known: HashMap<TypeId, u32>,
    queue: Vec<TypeId>,
}

impl<'s> SkipCompiler<'s> {
    pub(crate) fn new(schema: &'s Schema, min_sizes: Arc<[u32]>) -> Self {
        Self { schema, min_sizes, known: HashMap::new(), queue: Vec::new() }
    }

    /// The operations that skip one value, after those that are there already.
    pub(crate) fn append(&mut self, id: TypeId, ops: &mut Vec<SkipOp>) {
        let op = match self.schema.get(id) {
            Type::Null => return,
            Type::Boolean => SkipOp::Fixed(1),
            Type::Float => SkipOp::Fixed(4),
            Type::Double => SkipOp::Fixed(8),
            Type::Fixed(f) => SkipOp::Fixed(f.size as usize),
            Type::Int(_) | Type::Long(_) | Type::Enum(_) => SkipOp::Varints(1),
            Type::Bytes(_) | Type::String(_) => SkipOp::Bytes,
            Type::Array(items) => SkipOp::Array { min: self.min(*items), items: self.list(*items) },
            Type::Map(values) => SkipOp::Map { min: self.min(*values).saturating_add(1), values: self.list(*values) },
            Type::Union(branches) => match branches[..] {
                [a, b] if matches!(self.schema.get(a), Type::Null) => {
                    SkipOp::Nullable { null: false, other: self.list(b) }
                }
                [a, b] if matches!(self.schema.get(b), Type::Null) => {
                    SkipOp::Nullable { null: true, other: self.list(a) }
                }
                _ => SkipOp::Union(branches.iter().map(|b| self.list(*b)).collect()),
            },
            Type::Record(_) => SkipOp::Record(self.record(id)),
        };
        match (ops.last_mut(), op) {
            (Some(SkipOp::Fixed(sum)), SkipOp::Fixed(more)) if sum.checked_add(more).is_some() => *sum += more,
            (Some(SkipOp::Varints(count)), SkipOp::Varints(more)) => *count += more,
            (_, op) => ops.push(op),
        }
    }

    pub(crate) fn list(&mut self, id: TypeId) -> Box<[SkipOp]> {
        let mut ops = Vec::new();
        self.append(id, &mut ops);
        ops.into()
    }

    /// The skippers of all records that were met, by index.
    pub(crate) fn finish(mut self) -> Vec<Box<[SkipOp]>> {
        let mut skippers = Vec::new();
        while let Some(&id) = self.queue.get(skippers.len()) {
            let mut ops = Vec::new();
            if let Type::Record(record) = self.schema.get(id) {
                for field in &record.fields {
                    self.append(field.schema, &mut ops);
                }
            }
            skippers.push(ops.into());
        }
        skippers
    }

    fn record(&mut self, id: TypeId) -> u32 {
        *self.known.entry(id).or_insert_with(|| {
            self.queue.push(id);
            (self.queue.len() - 1) as u32
        })
    }

    fn min(&self, id: TypeId) -> u32 {
        self.min_sizes.get(id.0 as usize).copied().unwrap_or(0)
    }
}

impl<'p> Cursor<'p, '_> {
    pub(crate) fn skip(&mut self, ops: &'p [SkipOp]) -> Result<(), DecodeError> {
        for op in ops {
            match op {
                SkipOp::Fixed(bytes) => {
                    self.take(*bytes)?;
                }
                SkipOp::Varints(count) => {
                    for _ in 0..*count {
                        self.long()?;
                    }
                }
                SkipOp::Bytes => {
                    self.bytes()?;
                }
                SkipOp::Nullable { null, other } => {
                    if !self.is_null(*null)? {
                        self.skip(other)?;
                    }
                }
                SkipOp::Union(branches) => {
                    let index = self.index(branches.len(), Kind::UnionIndex)?;
                    if let Some(branch) = branches.get(index) {
                        self.skip(branch)?;
                    }
                }
                SkipOp::Array { min, items } => self.skip_blocks(*min, |cursor| cursor.skip(items))?,
                SkipOp::Map { min, values } => self.skip_blocks(*min, |cursor| {
                    cursor.bytes()?;
                    cursor.skip(values)
                })?,
                SkipOp::Record(index) => {
                    let Some(ops) = self.program.skippers.get(*index as usize) else {
                        return Err(self.fail(Kind::PlanMismatch));
                    };
                    self.enter()?;
                    self.skip(ops)?;
                    self.leave();
                }
            }
        }
        Ok(())
    }

    fn skip_blocks(
        &mut self,
        min: u32,
        mut item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.enter()?;
        loop {
            match self.block_to_skip(min)? {
                Ok(0) => {
                    self.leave();
                    return Ok(());
                }
                Ok(count) => {
                    for _ in 0..count {
                        item(self)?;
                    }
                }
                Err(bytes) => {
                    self.take(bytes)?;
                }
            }
        }
    }
}
