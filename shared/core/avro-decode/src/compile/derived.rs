//! Resolves a writer's schema against structs and enums that use the derive.

use std::any::TypeId as RustType;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::compiler::{Compile, Compiler, Memo, Part};
use crate::error::{ResolveError, Rule};
use crate::message_text::{ShortName, names};
use crate::program::{Branch, Node, Op, RecordPlan};
use crate::schema::{Name, Record, Type, TypeId};

/// A struct as the derive describes it.
#[doc(hidden)]
pub struct RecordSpec<'a> {
    pub rust: &'a str,
    /// The writer's record must have this name, if given.
    pub name: Option<&'a str>,
    pub aliases: &'a [&'a str],
    pub fields: &'a [FieldSpec<'a>],
}

#[doc(hidden)]
pub struct FieldSpec<'a> {
    pub name: &'a str,
    pub aliases: &'a [&'a str],
    /// May be missing from the writer.
    pub optional: bool,
    pub compile: Compile,
}

/// An enum of names as the derive describes it.
#[doc(hidden)]
pub struct EnumSpec<'a> {
    pub rust: &'a str,
    pub name: Option<&'a str>,
    pub aliases: &'a [&'a str],
    /// Each variant's name, then its aliases.
    pub symbols: &'a [&'a [&'a str]],
    /// The variant for symbols that are not listed.
    pub default: Option<u32>,
}

/// An enum of types as the derive describes it.
#[doc(hidden)]
pub struct UnionSpec<'a> {
    pub rust: &'a str,
    pub variants: &'a [VariantSpec<'a>],
}

#[doc(hidden)]
pub struct VariantSpec<'a> {
    /// The variant's own name.
    pub rust: &'a str,
    /// Takes only the writer's type of this name, if given.
    pub name: Option<&'a str>,
    pub kind: VariantKind,
}

#[doc(hidden)]
pub enum VariantKind {
    /// Without content: null.
    Null,
    /// Takes every branch that no other variant takes.
    Other,
    Holds(Compile),
}

impl Compiler<'_> {
    /// Reads a record into a struct.
    #[doc(hidden)]
    pub fn record<T: 'static>(&mut self, writer: TypeId, spec: &RecordSpec<'_>) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| compiler.one_record(RustType::of::<T>(), branch, spec))
    }

    fn one_record(&mut self, rust: RustType, writer: TypeId, spec: &RecordSpec<'_>) -> Result<Node, ResolveError> {
        let schema = self.schema;
        let Type::Record(record) = schema.get(writer) else {
            return Err(self.mismatch(writer, &format!("struct `{}`", spec.rust)));
        };
        self.check_name(&record.name, spec.rust, spec.name, spec.aliases, "record")?;
        match self.typed.get(&(rust, writer)) {
            Some(Memo::Index(index)) => return Ok(self.record_node(writer, *index)),
            Some(Memo::Failed(error)) => return Err(error.clone()),
            None => {}
        }
        let index = self.records.len() as u32;
        self.records.push(None);
        self.typed.insert((rust, writer), Memo::Index(index));
        match self.fields(record, spec) {
            Ok(plan) => {
                if let Some(slot) = self.records.get_mut(index as usize) {
                    *slot = Some(plan);
                }
                Ok(self.record_node(writer, index))
            }
            Err(error) => {
                self.typed.insert((rust, writer), Memo::Failed(error.clone()));
                Err(error)
            }
        }
    }

    fn fields(&mut self, record: &Record, spec: &RecordSpec<'_>) -> Result<RecordPlan, ResolveError> {
        let reader: Vec<(&str, Vec<&str>)> = spec.fields.iter().map(|f| (f.name, f.aliases.to_vec())).collect();
        let readers = self.match_fields(record, &reader)?;
        let present: HashSet<usize> = readers.iter().flatten().copied().collect();
        let mut fields = spec.fields.iter().enumerate();
        if let Some((_, field)) = fields.find(|(index, field)| !field.optional && !present.contains(index)) {
            let written = ShortName(&record.name.full);
            let problem = format!("record {written} has no field `{}` and the reader has no default", field.name);
            let remedy = format!(
                "make it an `Option`, give it `#[avro(default)]`, or name the writer's field: `#[avro(alias = \"…\")]` \
                 (it has {})",
                names(record.fields.iter().map(|field| &*field.name))
            );
            return self.for_reader(Part::Rust(format!("{}.{}", spec.rust, field.name)), |compiler| {
                Err(compiler.error(Rule::MissingField, problem, remedy))
            });
        }
        self.record_plan(record, spec.fields.len(), &readers, |compiler, index, writer| match spec.fields.get(index) {
            Some(field) => compiler.for_reader(Part::Rust(format!("{}.{}", spec.rust, field.name)), |compiler| {
                (field.compile)(compiler, writer)
            }),
            None => Ok(Node(Op::Absent)),
        })
    }

    /// Reads an enum, or text, into an enum whose variants have no content.
    #[doc(hidden)]
    pub fn enumeration<T: 'static>(&mut self, writer: TypeId, spec: &EnumSpec<'_>) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| compiler.one_enumeration(RustType::of::<T>(), branch, spec))
    }

    fn one_enumeration(&mut self, rust: RustType, writer: TypeId, spec: &EnumSpec<'_>) -> Result<Node, ResolveError> {
        let schema = self.schema;
        let numbered =
            || spec.symbols.iter().zip(0u32..).flat_map(|(names, i)| names.iter().map(move |name| (*name, i)));
        match schema.get(writer) {
            Type::Enum(e) => {
                self.check_name(&e.name, spec.rust, spec.name, spec.aliases, "enum")?;
                if let Some(symbols) = self.typed_symbols.get(&(rust, writer)) {
                    return Ok(Node(Op::Enum(symbols.clone())));
                }
                self.step(e.symbols.len() as u64)?;
                let known: HashMap<&str, u32> = numbered().collect();
                let find = |symbol: &Arc<str>| known.get(&**symbol).copied().or(spec.default).unwrap_or(u32::MAX);
                let symbols: Arc<[u32]> = e.symbols.iter().map(find).collect();
                self.typed_symbols.insert((rust, writer), symbols.clone());
                Ok(Node(Op::Enum(symbols)))
            }
            Type::String(_) if spec.name.is_none() => {
                self.promoted();
                let names = numbered().map(|(name, i)| (name.to_owned(), i)).collect();
                Ok(Node(Op::Symbols { names, default: spec.default.unwrap_or(u32::MAX) }))
            }
            _ => Err(self.mismatch(writer, &format!("enum `{}`", spec.rust))),
        }
    }

    /// Reads each branch of the writer's union, or its single type, into a variant.
    #[doc(hidden)]
    pub fn union(&mut self, writer: TypeId, spec: &UnionSpec<'_>) -> Result<Node, ResolveError> {
        let schema = self.schema;
        match schema.get(writer) {
            Type::Union(branches) => self.branches(branches, |compiler, branch| {
                let (variant, node) = compiler.variant(branch, spec)?;
                Ok(Branch::Variant(variant, node))
            }),
            _ => {
                let (variant, node) = self.variant(writer, spec)?;
                Ok(Node(Op::Variant(variant, Box::new(node))))
            }
        }
    }

    /// The variant for one type of the writer: the one with its name, else one that reads it without promotion, else the
    /// first that can read it.
    fn variant(&mut self, writer: TypeId, spec: &UnionSpec<'_>) -> Result<(u32, Node), ResolveError> {
        let schema = self.schema;
        let written = schema.get(writer).name();
        let mut best: Option<((bool, bool, bool), u32, Node)> = None;
        let mut closest = None;
        for (index, variant) in spec.variants.iter().enumerate() {
            self.step(1)?;
            if let Some(name) = variant.name
                && !written.is_some_and(|w| is_called(w, name))
            {
                continue;
            }
            let (named, inexact) = (self.named, self.inexact);
            let called = variant.name.is_some() || written.is_some_and(|w| w.simple() == variant.rust);
            let node = match &variant.kind {
                VariantKind::Null if matches!(schema.get(writer), Type::Null) => Node(Op::Null),
                VariantKind::Null => continue,
                VariantKind::Other => Node(Op::Skip(self.skip_list(writer)?)),
                VariantKind::Holds(compile) => {
                    let part = Part::Rust(format!("{}::{}", spec.rust, variant.rust));
                    match self.for_reader(part, |compiler| compile(compiler, writer)) {
                        Ok(node) => node,
                        Err(error) if error.rule() == Rule::TooManySteps => return Err(error),
                        Err(error) => {
                            if called || closest.is_none() {
                                closest = Some(error);
                            }
                            continue;
                        }
                    }
                }
            };
            let other = matches!(variant.kind, VariantKind::Other) && !called;
            let rank = (other, !called && self.named == named, self.inexact > inexact);
            if best.as_ref().is_none_or(|(best, ..)| rank < *best) {
                best = Some((rank, index as u32, node));
            }
        }
        match (best, closest) {
            (Some((_, index, node)), _) => Ok((index, node)),
            (None, Some(closest)) => Err(closest),
            (None, None) => Err(self.error(
                Rule::NoUnionBranch,
                format!("no variant of `{}` takes {}", spec.rust, schema.describe(writer)),
                "add a variant for it, or a variant `#[avro(other)]`",
            )),
        }
    }

    fn check_name(
        &mut self,
        written: &Name,
        rust: &str,
        name: Option<&str>,
        aliases: &[&str],
        kind: &str,
    ) -> Result<(), ResolveError> {
        let called = |name: &&str| is_called(written, name);
        match name {
            Some(name) if !called(&name) && !aliases.iter().any(called) => Err(self.error(
                Rule::NameMismatch,
                format!("`{rust}` reads {kind} {name}, the writer has {}", ShortName(&written.full)),
                "change or remove `#[avro(name = \"…\")]`, or add `#[avro(alias = \"…\")]`",
            )),
            Some(_) => {
                self.named += 1;
                Ok(())
            }
            None => {
                if written.simple() == rust || aliases.iter().any(called) {
                    self.named += 1;
                }
                Ok(())
            }
        }
    }
}

/// A dotted name must be the full name; any other is compared with the last part, as in the specification.
pub(crate) fn is_called(written: &Name, name: &str) -> bool {
    if name.contains('.') { *written.full == *name } else { written.simple() == name }
}
