//! Matches the fields of a writer's record with the reader's, and plans how to read them.

use std::collections::HashMap;
use std::sync::Arc;

use super::compiler::{Compiler, Part};
use crate::error::ResolveError;
use crate::program::{Node, Op, RecordPlan, SkipOp, Slot};
use crate::schema::{Record, TypeId};

impl Compiler<'_> {
    /// For each of the writer's fields, the reader's: by name, then by alias.
    ///
    /// An alias takes effect "as though the writer's field had the reader's name", unless another field of the reader
    /// has taken the writer's field by its own name.
    pub(crate) fn match_fields(
        &mut self,
        record: &Record,
        reader: &[(&str, Vec<&str>)],
    ) -> Result<Vec<Option<usize>>, ResolveError> {
        let long = |name: &str| 1 + name.len() as u64 / 64;
        let of_writer: u64 = record.fields.iter().map(|field| long(&field.name)).sum();
        let of_reader: u64 = reader
            .iter()
            .map(|(name, aliases)| long(name) + aliases.iter().map(|alias| long(alias)).sum::<u64>())
            .sum();
        self.step(of_writer + of_reader)?;
        let by_name: HashMap<&str, usize> = reader.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
        let mut found: Vec<Option<usize>> = record.fields.iter().map(|f| by_name.get(&*f.name).copied()).collect();
        let written: HashMap<&str, usize> = record.fields.iter().enumerate().map(|(i, f)| (&*f.name, i)).collect();
        for (index, (name, aliases)) in reader.iter().enumerate() {
            if written.contains_key(name) {
                continue;
            }
            for alias in aliases {
                if let Some(slot) = written.get(alias).and_then(|w| found.get_mut(*w))
                    && slot.is_none()
                {
                    *slot = Some(index);
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Plans a record. `readers` has the reader's field for each of the writer's, or `None`.
    pub(crate) fn record_plan(
        &mut self,
        record: &Record,
        fields: usize,
        readers: &[Option<usize>],
        mut resolve: impl FnMut(&mut Self, usize, TypeId) -> Result<Node, ResolveError>,
    ) -> Result<RecordPlan, ResolveError> {
        self.step(record.fields.len() as u64 + fields as u64)?;
        let nameless: Arc<str> = "".into();
        let absent = || Slot::new(Box::default(), Node(Op::Absent), nameless.clone());
        let mut slots: Vec<Slot> = (0..fields).map(|_| absent()).collect();
        let mut written = vec![false; fields];
        let mut order = Vec::with_capacity(fields);
        let mut skipped: Vec<SkipOp> = Vec::new();
        for (field, reader) in record.fields.iter().zip(readers) {
            let Some(index) = *reader else {
                let steps = self.skip.append(field.schema, &mut skipped);
                self.step(steps)?;
                continue;
            };
            let part = Part::Name(field.name.clone());
            let node = self.within(part, |compiler| resolve(compiler, index, field.schema))?;
            if let Some(written) = written.get_mut(index) {
                *written = true;
            }
            if let Some(slot) = slots.get_mut(index) {
                *slot = Slot::new(std::mem::take(&mut skipped).into(), node, field.name.clone());
            }
            order.push(index as u32);
        }
        let straight = order.is_sorted();
        order.extend(written.iter().enumerate().filter(|(_, written)| !**written).map(|(index, _)| index as u32));
        Ok(RecordPlan {
            slots: slots.into(),
            straight,
            order: order.into(),
            after: skipped.into(),
            shape: None,
            defaults: Box::default(),
        })
    }
}
