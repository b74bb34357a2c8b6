//! Resolves a writer's schema against a reader's schema: specification 1.12, "Schema Resolution".

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::compiler::{Compiler, Memo, Part};
use super::incompatibility::{Incompatibility, MAX_INCOMPATIBILITIES};
use super::reader_schema::Reader;
use crate::error::{ResolveError, Rule};
use crate::message_text::{ShortName, names};
use crate::program::{Branch, List, Node, Op, Promotion, RecordPlan};
use crate::schema::{Enum, Field, Logical, Record, Schema, Type, TypeId, default_value};
use crate::value::{Symbol, Value};

impl Compiler<'_> {
    /// The reader is the writer's schema itself, from this type down.
    pub(crate) fn resolve_as_written(&mut self, writer: TypeId) -> Result<Node, ResolveError> {
        let schema = self.schema.clone();
        self.resolve(writer, &Reader::new(&schema), writer)
    }

    pub(crate) fn resolve_schemas(&mut self, writer: TypeId, reader: &Schema) -> Result<Node, ResolveError> {
        self.resolve(writer, &Reader::new(reader), reader.root())
    }

    fn resolve(&mut self, w: TypeId, reader: &Reader<'_>, r: TypeId) -> Result<Node, ResolveError> {
        let result = self.step(1).and_then(|()| self.resolve_any(w, reader, r));
        let schema = self.schema;
        match (result, &mut self.survey) {
            (Err(error), Some(survey)) if error.rule() != Rule::TooManySteps => {
                if survey.len() < MAX_INCOMPATIBILITIES {
                    survey.push(Incompatibility::new(error, schema.fragment(w), reader.schema.fragment(r)));
                }
                Ok(Node(Op::Absent))
            }
            (result, _) => result,
        }
    }

    fn resolve_any(&mut self, w: TypeId, reader: &Reader<'_>, r: TypeId) -> Result<Node, ResolveError> {
        let schema = self.schema;
        match (schema.get(w), reader.schema.get(r)) {
            (Type::Union(written), Type::Union(read)) if self.same_branches(written, reader, read)? => {
                let mut of_reader = read.iter();
                self.branches(written, |compiler, branch| {
                    let other = of_reader.next().copied().unwrap_or(r);
                    compiler.resolve(branch, reader, other).map(Branch::Node)
                })
            }
            (Type::Union(written), _) => {
                self.branches(written, |compiler, branch| compiler.resolve(branch, reader, r).map(Branch::Node))
            }
            (written, Type::Union(read)) => {
                self.step(written.name().map_or(0, |name| name.cost()))?;
                match reader.choose(schema, w, r, read) {
                    Some(branch) => self.resolve(w, reader, branch),
                    None => Err(self.error(
                        Rule::NoUnionBranch,
                        format!("no branch of the reader's union matches {}", schema.describe(w)),
                        "add a branch for it",
                    )),
                }
            }
            _ => self.resolve_one(w, reader, r),
        }
    }

    fn resolve_one(&mut self, w: TypeId, reader: &Reader<'_>, r: TypeId) -> Result<Node, ResolveError> {
        use Promotion as P;
        let schema = self.schema;
        let promote = |promotion| Ok(Node(Op::Promote(promotion)));
        match (schema.get(w), reader.schema.get(r)) {
            (Type::Null, Type::Null) => Ok(Node(Op::Null)),
            (Type::Boolean, Type::Boolean) => Ok(Node(Op::Boolean)),
            (Type::Int(_), Type::Int(_)) => Ok(Node(Op::Int)),
            (Type::Int(_), Type::Long(_)) => promote(P::IntToLong),
            (Type::Int(_), Type::Float) => promote(P::IntToFloat),
            (Type::Int(_), Type::Double) => promote(P::IntToDouble),
            (Type::Long(_), Type::Long(_)) => Ok(Node(Op::Long)),
            (Type::Long(_), Type::Float) => promote(P::LongToFloat),
            (Type::Long(_), Type::Double) => promote(P::LongToDouble),
            (Type::Float, Type::Float) => Ok(Node(Op::Float)),
            (Type::Float, Type::Double) => promote(P::FloatToDouble),
            (Type::Double, Type::Double) => Ok(Node(Op::Double)),
            (Type::String(_), Type::String(_)) => Ok(Node(Op::String)),
            (Type::String(_), Type::Bytes(_)) => promote(P::StringToBytes),
            (Type::Bytes(_), Type::String(_)) => promote(P::BytesToString),
            (Type::Bytes(a), Type::Bytes(b)) => {
                self.check_decimals(*a, *b)?;
                Ok(Node(Op::Bytes))
            }
            (Type::Fixed(a), Type::Fixed(b)) => {
                self.check_names(w, reader, r, "fixed")?;
                if a.size != b.size {
                    let problem = format!("a fixed of {} bytes is not one of {}", a.size, b.size);
                    return Err(self.error(Rule::FixedSize, problem, "give both the same size"));
                }
                self.check_decimals(a.logical, b.logical)?;
                Ok(Node(Op::Fixed(a.size)))
            }
            (Type::Enum(a), Type::Enum(b)) => {
                self.check_names(w, reader, r, "enum")?;
                self.resolve_symbols((w, a), (r, b))
            }
            (Type::Array(a), Type::Array(b)) => {
                let item = self.within(Part::Word("items"), |compiler| compiler.resolve(*a, reader, *b))?;
                Ok(Node(Op::Array(Box::new(List { item, min: self.least(*a) }))))
            }
            (Type::Map(a), Type::Map(b)) => {
                let item = self.within(Part::Word("values"), |compiler| compiler.resolve(*a, reader, *b))?;
                Ok(Node(Op::Map(Box::new(List { item, min: self.least(*a).saturating_add(1) }))))
            }
            (Type::Record(a), Type::Record(b)) => {
                self.check_names(w, reader, r, "record")?;
                self.resolve_record((w, a), reader, (r, b))
            }
            (written, read) => {
                let rule = match (written, read) {
                    (Type::Long(_), Type::Int(_))
                    | (Type::Double, Type::Int(_) | Type::Long(_) | Type::Float)
                    | (Type::Float, Type::Int(_) | Type::Long(_)) => Rule::Narrowing,
                    _ => Rule::TypeMismatch,
                };
                let problem = format!("{} cannot be read as {}", schema.describe(w), reader.schema.describe(r));
                Err(self.error(rule, problem, "change the reader's type"))
            }
        }
    }

    fn resolve_symbols(
        &mut self,
        (w, written): (TypeId, &Enum),
        (r, read): (TypeId, &Enum),
    ) -> Result<Node, ResolveError> {
        if let Some(symbols) = self.resolved_symbols.get(&(w, r)) {
            return Ok(Node(Op::SymbolOf(symbols.clone())));
        }
        self.step(written.symbols.len() as u64 + read.symbols.len() as u64)?;
        let known: HashMap<&str, usize> =
            read.symbols.iter().enumerate().map(|(index, name)| (&**name, index)).collect();
        let symbols = written.symbols.iter().map(|symbol| {
            let index = known.get(&**symbol).copied().or(read.default)?;
            Some(Symbol::new(read.symbols.clone(), index))
        });
        let symbols: Arc<[Option<Symbol>]> = symbols.collect();
        self.survey_symbols(written, read, &symbols)?;
        self.resolved_symbols.insert((w, r), symbols.clone());
        Ok(Node(Op::SymbolOf(symbols)))
    }

    fn resolve_record(
        &mut self,
        (w, written): (TypeId, &Record),
        reader: &Reader<'_>,
        (r, read): (TypeId, &Record),
    ) -> Result<Node, ResolveError> {
        match self.resolved.get(&(w, r)) {
            Some(Memo::Index(index)) => return Ok(self.record_node(w, *index)),
            Some(Memo::Failed(error)) => return Err(error.clone()),
            None => {}
        }
        let index = self.records.len() as u32;
        self.records.push(None);
        self.resolved.insert((w, r), Memo::Index(index));
        match self.resolve_fields(written, reader, read) {
            Ok(plan) => {
                if let Some(slot) = self.records.get_mut(index as usize) {
                    *slot = Some(plan);
                }
                Ok(self.record_node(w, index))
            }
            Err(error) => {
                self.resolved.insert((w, r), Memo::Failed(error.clone()));
                Err(error)
            }
        }
    }

    fn resolve_fields(
        &mut self,
        written: &Record,
        reader: &Reader<'_>,
        read: &Record,
    ) -> Result<RecordPlan, ResolveError> {
        let fields: Vec<(&str, Vec<&str>)> =
            read.fields.iter().map(|f| (&*f.name, f.aliases.iter().map(String::as_str).collect())).collect();
        let readers = self.match_fields(written, &fields)?;
        let present: HashSet<usize> = readers.iter().flatten().copied().collect();
        let mut defaults = Vec::with_capacity(fields.len());
        for (index, field) in read.fields.iter().enumerate() {
            if present.contains(&index) {
                defaults.push(None);
                continue;
            }
            let part = Part::Name(field.name.clone());
            let default = self.for_reader(part, |compiler| compiler.default_of(written, reader, field));
            let schema = self.schema;
            match (default, &mut self.survey) {
                (Err(error), Some(survey)) if error.rule() != Rule::TooManySteps => {
                    if survey.len() < MAX_INCOMPATIBILITIES {
                        let fragments = (schema.record_fragment(written), reader.schema.field_fragment(field));
                        survey.push(Incompatibility::new(error, fragments.0, fragments.1));
                    }
                    defaults.push(None);
                }
                (default, _) => defaults.push(Some(default?)),
            }
        }
        let mut plan =
            self.record_plan(written, fields.len(), &readers, |compiler, index, w| match read.fields.get(index) {
                Some(field) => {
                    let part = Part::Name(field.name.clone());
                    compiler.for_reader(part, |compiler| compiler.resolve(w, reader, field.schema))
                }
                None => Ok(Node(Op::Absent)),
            })?;
        plan.shape = Some(read.shape());
        plan.defaults = defaults.into();
        Ok(plan)
    }

    fn default_of(
        &mut self,
        written: &Record,
        reader: &Reader<'_>,
        field: &Field,
    ) -> Result<Value<'static>, ResolveError> {
        let Some(json) = &field.default else {
            let problem = format!("record {} has no field `{}`", ShortName(&written.name.full), ShortName(&field.name));
            return Err(self.error(Rule::MissingField, problem, "give the reader's field a default"));
        };
        let mut left = self.steps_left();
        let default = default_value(reader.schema, field.schema, json, &mut left);
        self.step(self.steps_left() - left)?;
        default.ok_or_else(|| {
            let problem = format!("the default is not of type {}", reader.schema.describe(field.schema));
            self.error(Rule::InvalidDefault, problem, "give the field a default of its own type")
        })
    }

    /// Whether the unions are the same, branch by branch. Each branch is then read as itself, even where an earlier one
    /// would match too, as string before bytes.
    fn same_branches(
        &mut self,
        written: &[TypeId],
        reader: &Reader<'_>,
        read: &[TypeId],
    ) -> Result<bool, ResolveError> {
        if written.len() != read.len() {
            return Ok(false);
        }
        for (w, r) in written.iter().zip(read) {
            let (w, r) = (self.schema.get(*w), reader.schema.get(*r));
            self.step(1 + w.name().map_or(0, |name| name.cost()))?;
            if std::mem::discriminant(w) != std::mem::discriminant(r) || w.name() != r.name() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn check_names(&mut self, w: TypeId, reader: &Reader<'_>, r: TypeId, kind: &str) -> Result<(), ResolveError> {
        let schema = self.schema;
        let (Some(written), Some(name)) = (schema.get(w).name(), reader.schema.get(r).name()) else { return Ok(()) };
        self.step(written.cost())?;
        if reader.is_called(r, name, written) {
            return Ok(());
        }
        let problem = format!("{kind} {} is not {}", ShortName(&written.full), ShortName(&name.full));
        Err(self.error(Rule::NameMismatch, problem, "give the reader's type the writer's name, or an alias"))
    }

    /// A plan fails at a symbol that the reader does not have only when it occurs; a survey reports it at once.
    fn survey_symbols(&self, written: &Enum, read: &Enum, map: &[Option<Symbol>]) -> Result<(), ResolveError> {
        let unknown: Vec<&str> =
            written.symbols.iter().zip(map).filter(|(_, to)| to.is_none()).map(|(symbol, _)| &**symbol).collect();
        if self.survey.is_none() || unknown.is_empty() {
            return Ok(());
        }
        let (name, unknown) = (ShortName(&read.name.full), names(unknown));
        let problem = format!("the reader's enum {name} has no symbol {unknown}, and no default");
        Err(self.error(Rule::EnumSymbols, problem, "add the symbol to the reader's enum, or give the enum a default"))
    }

    /// "For the purposes of schema resolution, two schemas that are decimal logical types match if their scales and
    /// precisions match."
    fn check_decimals(&self, written: Option<Logical>, read: Option<Logical>) -> Result<(), ResolveError> {
        match (written, read) {
            (Some(Logical::Decimal { .. }), Some(Logical::Decimal { .. })) if written != read => Err(self.error(
                Rule::LogicalType,
                "the decimals differ in scale or precision".into(),
                "give the reader the writer's scale and precision",
            )),
            _ => Ok(()),
        }
    }
}
