//! Compiles how to skip what the reader does not read: a flat list of operations for each record.
//!
//! Each operation takes at least one byte of the datum, except entering a record; and a record that is entered has two or
//! more operations, or one that does not enter another record. So skipping takes at most about three steps a byte for any
//! schema. To that end, types that take no bytes compile to nothing, and a record that only holds another record gets
//! that record's operations.

use std::collections::HashMap;
use std::sync::Arc;

use crate::program::SkipOp;
use crate::schema::{Schema, Sizes, Type, TypeId};

/// Compiles skippers. Records are queued and compiled one by one, so that a long chain of types does not recurse.
pub(crate) struct SkipCompiler<'s> {
    schema: &'s Schema,
    sizes: Arc<Sizes>,
    /// Index per record type of the schema.
    known: HashMap<TypeId, u32>,
    queue: Vec<TypeId>,
    /// The types that were visited.
    steps: u64,
}

impl<'s> SkipCompiler<'s> {
    pub(crate) fn new(schema: &'s Schema, sizes: Arc<Sizes>) -> Self {
        Self { schema, sizes, known: HashMap::new(), queue: Vec::new(), steps: 0 }
    }

    /// Appends the operations that skip one value. Returns how many types were visited.
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

    /// The skippers of all records that were used, by index, and how many types were visited for them.
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

/// Gives each record that only holds another record that one's operations. A ring of such records is left alone: no datum
/// fits it, and reading one ends at the depth limit.
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
