//! Reads numbers, text and bytes.

use std::borrow::Cow;

use super::traits::{AvroRead, AvroType, read_branch};
use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, ResolveError};
use crate::program::{Node, Op};
use crate::schema::{Type, TypeId};

/// The type itself is read inline. Promotions are rare and have a function of their own, since they would hinder inlining.
macro_rules! number {
    ($rust:ty, $name:literal, $op:ident: $ty:pat => $read:expr $(, $from:ident: $from_ty:pat => $promote:expr)*) => {
        impl AvroType for $rust {
            type Of<'de> = Self;

            fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
                compiler.leaf(writer, $name, |ty| match ty {
                    $ty => Some((Op::$op, true)),
                    $($from_ty => Some((Op::$from, false)),)*
                    _ => None,
                })
            }
        }

        impl<'de> AvroRead<'de> for $rust {
            #[inline(always)]
            fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
                #[inline(never)]
                fn promote<'p>(node: &'p Node, cursor: &mut Cursor<'p, '_>) -> Result<$rust, DecodeError> {
                    match &node.0 {
                        $(Op::$from => $promote(cursor),)*
                        _ => read_branch(node, cursor),
                    }
                }
                if let Op::$op = &node.0 { $read(cursor) } else { promote(node, cursor) }
            }

            #[inline(always)]
            fn blank() -> Option<Self> {
                Some(<$rust>::default())
            }
        }
    };
}

number!((), "()", Null: Type::Null => |_: &mut Cursor<'_, '_>| Ok(()));
number!(bool, "bool", Boolean: Type::Boolean => Cursor::boolean);
number!(i32, "i32", Int: Type::Int(_) => Cursor::int);
number!(i64, "i64", Long: Type::Long(_) => Cursor::long,
    Int: Type::Int(_) => |c: &mut Cursor<'_, '_>| c.int().map(i64::from));
number!(f32, "f32", Float: Type::Float => Cursor::float,
    Int: Type::Int(_) => |c: &mut Cursor<'_, '_>| c.int().map(|n| n as f32),
    Long: Type::Long(_) => |c: &mut Cursor<'_, '_>| c.long().map(|n| n as f32));
number!(f64, "f64", Double: Type::Double => Cursor::double,
    Float: Type::Float => |c: &mut Cursor<'_, '_>| c.float().map(f64::from),
    Int: Type::Int(_) => |c: &mut Cursor<'_, '_>| c.int().map(f64::from),
    Long: Type::Long(_) => |c: &mut Cursor<'_, '_>| c.long().map(|n| n as f64));

impl AvroType for &'static str {
    type Of<'de> = &'de str;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        text(compiler, writer, "&str")
    }
}

fn text(compiler: &mut Compiler<'_>, writer: TypeId, rust: &str) -> Result<Node, ResolveError> {
    compiler.leaf(writer, rust, |ty| match ty {
        Type::String(_) => Some((Op::String, true)),
        Type::Bytes(_) => Some((Op::String, false)),
        _ => None,
    })
}

impl<'de> AvroRead<'de> for &'de str {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        match &node.0 {
            Op::String => cursor.string(),
            _ => read_branch(node, cursor),
        }
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some("")
    }
}

impl AvroType for &'static [u8] {
    type Of<'de> = &'de [u8];

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        bytes(compiler, writer, "&[u8]")
    }
}

fn bytes(compiler: &mut Compiler<'_>, writer: TypeId, rust: &str) -> Result<Node, ResolveError> {
    compiler.leaf(writer, rust, |ty| match ty {
        Type::Bytes(_) => Some((Op::Bytes, true)),
        Type::String(_) => Some((Op::Bytes, false)),
        Type::Fixed(f) => Some((Op::Fixed(f.size), true)),
        _ => None,
    })
}

impl<'de> AvroRead<'de> for &'de [u8] {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        match &node.0 {
            Op::Bytes => cursor.bytes(),
            Op::Fixed(size) => cursor.take(*size as usize),
            _ => read_branch(node, cursor),
        }
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(&[])
    }
}

/// Reads a fixed of exactly this size.
impl<const N: usize> AvroType for [u8; N] {
    type Of<'de> = Self;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        fixed::<N>(compiler, writer)
    }
}

impl<const N: usize> AvroType for &'static [u8; N] {
    type Of<'de> = &'de [u8; N];

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        fixed::<N>(compiler, writer)
    }
}

fn fixed<const N: usize>(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
    compiler.leaf(writer, &format!("[u8; {N}]"), |ty| match ty {
        Type::Fixed(f) if f.size as usize == N => Some((Op::Fixed(f.size), true)),
        _ => None,
    })
}

impl<'de, const N: usize> AvroRead<'de> for &'de [u8; N] {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        match &node.0 {
            Op::Fixed(_) => cursor.take(N)?.first_chunk().ok_or_else(|| cursor.unplanned()),
            _ => read_branch(node, cursor),
        }
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(&[0; N])
    }
}

impl<'de, const N: usize> AvroRead<'de> for [u8; N] {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        <&[u8; N]>::read(node, cursor).copied()
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some([0; N])
    }
}

/// Types that own what another type borrows.
macro_rules! holds {
    ($rust:ty, $of:ty, $name:literal, $compile:ident, $borrowed:ty, |$value:ident, $cursor:ident| $hold:expr) => {
        impl AvroType for $rust {
            type Of<'de> = $of;

            fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
                $compile(compiler, writer, $name)
            }
        }

        impl<'de> AvroRead<'de> for $of {
            #[inline(always)]
            fn read<'p>(node: &'p Node, $cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
                let $value = <$borrowed>::read(node, $cursor)?;
                $hold
            }

            #[inline(always)]
            fn blank() -> Option<Self> {
                Some(Self::default())
            }
        }
    };
}

holds!(Cow<'static, str>, Cow<'de, str>, "Cow<str>", text, &'de str, |value, cursor| Ok(Cow::Borrowed(value)));
holds!(Cow<'static, [u8]>, Cow<'de, [u8]>, "Cow<[u8]>", bytes, &'de [u8], |value, cursor| Ok(Cow::Borrowed(value)));
holds!(String, String, "String", text, &'de str, |value, cursor| {
    cursor.charge(value.len(), 1)?;
    Ok(value.to_owned())
});
holds!(Box<str>, Box<str>, "Box<str>", text, &'de str, |value, cursor| {
    cursor.charge(value.len(), 1)?;
    Ok(value.into())
});
holds!(Vec<u8>, Vec<u8>, "Vec<u8>", bytes, &'de [u8], |value, cursor| {
    cursor.charge(value.len(), 1)?;
    Ok(value.to_owned())
});
