//! Going past what the reader does not ask for, compiled to a flat list per record.
//!
//! Each operation takes at least one byte of the datum, but for entering a record; and a record that is entered has two
//! operations or more, or one that is none of a record. So the steps are at most some three for each byte, whatever the
//! schema: what takes no bytes is compiled to nothing, and a record that holds one record alone is that record.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::schema::{Schema, Sizes, Type, TypeId};

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
    sizes: Arc<Sizes>,
    /// Index per record type of the schema.
    known: HashMap<TypeId, u32>,
    queue: Vec<TypeId>,
    /// The types that were looked at.
    steps: u64,
}

impl<'s> SkipCompiler<'s> {
    pub(crate) fn new(schema: &'s Schema, sizes: Arc<Sizes>) -> Self {
        Self { schema, sizes, known: HashMap::new(), queue: Vec::new(), steps: 0 }
    }

    /// The operations that skip one value, after those that are there already. Returns how many types were looked at.
    pub(crate) fn append(&mut self, id: TypeId, ops: &mut Vec<SkipOp>) -> u64 {
        let before = self.steps;
        self.add(id, ops);
        self.steps - before
    }

    fn add(&mut self, id: TypeId, ops: &mut Vec<SkipOp>) {
        self.steps += 1;
        if self.sizes.is_hollow(id) {
            return;
        }
        let op = match self.schema.get(id) {
            Type::Null => return,
            Type::Boolean => SkipOp::Fixed(1),
            Type::Float => SkipOp::Fixed(4),
            Type::Double => SkipOp::Fixed(8),
            Type::Fixed(f) => SkipOp::Fixed(f.size as usize),
            Type::Int(_) | Type::Long(_) | Type::Enum(_) => SkipOp::Varints(1),
            Type::Bytes(_) | Type::String(_) => SkipOp::Bytes,
            Type::Array(items) => SkipOp::Array { min: self.sizes.least(*items), items: self.list(*items) },
            Type::Map(values) => {
                SkipOp::Map { min: self.sizes.least(*values).saturating_add(1), values: self.list(*values) }
            }
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

    fn list(&mut self, id: TypeId) -> Box<[SkipOp]> {
        let mut ops = Vec::new();
        self.add(id, &mut ops);
        ops.into()
    }

    /// The skippers of all records that were met, by index, and how many types were looked at for them.
    pub(crate) fn finish(mut self) -> (Vec<Arc<[SkipOp]>>, u64) {
        let before = self.steps;
        let mut skippers: Vec<Arc<[SkipOp]>> = Vec::new();
        while let Some(&id) = self.queue.get(skippers.len()) {
            let mut ops = Vec::new();
            if let Type::Record(record) = self.schema.get(id) {
                for field in &record.fields {
                    self.add(field.schema, &mut ops);
                }
            }
            skippers.push(ops.into());
        }
        shorten(&mut skippers);
        (skippers, self.steps - before)
    }

    fn record(&mut self, id: TypeId) -> u32 {
        *self.known.entry(id).or_insert_with(|| {
            self.queue.push(id);
            (self.queue.len() - 1) as u32
        })
    }
}

/// Lets each record that holds nothing but one record have that one's operations. A ring of such records stays: it has no
/// datum, and ends at the depth limit.
fn shorten(skippers: &mut [Arc<[SkipOp]>]) {
    let mut done = vec![false; skippers.len()];
    for start in 0..skippers.len() {
        let mut chain = Vec::new();
        let mut at = start;
        while let Some(done) = done.get_mut(at).filter(|done| !**done) {
            *done = true;
            chain.push(at);
            match skippers.get(at).map(|ops| &**ops) {
                Some([SkipOp::Record(next)]) => at = *next as usize,
                _ => break,
            }
        }
        let Some(last) = skippers.get(at).cloned() else { continue };
        for index in chain {
            if let Some(ops) = skippers.get_mut(index) {
                *ops = last.clone();
            }
        }
    }
}

impl<'p> Cursor<'p, '_> {
    pub(crate) fn skip(&mut self, ops: &'p [SkipOp]) -> Result<(), DecodeError> {
        self.steps += ops.len() as u64;
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
                SkipOp::Array { min, items } => {
                    self.skip_blocks(*min, items.is_empty(), |cursor| cursor.skip(items))?
                }
                SkipOp::Map { min, values } => self.skip_blocks(*min, false, |cursor| {
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
        hollow: bool,
        mut item: impl FnMut(&mut Self) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        self.enter()?;
        loop {
            match self.block_to_skip(min)? {
                Ok(0) => {
                    self.leave();
                    return Ok(());
                }
                // What has no bytes is counted, and that is all.
                Ok(_) if hollow => {}
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
