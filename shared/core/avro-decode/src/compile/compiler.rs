//! The compiler's state, and what all parts of compiling share: paths for errors, budgets of steps and depth, unions.

use std::any::TypeId as RustType;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::incompatibility::Incompatibility;
use super::skip::SkipCompiler;
use crate::error::{ResolveError, Rule};
use crate::limits::Limits;
use crate::message_text::{ShortName, path};
use crate::program::{Branch, Node, Op, Program, RecordPlan, SkipOp};
use crate::schema::{Schema, Sizes, Type, TypeId};
use crate::value::Symbol;

/// How deeply types may nest; a record counts as two levels. Bounds the compiler's own stack to some 1 MiB against a hostile
/// chain of records. Everything that one JSON text can nest is within it: see `MAX_NESTING` there.
const MAX_TYPE_DEPTH: u32 = 1_000;

/// How many steps resolving may take for each step that parsing the two took. Ordinary schemas need a few. Schemas whose
/// types refer to one another in ever new pairs would take the number of the one's parts times that of the other's.
const STEPS_TO_PARSING: u64 = 64;
/// Allowed in any case: small schemas may take more steps for their size.
const STEPS_AT_LEAST: u64 = 100_000;

/// Compiles one plan. Passed through [`crate::AvroType::compile`]; opaque outside of this crate.
pub struct Compiler<'s> {
    pub(crate) schema: &'s Schema,
    pub(super) sizes: Arc<Sizes>,
    pub(super) skip: SkipCompiler<'s>,
    pub(crate) records: Vec<Option<RecordPlan>>,
    pub(super) typed: HashMap<(RustType, TypeId), Memo>,
    pub(super) typed_symbols: HashMap<(RustType, TypeId), Arc<[u32]>>,
    pub(crate) resolved: HashMap<(TypeId, TypeId), Memo>,
    pub(crate) resolved_symbols: HashMap<(TypeId, TypeId), Arc<[Option<Symbol>]>>,
    /// Collects everything that does not resolve, where not just the first problem is asked for.
    pub(crate) survey: Option<Vec<Incompatibility>>,
    pub(crate) writer_path: Vec<Part>,
    pub(crate) reader_path: Vec<Part>,
    depth: u32,
    steps: u64,
    most_steps: u64,
    /// How often a value was promoted rather than read as it is, and how often a name matched. These rank the variants
    /// of an enum.
    pub(super) inexact: u32,
    pub(super) named: u32,
}

/// A segment of a path, formatted only for an error.
pub(crate) enum Part {
    Name(Arc<str>),
    Index(usize),
    Word(&'static str),
    Rust(String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Name(name) => ShortName(name).fmt(f),
            Part::Index(index) => write!(f, "[{index}]"),
            Part::Word(word) => f.write_str(word),
            Part::Rust(name) => f.write_str(name),
        }
    }
}

/// The result for a pair of record types. A pair in progress counts as resolved, since types recur.
pub(crate) enum Memo {
    Index(u32),
    Failed(ResolveError),
}

/// How a type compiles: [`crate::AvroType::compile`].
pub type Compile = fn(&mut Compiler<'_>, TypeId) -> Result<Node, ResolveError>;

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

    /// An error at the current place.
    pub(crate) fn error(&self, rule: Rule, problem: String, remedy: impl Into<String>) -> ResolveError {
        ResolveError::new(path(&self.writer_path), path(&self.reader_path), rule, problem, remedy.into())
    }

    /// Takes steps from the budget. A step is a type, field, branch or symbol that is visited, or 64 bytes of a name.
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

    /// Resolves a reader that is not a union: against the writer's type, or against each branch of the writer's union.
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
                    // The first error about something other than null is the most helpful.
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

    pub(crate) fn record_node(&self, writer: TypeId, index: u32) -> Node {
        Node(if self.sizes.is_hollow(writer) { Op::Hollow(index) } else { Op::Record(index) })
    }

    pub(super) fn skip_list(&mut self, writer: TypeId) -> Result<Box<[SkipOp]>, ResolveError> {
        let mut ops = Vec::new();
        let steps = self.skip.append(writer, &mut ops);
        self.step(steps)?;
        Ok(ops.into())
    }

    /// The fewest bytes that a value of the writer's type takes.
    pub(crate) fn least(&self, id: TypeId) -> u32 {
        self.sizes.least(id)
    }

    pub(super) fn promoted(&mut self) {
        self.inexact += 1;
    }
}

/// The most common union gets an operation of its own.
fn nullable(branches: Vec<Branch>) -> Op {
    match <[Branch; 2]>::try_from(branches) {
        Ok([Branch::Null, Branch::Node(node)]) => Op::Nullable { null: false, inner: Box::new(node) },
        Ok([Branch::Node(node), Branch::Null]) => Op::Nullable { null: true, inner: Box::new(node) },
        Ok(branches) => Op::Union(Box::new(branches)),
        Err(branches) => Op::Union(branches.into()),
    }
}
