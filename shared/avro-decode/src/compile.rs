//! Resolving a writer schema against Rust types.

use std::any::TypeId as RustType;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::error::{ResolveError, Rule};
use crate::incompatible::Incompatibility;
use crate::limits::Limits;
use crate::plan::{Branch, List, Node, Op, Program, RecordPlan, Slot};
use crate::schema::{Name, Schema, Type, TypeId};
use crate::skip::{SkipCompiler, SkipOp};

/// Levels of types within types; bounds the compiler's own stack against a hostile chain of records.
const MAX_TYPE_DEPTH: u32 = 512;

/// A plan in the making. Passed through [`crate::AvroType::compile`]; opaque outside of this crate.
pub struct Compiler<'s> {
    pub(crate) schema: &'s Schema,
    min_sizes: Arc<[u32]>,
    skip: SkipCompiler<'s>,
    pub(crate) records: Vec<Option<RecordPlan>>,
    typed: HashMap<(RustType, TypeId), Memo>,
    pub(crate) resolved: HashMap<(TypeId, TypeId), Memo>,
    /// Where all is collected that does not resolve, rather than the first of it returned.
    pub(crate) survey: Option<Vec<Incompatibility>>,
    pub(crate) writer_path: Vec<String>,
    pub(crate) reader_path: Vec<String>,
    depth: u32,
    /// How often something was promoted rather than read as it is, and how often a name decided: they rank the
    /// variants of an enum.
    inexact: u32,
    named: u32,
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
        limits: &Limits,
        compile: impl FnOnce(&mut Self, TypeId) -> Result<Node, ResolveError>,
    ) -> Result<Program, ResolveError> {
        let min_sizes: Arc<[u32]> = writer.min_sizes().into();
        let mut compiler = Self {
            schema: writer,
            skip: SkipCompiler::new(writer, min_sizes.clone()),
            min_sizes,
            records: Vec::new(),
            typed: HashMap::new(),
            resolved: HashMap::new(),
            survey: None,
            writer_path: Vec::new(),
            reader_path: Vec::new(),
            depth: 0,
            inexact: 0,
            named: 0,
        };
        let root = compile(&mut compiler, writer.root())?;
        Ok(Program { root, records: compiler.records, skippers: compiler.skip.finish(), limits: *limits })
    }

    /// A resolve error at the present place.
    pub(crate) fn error(&self, rule: Rule, problem: String, remedy: impl Into<String>) -> ResolveError {
        let path = |path: &[String]| if path.is_empty() { ".".to_owned() } else { path.join(".") };
        ResolveError::new(path(&self.writer_path), path(&self.reader_path), rule, problem, remedy.into())
    }

    /// Goes one level down in the writer's schema, for as long as `inner` runs.
    pub(crate) fn within<R>(
        &mut self,
        writer: impl Into<String>,
        inner: impl FnOnce(&mut Self) -> Result<R, ResolveError>,
    ) -> Result<R, ResolveError> {
        if self.depth >= MAX_TYPE_DEPTH {
            return Err(self.error(Rule::TooDeep, "the types nest too deeply".into(), "flatten the schema"));
        }
        self.depth += 1;
        self.writer_path.push(writer.into());
        let result = inner(self);
        self.writer_path.pop();
        self.depth -= 1;
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
            match self.within(format!("[{index}]"), |compiler| resolve(compiler, branch)) {
                Ok(branch) => resolved.push(branch),
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
            Some(Memo::Index(index)) => return Ok(Node(Op::Record(*index))),
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
                Ok(Node(Op::Record(index)))
            }
            Err(error) => {
                self.typed.insert((rust, writer), Memo::Failed(error.clone()));
                Err(error)
            }
        }
    }

    fn fields(&mut self, record: &crate::schema::Record, spec: &RecordSpec<'_>) -> Result<RecordPlan, ResolveError> {
        let reader: Vec<(&str, Vec<&str>)> = spec.fields.iter().map(|f| (f.name, f.aliases.to_vec())).collect();
        let readers = match_fields(record, &reader);
        let present: HashSet<usize> = readers.iter().flatten().copied().collect();
        let mut fields = spec.fields.iter().enumerate();
        if let Some((_, field)) = fields.find(|(index, field)| !field.optional && !present.contains(index)) {
            let problem =
                format!("record {} has no field `{}` and the reader has no default", record.name.full, field.name);
            let remedy = format!(
                "make it an `Option`, give it `#[avro(default)]`, or name the writer's field: `#[avro(alias = \"…\")]` \
                 (it has {})",
                names(record)
            );
            self.reader_path.push(format!("{}.{}", spec.rust, field.name));
            let error = self.error(Rule::MissingField, problem, remedy);
            self.reader_path.pop();
            return Err(error);
        }
        self.record_plan(record, spec.fields.len(), &readers, |compiler, index, writer| match spec.fields.get(index) {
            Some(field) => {
                compiler.reader_path.push(format!("{}.{}", spec.rust, field.name));
                let result = (field.compile)(compiler, writer);
                compiler.reader_path.pop();
                result
            }
            None => Ok(Node(Op::Absent)),
        })
    }

    /// The steps of a record: `readers` has, for each of the writer's fields, the reader's or none.
    pub(crate) fn record_plan(
        &mut self,
        record: &crate::schema::Record,
        fields: usize,
        readers: &[Option<usize>],
        mut resolve: impl FnMut(&mut Self, usize, TypeId) -> Result<Node, ResolveError>,
    ) -> Result<RecordPlan, ResolveError> {
        let absent = || Slot::new(Box::default(), Node(Op::Absent), "".into());
        let mut slots: Vec<Slot> = (0..fields).map(|_| absent()).collect();
        let mut order = Vec::with_capacity(fields);
        let mut skipped: Vec<SkipOp> = Vec::new();
        for (field, reader) in record.fields.iter().zip(readers) {
            let Some(index) = *reader else {
                self.skip.append(field.schema, &mut skipped);
                continue;
            };
            let node = self.within(&*field.name, |compiler| resolve(compiler, index, field.schema))?;
            if let Some(slot) = slots.get_mut(index) {
                *slot = Slot::new(std::mem::take(&mut skipped).into(), node, field.name.clone());
            }
            order.push(index as u32);
        }
        let straight = order.is_sorted();
        let written = |index: &u32| readers.contains(&Some(*index as usize));
        order.extend((0..fields as u32).filter(|index| !written(index)));
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
    pub fn enumeration(&mut self, writer: TypeId, spec: &EnumSpec<'_>) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| {
            let schema = compiler.schema;
            let find = |symbol: &str| {
                let found = spec.symbols.iter().position(|names| names.contains(&symbol));
                found.map(|i| i as u32).or(spec.default).unwrap_or(u32::MAX)
            };
            match schema.get(branch) {
                Type::Enum(e) => {
                    compiler.check_name(&e.name, spec.rust, spec.name, spec.aliases, "enum")?;
                    Ok(Node(Op::Enum(e.symbols.iter().map(|s| find(s)).collect())))
                }
                Type::String(_) if spec.name.is_none() => {
                    compiler.promoted();
                    let numbered = spec.symbols.iter().enumerate();
                    let names = numbered.flat_map(|(i, n)| n.iter().map(move |n| ((*n).to_owned(), i as u32)));
                    Ok(Node(Op::Symbols { names: names.collect(), default: spec.default.unwrap_or(u32::MAX) }))
                }
                _ => Err(compiler.mismatch(branch, &format!("enum `{}`", spec.rust))),
            }
        })
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
                VariantKind::Other => Node(Op::Skip(self.skip.list(writer))),
                VariantKind::Holds(compile) => {
                    self.reader_path.push(format!("{}::{}", spec.rust, variant.rust));
                    let result = compile(self, writer);
                    self.reader_path.pop();
                    match result {
                        Ok(node) => node,
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
            let node = compiler.within("items", |compiler| item(compiler, *items))?;
            Ok(Node(Op::Array(Box::new(List { item: node, min: compiler.min_size(*items) }))))
        })
    }

    pub(crate) fn map(&mut self, writer: TypeId, rust: &str, value: Compile) -> Result<Node, ResolveError> {
        self.each_branch(writer, |compiler, branch| {
            let schema = compiler.schema;
            let Type::Map(values) = schema.get(branch) else {
                return Err(compiler.mismatch(branch, rust));
            };
            let node = compiler.within("values", |compiler| value(compiler, *values))?;
            let min = compiler.min_size(*values).saturating_add(1);
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

    pub(crate) fn min_size(&self, id: TypeId) -> u32 {
        self.min_sizes.get(id.0 as usize).copied().unwrap_or(0)
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
                format!("`{rust}` reads {kind} {name}, the writer has {}", written.full),
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

/// For each of the writer's fields, the reader's: by name, then by alias.
///
/// An alias takes effect "as though the writer's field had the reader's name"; a field that another reader field takes
/// by its own name is not up for it.
pub(crate) fn match_fields(record: &crate::schema::Record, reader: &[(&str, Vec<&str>)]) -> Vec<Option<usize>> {
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
    found
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

fn names(record: &crate::schema::Record) -> String {
    const SHOWN: usize = 12;
    let mut list: Vec<String> = record.fields.iter().take(SHOWN).map(|f| format!("`{}`", f.name)).collect();
    if record.fields.len() > SHOWN {
        list.push("…".into());
    }
    list.join(", ")
}

/// What to write instead.
fn remedy(written: &Type, rust: &str) -> (Rule, String) {
    use crate::schema::Logical;
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
        (Type::Bytes(Some(Logical::Decimal { .. })), _) => write("Decimal"),
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
