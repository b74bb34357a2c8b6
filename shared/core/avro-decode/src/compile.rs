//! Resolving a writer schema against Rust types.

use std::any::TypeId as RustType;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::error::{ResolveError, Rule};
use crate::incompatible::Incompatibility;
use crate::limits::Limits;
use crate::plan::{Branch, List, Node, Op, Program, RecordPlan, Slot, Wish};
use crate::schema::{Logical, Name, Schema, Sizes, Type, TypeId};
use crate::shown::{Shown, names, path};
use crate::skip::{SkipCompiler, SkipOp};
use crate::value::Symbol;

/// Levels of types within types, of which a record counts as two; bounds the compiler's own stack, to some 1 MiB, against
/// a hostile chain of records. Whatever one text can nest is within it: see `MAX_NESTING` of the JSON.
const MAX_TYPE_DEPTH: u32 = 1_000;

/// How many steps resolving may take for each step that parsing the two took. A few are enough; schemas whose types refer
/// to one another in ever new pairs would take as many as one has parts for each part of the other.
const STEPS_TO_PARSING: u64 = 64;
/// That is nothing to speak of between small schemas.
const STEPS_AT_LEAST: u64 = 100_000;

/// A plan in the making. Passed through [`crate::AvroType::compile`]; opaque outside of this crate.
pub struct Compiler<'s> {
    pub(crate) schema: &'s Schema,
    sizes: Arc<Sizes>,
    skip: SkipCompiler<'s>,
    pub(crate) records: Vec<Option<RecordPlan>>,
    typed: HashMap<(RustType, TypeId), Memo>,
    typed_symbols: HashMap<(RustType, TypeId), Arc<[u32]>>,
    pub(crate) resolved: HashMap<(TypeId, TypeId), Memo>,
    pub(crate) resolved_symbols: HashMap<(TypeId, TypeId), Arc<[Option<Symbol>]>>,
    /// Where all is collected that does not resolve, rather than the first of it returned.
    pub(crate) survey: Option<Vec<Incompatibility>>,
    pub(crate) writer_path: Vec<Part>,
    pub(crate) reader_path: Vec<Part>,
    depth: u32,
    steps: u64,
    most_steps: u64,
    /// How often something was promoted rather than read as it is, and how often a name decided: they rank the
    /// variants of an enum.
    inexact: u32,
    named: u32,
}

/// A segment of a path. It is put together only for an error.
pub(crate) enum Part {
    Name(Arc<str>),
    Index(usize),
    Word(&'static str),
    Rust(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Name(name) => Shown(name).fmt(f),
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Word(word) => f.write_str(word),
            Part::Rust(name) => f.write_str(name),
        }
    }
}

/// What became of a pair of record types; those in progress count as resolved, since types recur.
pub(crate) enum Memo {
    Index(u32),
    Failed(ResolveError),
}

/// How a type compiles: [`crate::AvroType::compile`].
pub type Compile = fn(&mut Compiler<'_>, TypeId) -> Result<Node, ResolveError>;

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
    /// Whatever no other variant takes.
    Other,
    Holds(Compile),
}

impl<'s> Compiler<'s> {
    pub(crate) fn run(
        writer: &'s Schema,
        reader: Option<&Schema>,
        limits: &Limits,
        compile: impl FnOnce(&mut Self, TypeId) -> Result<Node, ResolveError>,
    ) -> Result<Program, ResolveError> {
        let sizes = Arc::new(Sizes::of(writer));
        let parsing = writer.steps().saturating_add(reader.map_or(0, Schema::steps));
        let mut compiler = Self {
            schema: writer,
            skip: SkipCompiler::new(writer, sizes.clone()),
            sizes,
            records: Vec::new(),
            typed: HashMap::new(),
            typed_symbols: HashMap::new(),
            resolved: HashMap::new(),
            resolved_symbols: HashMap::new(),
            survey: None,
            writer_path: Vec::new(),
            reader_path: Vec::new(),
            depth: 0,
            steps: 0,
            most_steps: parsing.saturating_mul(STEPS_TO_PARSING).max(STEPS_AT_LEAST),
            inexact: 0,
            named: 0,
        };
        let root = compile(&mut compiler, writer.root())?;
        let (records, steps) = (compiler.records, compiler.steps);
        let (skippers, to_skip) = compiler.skip.finish();
        Ok(Program { root, records, skippers, limits: *limits, steps: steps + to_skip })
    }

    /// A resolve error at the present place.
    pub(crate) fn error(&self, rule: Rule, problem: String, remedy: impl Into<String>) -> ResolveError {
        ResolveError::new(path(&self.writer_path), path(&self.reader_path), rule, problem, remedy.into())
    }

    /// Takes steps from those that resolving may take. A step is a type, a field, a branch or a symbol that is looked at,
    /// or 64 bytes of a name.
    pub(crate) fn step(&mut self, steps: u64) -> Result<(), ResolveError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= self.most_steps {
            return Ok(());
        }
        let problem = format!("resolving the two takes more than {} steps", self.most_steps);
        Err(self.error(Rule::TooManySteps, problem, "let fewer types refer to one another"))
    }

    pub(crate) fn steps_left(&self) -> u64 {
        self.most_steps.saturating_sub(self.steps)
    }

    /// Goes one level down in the writer's schema, for as long as `inner` runs.
    pub(crate) fn within<R>(
        &mut self,
        part: Part,
        inner: impl FnOnce(&mut Self) -> Result<R, ResolveError>,
    ) -> Result<R, ResolveError> {
        let levels = if let Part::Name(_) = part { 2 } else { 1 };
        if self.depth + levels > MAX_TYPE_DEPTH {
            let problem = format!("the types nest deeper than {MAX_TYPE_DEPTH} levels, of which a record takes two");
            return Err(self.error(Rule::TooDeep, problem, "flatten the schema"));
        }
        self.step(1)?;
        self.depth += levels;
        self.writer_path.push(part);
        let result = inner(self);
        self.writer_path.pop();
        self.depth -= levels;
        result
    }

    /// As [`Compiler::within`], on the reader's side.
    pub(crate) fn for_reader<R>(&mut self, part: Part, inner: impl FnOnce(&mut Self) -> R) -> R {
        self.reader_path.push(part);
        let result = inner(self);
        self.reader_path.pop();
        result
    }

    /// Resolves a reader that is no union: as it is, or against each branch of the writer's union.
    ///
    /// "If writer's is a union, but reader's is not: if the reader's schema matches the selected writer's schema, it
    /// is recursively resolved against it. If they do not match, an error is signalled."
    pub(crate) fn each_branch(
        &mut self,
        writer: TypeId,
        mut resolve: impl FnMut(&mut Self, TypeId) -> Result<Node, ResolveError>,
    ) -> Result<Node, ResolveError> {
        let schema = self.schema;
        let Type::Union(branches) = schema.get(writer) else {
            return resolve(self, writer);
        };
        self.branches(branches, |compiler, branch| resolve(compiler, branch).map(Branch::Node))
    }

    /// One node per branch of the writer's union; at least one has to resolve.
    pub(crate) fn branches(
        &mut self,
        branches: &[TypeId],
        mut resolve: impl FnMut(&mut Self, TypeId) -> Result<Branch, ResolveError>,
    ) -> Result<Node, ResolveError> {
        let schema = self.schema;
        let mut resolved = Vec::with_capacity(branches.len());
        let mut worst = None;
        for (index, &branch) in branches.iter().enumerate() {
            match self.within(Part::Index(index), |compiler| resolve(compiler, branch)) {
                Ok(branch) => resolved.push(branch),
                Err(error) if error.rule() == Rule::TooManySteps => return Err(error),
                Err(error) => {
                    // The first complaint about something other than null says most.
                    if worst.is_none() || matches!(worst, Some((true, _))) {
                        worst = Some((matches!(schema.get(branch), Type::Null), error));
                    }
                    resolved.push(Branch::Mismatch);
                }
            }
        }
        if resolved.iter().all(|b| matches!(b, Branch::Mismatch)) {
            return Err(match worst {
                Some((_, error)) => error,
                None => self.error(Rule::NoUnionBranch, "the writer's union is empty".into(), "read nothing from it"),
            });
        }
        Ok(Node(nullable(resolved)))
    }

    /// A record read into a struct of the derive.
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

    pub(crate) fn record_node(&self, writer: TypeId, index: u32) -> Node {
        Node(if self.sizes.is_hollow(writer) { Op::Hollow(index) } else { Op::Record(index) })
    }

    fn fields(&mut self, record: &crate::schema::Record, spec: &RecordSpec<'_>) -> Result<RecordPlan, ResolveError> {
        let reader: Vec<(&str, Vec<&str>)> = spec.fields.iter().map(|f| (f.name, f.aliases.to_vec())).collect();
        let readers = self.match_fields(record, &reader)?;
        let present: HashSet<usize> = readers.iter().flatten().copied().collect();
        let mut fields = spec.fields.iter().enumerate();
        if let Some((_, field)) = fields.find(|(index, field)| !field.optional && !present.contains(index)) {
            let written = Shown(&record.name.full);
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

    /// For each of the writer's fields, the reader's: by name, then by alias.
    ///
    /// An alias takes effect "as though the writer's field had the reader's name"; a field that another reader field takes
    /// by its own name is not up for it.
    pub(crate) fn match_fields(
        &mut self,
        record: &crate::schema::Record,
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

    /// The steps of a record: `readers` has, for each of the writer's fields, the reader's or none.
    pub(crate) fn record_plan(
        &mut self,
        record: &crate::schema::Record,
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

    /// An enum, or text, read into an enum of the derive without content.
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

    /// Each branch of the writer's union, or its one type, read into a variant.
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

    /// The variant for one type of the writer: one that is named like it, else one that reads it without promotion,
    /// else the first that reads it at all.
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

    fn skip_list(&mut self, writer: TypeId) -> Result<Box<[SkipOp]>, ResolveError> {
        let mut ops = Vec::new();
        let steps = self.skip.append(writer, &mut ops);
        self.step(steps)?;
        Ok(ops.into())
    }

    /// What the inner type reads, or nothing where it cannot.
    pub(crate) fn wished(&mut self, writer: TypeId, inner: Compile) -> Result<Node, ResolveError> {
        let node = match self.option(writer, inner) {
            Ok(node) => Some(node),
            Err(error) if error.rule() == Rule::TooManySteps => return Err(error),
            Err(_) => None,
        };
        Ok(Node(Op::Wished(Box::new(Wish { node, skip: self.skip_list(writer)? }))))
    }

    /// Null, or what the inner type reads.
    /// The specification lets a union's branch that does not match fail when it occurs. A Rust type that can read none
    /// but null is no such case: its column was declared wrongly, and that is said before the first record.
    pub(crate) fn option(&mut self, writer: TypeId, inner: Compile) -> Result<Node, ResolveError> {
        let schema = self.schema;
        match schema.get(writer) {
            Type::Null => Ok(Node(Op::Null)),
            Type::Union(branches) => {
                let (mut readable, mut refused) = (false, None);
                let node = self.branches(branches, |compiler, branch| match schema.get(branch) {
                    Type::Null => Ok(Branch::Null),
                    _ => match inner(compiler, branch) {
                        Ok(node) => {
                            readable = true;
                            Ok(Branch::Node(node))
                        }
                        Err(error) => {
                            refused.get_or_insert_with(|| error.clone());
                            Err(error)
                        }
                    },
                })?;
                match refused {
                    Some(error) if !readable => Err(error),
                    _ => Ok(node),
                }
            }
            _ => inner(self, writer),
        }
    }

    pub(crate) fn array(&mut self, writer: TypeId, rust: &str, item: Compile) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| {
            let schema = compiler.schema;
            let Type::Array(items) = schema.get(branch) else {
                return Err(compiler.mismatch(branch, rust));
            };
            let node = compiler.within(Part::Word("items"), |compiler| item(compiler, *items))?;
            Ok(Node(Op::Array(Box::new(List { item: node, min: compiler.least(*items) }))))
        })
    }

    pub(crate) fn map(&mut self, writer: TypeId, rust: &str, value: Compile) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| {
            let schema = compiler.schema;
            let Type::Map(values) = schema.get(branch) else {
                return Err(compiler.mismatch(branch, rust));
            };
            let node = compiler.within(Part::Word("values"), |compiler| value(compiler, *values))?;
            let min = compiler.least(*values).saturating_add(1);
            Ok(Node(Op::Map(Box::new(List { item: node, min }))))
        })
    }

    /// A type without parts: `choose` gives what to read, and whether that is the type itself (`true`) or a promotion.
    pub(crate) fn leaf(
        &mut self,
        writer: TypeId,
        rust: &str,
        choose: impl Fn(&Type) -> Option<(Op, bool)>,
    ) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| match choose(compiler.schema.get(branch)) {
            Some((op, exact)) => {
                if !exact {
                    compiler.promoted();
                }
                Ok(Node(op))
            }
            None => Err(compiler.mismatch(branch, rust)),
        })
    }

    /// The least bytes that a value of the writer's type takes.
    pub(crate) fn least(&self, id: TypeId) -> u32 {
        self.sizes.least(id)
    }

    fn promoted(&mut self) {
        self.inexact += 1;
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
                format!("`{rust}` reads {kind} {name}, the writer has {}", Shown(&written.full)),
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

    pub(crate) fn mismatch(&self, writer: TypeId, rust: &str) -> ResolveError {
        let (rule, remedy) = remedy(self.schema.get(writer), rust);
        self.error(rule, format!("{rust} cannot read {}", self.schema.describe(writer)), remedy)
    }
}

/// A dotted name has to be the full one; another compares with the last part, as the specification does.
pub(crate) fn is_called(written: &Name, name: &str) -> bool {
    if name.contains('.') { *written.full == *name } else { written.simple() == name }
}

/// The commonest union gets an operation of its own.
fn nullable(branches: Vec<Branch>) -> Op {
    match <[Branch; 2]>::try_from(branches) {
        Ok([Branch::Null, Branch::Node(node)]) => Op::Nullable { null: false, inner: Box::new(node) },
        Ok([Branch::Node(node), Branch::Null]) => Op::Nullable { null: true, inner: Box::new(node) },
        Ok(branches) => Op::Union(Box::new(branches)),
        Err(branches) => Op::Union(branches.into()),
    }
}

/// What to write instead.
fn remedy(written: &Type, rust: &str) -> (Rule, String) {
    let narrow = |to: &str| (Rule::Narrowing, format!("write `{to}`"));
    let write = |to: &str| (Rule::TypeMismatch, format!("write `{to}`"));
    match (written, rust) {
        (Type::Long(_), "i32") => narrow("i64"),
        (Type::Double, "f32") => narrow("f64"),
        (Type::Float | Type::Double, "i32" | "i64") => narrow("f64"),
        (Type::Null, _) => write("Option<…>"),
        (Type::Boolean, _) => write("bool"),
        (Type::Int(_), _) => write("i32"),
        (Type::Long(Some(Logical::Timestamp(_))), _) => write("i64` or `jiff::Timestamp"),
        (Type::Long(_), _) => write("i64"),
        (Type::Float, _) => write("f32"),
        (Type::Double, _) => write("f64"),
        (Type::Bytes(Some(Logical::Decimal { .. } | Logical::OddDecimal { scale: Some(_) })), _) => write("Decimal"),
        (Type::Bytes(Some(Logical::OddDecimal { scale: None })), "Decimal" | "DecimalBytes") => (
            Rule::LogicalType,
            "write `&[u8]` or `Vec<u8>`, the digits in two's complement, and scale them as the producer means it"
                .into(),
        ),
        (Type::Bytes(_), _) => write("&[u8]` or `Vec<u8>"),
        (Type::String(_), _) => write("&str` or `String"),
        (Type::Fixed(f), _) => write(&format!("[u8; {}]", f.size)),
        (Type::Enum(_), _) => {
            (Rule::TypeMismatch, "write an enum with `#[derive(AvroRead)]` and a variant for each symbol".into())
        }
        (Type::Array(_), _) => write("Vec<…>"),
        (Type::Map(_), _) => write("HashMap<String, …>"),
        (Type::Record(_), _) => (Rule::TypeMismatch, "write a struct with `#[derive(AvroRead)]`".into()),
        (Type::Union(_), _) => (Rule::TypeMismatch, "write an enum with a variant for each branch".into()),
    }
}
