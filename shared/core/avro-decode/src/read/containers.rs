//! Reads options, boxes, lists and maps.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use super::traits::{AvroRead, AvroType, read_branch};
use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind, ResolveError, Segment};
use crate::program::{Branch, List, Node, Op};
use crate::schema::TypeId;

/// Reads a union with null, a type that is never null, and a field that the writer does not have.
impl<T: AvroType> AvroType for Option<T> {
    type Of<'de> = Option<T::Of<'de>>;

    const OPTIONAL: bool = true;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.option(writer, T::compile)
    }
}

impl<'de, T: AvroRead<'de>> AvroRead<'de> for Option<T> {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        if let Op::Nullable { null, inner } = &node.0 {
            return if cursor.is_null(*null)? { Ok(None) } else { T::read(inner, cursor).map(Some) };
        }
        read_option(node, cursor)
    }

    #[inline(always)]
    fn fill<'p>(&mut self, node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<(), DecodeError> {
        if let Op::Nullable { null, inner } = &node.0
            && let Some(blank) = T::blank()
        {
            if cursor.is_null(*null)? {
                *self = None;
                return Ok(());
            }
            return self.insert(blank).fill(inner, cursor);
        }
        *self = Self::read(node, cursor)?;
        Ok(())
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(None)
    }

    #[inline]
    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// An option of anything except a union of null and one other type.
#[inline(never)]
fn read_option<'p, 'de, T: AvroRead<'de>>(
    node: &'p Node,
    cursor: &mut Cursor<'p, 'de>,
) -> Result<Option<T>, DecodeError> {
    match &node.0 {
        Op::Null => Ok(None),
        Op::Union(branches) => {
            let index = cursor.index(branches.len(), Kind::UnionIndex)?;
            match branches.get(index) {
                Some(Branch::Null) => Ok(None),
                Some(Branch::Node(node)) => T::read(node, cursor).map(Some),
                _ => Err(cursor.fail(Kind::UnionBranch)),
            }
        }
        _ => T::read(node, cursor).map(Some),
    }
}

/// For types that hold themselves.
impl<T: AvroType> AvroType for Box<T> {
    type Of<'de> = Box<T::Of<'de>>;

    const OPTIONAL: bool = T::OPTIONAL;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        T::compile(compiler, writer)
    }
}

impl<'de, T: AvroRead<'de>> AvroRead<'de> for Box<T> {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        cursor.charge(1, size_of::<T>())?;
        T::read(node, cursor).map(Box::new)
    }

    #[inline]
    fn absent() -> Option<Self> {
        T::absent().map(Box::new)
    }
}

impl<T: AvroType> AvroType for Vec<T> {
    type Of<'de> = Vec<T::Of<'de>>;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.array(writer, "Vec", T::compile)
    }
}

impl<'de, T: AvroRead<'de>> AvroRead<'de> for Vec<T> {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        match &node.0 {
            Op::Array(list) => read_list(list, cursor, T::read),
            _ => read_branch(node, cursor),
        }
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Self::new())
    }
}

/// Reads the blocks of a list. Allocates for the items that a block claims, but at most 64 KiB at once: a truncated block
/// must not cost more than that.
pub(crate) fn read_list<'p, 'de, T>(
    list: &'p List,
    cursor: &mut Cursor<'p, 'de>,
    mut read: impl FnMut(&'p Node, &mut Cursor<'p, 'de>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut items = Vec::new();
    cursor.enter()?;
    loop {
        let count = cursor.block(list.min)?;
        if count == 0 {
            break;
        }
        cursor.charge(count, size_of::<T>())?;
        let room = count.min(room::<T>());
        // The first block is nearly always the only one.
        if items.capacity() == 0 {
            items = Vec::with_capacity(room);
        } else {
            items.reserve(room);
        }
        for _ in 0..count {
            match read(&list.item, cursor) {
                Ok(item) => items.push(item),
                Err(error) => return Err(error.inside(Segment::Item(items.len()))),
            }
        }
    }
    cursor.leave();
    Ok(items)
}

/// As [`read_list`], for the entries of a map; each takes `size` bytes in memory.
pub(crate) fn read_entries<'p, 'de, V>(
    list: &'p List,
    cursor: &mut Cursor<'p, 'de>,
    size: usize,
    mut insert: impl FnMut(&'de str, V),
    mut read: impl FnMut(&'p Node, &mut Cursor<'p, 'de>) -> Result<V, DecodeError>,
) -> Result<(), DecodeError> {
    let mut entries = 0;
    cursor.enter()?;
    loop {
        let count = cursor.block(list.min)?;
        if count == 0 {
            break;
        }
        cursor.charge(count, size)?;
        for _ in 0..count {
            match cursor.string().and_then(|key| Ok((key, read(&list.item, cursor)?))) {
                Ok((key, value)) => insert(key, value),
                Err(error) => return Err(error.inside(Segment::Entry(entries))),
            }
            entries += 1;
        }
    }
    cursor.leave();
    Ok(())
}

fn room<T>() -> usize {
    (64 << 10) / size_of::<T>().max(1)
}

/// Maps with each kind of text as key. If a key occurs twice, the last value stays.
macro_rules! maps {
    ($($key:ty, $of:ty);+) => {$(
        impl<V: AvroType, S: BuildHasher + Default + Send + 'static> AvroType for HashMap<$key, V, S> {
            type Of<'de> = HashMap<$of, V::Of<'de>, S>;

            fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
                compiler.map(writer, "HashMap", V::compile)
            }
        }

        impl<'de, V: AvroRead<'de>, S: BuildHasher + Default> AvroRead<'de> for HashMap<$of, V, S> {
            fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
                let Op::Map(list) = &node.0 else {
                    return read_branch(node, cursor);
                };
                let mut map = Self::default();
                let insert = |key: &'de str, value| {
                    map.insert(<$of>::from(key), value);
                };
                read_entries(list, cursor, size_of::<($of, V)>(), insert, V::read)?;
                Ok(map)
            }

            #[inline(always)]
            fn blank() -> Option<Self> {
                Some(Self::default())
            }
        }

        impl<V: AvroType> AvroType for BTreeMap<$key, V> {
            type Of<'de> = BTreeMap<$of, V::Of<'de>>;

            fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
                compiler.map(writer, "BTreeMap", V::compile)
            }
        }

        impl<'de, V: AvroRead<'de>> AvroRead<'de> for BTreeMap<$of, V> {
            fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
                let Op::Map(list) = &node.0 else {
                    return read_branch(node, cursor);
                };
                let mut map = Self::default();
                let insert = |key: &'de str, value| {
                    map.insert(<$of>::from(key), value);
                };
                read_entries(list, cursor, size_of::<($of, V)>(), insert, V::read)?;
                Ok(map)
            }

            #[inline(always)]
            fn blank() -> Option<Self> {
                Some(Self::default())
            }
        }
    )+};
}

maps!(String, String; &'static str, &'de str; Cow<'static, str>, Cow<'de, str>);
