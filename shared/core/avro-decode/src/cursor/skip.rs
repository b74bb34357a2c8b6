//! Skips values that the reader does not read.

use super::bytes::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::program::SkipOp;

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
                // Items without bytes were counted; there is nothing to skip.
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
