//! Reads records, unions and enum symbols by a plan's nodes.

use super::bytes::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::program::{Branch, Node, Op, RecordPlan};

impl<'p> Cursor<'p, '_> {
    /// Where the writer has a union and the reader does not: reads which branch it is and returns that branch's node.
    #[cold]
    #[inline(never)]
    pub(crate) fn branch(&mut self, node: &'p Node) -> Result<&'p Node, DecodeError> {
        match &node.0 {
            Op::Union(branches) => {
                let index = self.index(branches.len(), Kind::UnionIndex)?;
                match branches.get(index) {
                    Some(Branch::Node(node)) => Ok(node),
                    _ => Err(self.fail(Kind::UnionBranch)),
                }
            }
            _ => Err(self.fail(Kind::PlanMismatch)),
        }
    }

    /// Begins a record and returns how to read it.
    #[inline]
    #[doc(hidden)]
    pub fn begin_record(&mut self, node: &'p Node) -> Result<&'p RecordPlan, DecodeError> {
        let index = match &node.0 {
            Op::Record(index) => *index,
            _ => self.uncommon_record(node)?,
        };
        self.enter()?;
        match self.program.records.get(index as usize) {
            Some(Some(plan)) => Ok(plan),
            // The record did not resolve, in a branch that is allowed to fail.
            Some(None) => Err(self.fail(Kind::UnionBranch)),
            None => Err(self.fail(Kind::PlanMismatch)),
        }
    }

    /// A record without bytes, or in a branch of the writer's union.
    #[cold]
    #[inline(never)]
    fn uncommon_record(&mut self, node: &'p Node) -> Result<u32, DecodeError> {
        match &node.0 {
            Op::Record(index) => Ok(*index),
            Op::Hollow(index) => {
                self.charge_hollow(1)?;
                Ok(*index)
            }
            Op::Union(_) => {
                let branch = self.branch(node)?;
                match &branch.0 {
                    Op::Record(_) | Op::Hollow(_) => self.uncommon_record(branch),
                    _ => Err(self.fail(Kind::PlanMismatch)),
                }
            }
            _ => Err(self.fail(Kind::PlanMismatch)),
        }
    }

    /// Ends a record: skips the writer's last fields.
    #[inline]
    #[doc(hidden)]
    pub fn end_record(&mut self, plan: &'p RecordPlan) -> Result<(), DecodeError> {
        if !plan.after.is_empty() {
            self.skip(&plan.after)?;
        }
        self.leave();
        Ok(())
    }

    /// The error for a value that the plan does not have.
    #[cold]
    #[doc(hidden)]
    pub fn unplanned(&self) -> DecodeError {
        self.fail(Kind::PlanMismatch)
    }

    /// The number of the reader's symbol.
    #[inline]
    #[doc(hidden)]
    pub fn symbol(&mut self, node: &'p Node) -> Result<u32, DecodeError> {
        let found = match &node.0 {
            Op::Enum(map) => {
                let index = self.index(map.len(), Kind::EnumIndex)?;
                map.get(index).copied().unwrap_or(u32::MAX)
            }
            Op::Symbols { names, default } => {
                let text = self.bytes()?;
                names.iter().find(|(name, _)| name.as_bytes() == text).map_or(*default, |(_, symbol)| *symbol)
            }
            Op::Union(_) => {
                let node = self.branch(node)?;
                return match node.0 {
                    Op::Enum(_) | Op::Symbols { .. } => self.symbol(node),
                    _ => Err(self.fail(Kind::PlanMismatch)),
                };
            }
            _ => return Err(self.fail(Kind::PlanMismatch)),
        };
        if found == u32::MAX { Err(self.fail(Kind::EnumSymbol)) } else { Ok(found) }
    }

    /// The number of the reader's variant for a union's branch, and the node of what it holds.
    #[inline]
    #[doc(hidden)]
    pub fn variant(&mut self, node: &'p Node) -> Result<(u32, &'p Node), DecodeError> {
        match &node.0 {
            Op::Union(branches) => {
                let index = self.index(branches.len(), Kind::UnionIndex)?;
                match branches.get(index) {
                    Some(Branch::Variant(variant, node)) => Ok((*variant, node)),
                    _ => Err(self.fail(Kind::UnionBranch)),
                }
            }
            Op::Variant(variant, node) => Ok((*variant, node)),
            _ => Err(self.fail(Kind::PlanMismatch)),
        }
    }

    /// Reads nothing, or skips what the node lists: for a variant without content.
    #[doc(hidden)]
    pub fn pass(&mut self, node: &'p Node) -> Result<(), DecodeError> {
        match &node.0 {
            Op::Null => Ok(()),
            Op::Skip(ops) => self.skip(ops),
            _ => Err(self.fail(Kind::PlanMismatch)),
        }
    }
}
