//! Reads one field of a struct, in place or as a part to assemble.

use super::traits::AvroRead;
use crate::cursor::Cursor;
use crate::error::{DecodeError, Segment};
use crate::program::{Op, Slot};

impl Slot {
    /// Reads the field; `out` becomes `default` if the writer does not have it.
    #[inline(always)]
    pub fn fill<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut T,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        if self.detour {
            if let Op::Absent = self.node.0 {
                *out = default().ok_or_else(|| cursor.unplanned())?;
                return Ok(());
            }
            cursor.skip(&self.before)?;
        }
        // A value that fits registers is best returned.
        let result = if size_of::<T>() <= 32 {
            T::read(&self.node, cursor).map(|value| *out = value)
        } else {
            out.fill(&self.node, cursor)
        };
        result.map_err(|error| self.in_field(error))
    }

    /// As [`Slot::fill`], for the loop over fields that were written in another order: large types are read by a function
    /// of their own, one for all fields of that type.
    #[inline(always)]
    pub fn fill_in_loop<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut T,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        if size_of::<T>() <= 32 { self.fill(out, cursor, default) } else { self.fill_apart(out, cursor, default) }
    }

    #[inline(never)]
    fn fill_apart<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut T,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        self.fill(out, cursor, default)
    }

    /// Reads the field of a struct that is assembled from its parts.
    #[inline]
    pub fn part<'p, 'de, T: AvroRead<'de>>(
        &'p self,
        out: &mut Option<T>,
        cursor: &mut Cursor<'p, 'de>,
        default: impl FnOnce() -> Option<T>,
    ) -> Result<(), DecodeError> {
        if self.detour {
            if let Op::Absent = self.node.0 {
                *out = default();
                return Ok(());
            }
            cursor.skip(&self.before)?;
        }
        *out = Some(T::read(&self.node, cursor).map_err(|error| self.in_field(error))?);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn in_field(&self, error: DecodeError) -> DecodeError {
        error.inside(Segment::Field(self.name.clone()))
    }
}
