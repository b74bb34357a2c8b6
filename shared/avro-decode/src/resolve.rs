//! Resolving a writer's schema against a reader's schema: specification 1.12, "Schema Resolution".

use std::collections::HashSet;

use crate::compile::{Compiler, Memo, match_fields};
use crate::error::{ResolveError, Rule};
use crate::incompatible::Incompatibility;
use crate::plan::{Branch, List, Node, Op, Promotion, RecordPlan};
use crate::schema::{Logical, Name, Schema, Type, TypeId, default_value};
use crate::value::{Shape, Symbol};

impl Compiler<'_> {
    /// The reader is the writer's schema itself, from this type down.
    pub(crate) fn resolve_as_written(&mut self, writer: TypeId) -> Result<Node, ResolveError> {
        let schema = self.schema.clone();
        self.resolve(writer, &schema, writer)
    }

    pub(crate) fn resolve_schemas(&mut self, writer: TypeId, reader: &Schema) -> Result<Node, ResolveError> {
        self.resolve(writer, reader, reader.root())
    }

    fn resolve(&mut self, w: TypeId, reader: &Schema, r: TypeId) -> Result<Node, ResolveError> {
        let result = self.resolve_any(w, reader, r);
        match (result, &mut self.survey) {
            (Err(error), Some(survey)) => {
                survey.push(Incompatibility::new(error, self.schema.fragment(w), reader.fragment(r)));
                Ok(Node(Op::Absent))
            }
            (result, _) => result,
        }
    }

    fn resolve_any(&mut self, w: TypeId, reader: &Schema, r: TypeId) -> Result<Node, ResolveError> {
        let schema = self.schema;
        match (schema.get(w), reader.get(r)) {
            (Type::Union(written), Type::Union(read)) if self.same_branches(written, reader, read) => {
                let mut of_reader = read.iter();
                self.branches(written, |compiler, branch| {
                    let other = of_reader.next().copied().unwrap_or(r);
                    compiler.resolve(branch, reader, other).map(Branch::Node)
                })
            }
            (Type::Union(written), _) => {
                self.branches(written, |compiler, branch| compiler.resolve(branch, reader, r).map(Branch::Node))
            }
            (_, Type::Union(read)) => match self.choose(w, reader, read) {
                Some(branch) => self.resolve(w, reader, branch),
                None => Err(self.error(
                    Rule::NoUnionBranch,
                    format!("no branch of the reader's union matches {}", schema.describe(w)),
                    "add a branch for it",
                )),
            },
            _ => self.resolve_one(w, reader, r),
        }
    }

    fn resolve_one(&mut self, w: TypeId, reader: &Schema, r: TypeId) -> Result<Node, ResolveError> {
        use Promotion as P;
        let schema = self.schema;
        let promote = |promotion| Ok(Node(Op::Promote(promotion)));
        match (schema.get(w), reader.get(r)) {
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
                self.check_names(&a.name, &b.name, &b.aliases, "fixed")?;
                if a.size != b.size {
                    let problem = format!("a fixed of {} bytes is not one of {}", a.size, b.size);
                    return Err(self.error(Rule::FixedSize, problem, "give both the same size"));
                }
                self.check_decimals(a.logical, b.logical)?;
                Ok(Node(Op::Fixed(a.size)))
            }
            (Type::Enum(a), Type::Enum(b)) => {
                self.check_names(&a.name, &b.name, &b.aliases, "enum")?;
                let map = a.symbols.iter().map(|symbol| {
                    let index = b.symbols.iter().position(|s| s == symbol).or(b.default)?;
                    Some(Symbol::new(b.symbols.clone(), index))
                });
                let map: Box<[Option<Symbol>]> = map.collect();
                self.survey_symbols(a, b, &map)?;
                Ok(Node(Op::SymbolOf(map)))
            }
            (Type::Array(a), Type::Array(b)) => {
                let item = self.within("items", |compiler| compiler.resolve(*a, reader, *b))?;
                Ok(Node(Op::Array(Box::new(List { item, min: self.min_size(*a) }))))
            }
            (Type::Map(a), Type::Map(b)) => {
                let item = self.within("values", |compiler| compiler.resolve(*a, reader, *b))?;
                Ok(Node(Op::Map(Box::new(List { item, min: self.min_size(*a).saturating_add(1) }))))
            }
            (Type::Record(a), Type::Record(b)) => {
                self.check_names(&a.name, &b.name, &b.aliases, "record")?;
                self.resolve_record((w, a), reader, (r, b))
            }
            (written, read) => {
                let rule = match (written, read) {
                    (Type::Long(_), Type::Int(_))
                    | (Type::Double, Type::Int(_) | Type::Long(_) | Type::Float)
                    | (Type::Float, Type::Int(_) | Type::Long(_)) => Rule::Narrowing,
                    _ => Rule::TypeMismatch,
                };
                let problem = format!("{} cannot be read as {}", schema.describe(w), reader.describe(r));
                Err(self.error(rule, problem, "change the reader's type"))
            }
        }
    }

    fn resolve_record(
        &mut self,
        (w, written): (TypeId, &crate::schema::Record),
        reader: &Schema,
        (r, read): (TypeId, &crate::schema::Record),
    ) -> Result<Node, ResolveError> {
        match self.resolved.get(&(w, r)) {
            Some(Memo::Index(index)) => return Ok(Node(Op::Record(*index))),
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
                Ok(Node(Op::Record(index)))
            }
            Err(error) => {
                self.resolved.insert((w, r), Memo::Failed(error.clone()));
                Err(error)
            }
        }
    }

    fn resolve_fields(
        &mut self,
        written: &crate::schema::Record,
        reader: &Schema,
        read: &crate::schema::Record,
    ) -> Result<RecordPlan, ResolveError> {
        let fields: Vec<(&str, Vec<&str>)> =
            read.fields.iter().map(|f| (&*f.name, f.aliases.iter().map(String::as_str).collect())).collect();
        let readers = match_fields(written, &fields);
        let present: HashSet<usize> = readers.iter().flatten().copied().collect();
        let mut defaults = Vec::with_capacity(fields.len());
        for (index, field) in read.fields.iter().enumerate() {
            if present.contains(&index) {
                defaults.push(None);
                continue;
            }
            self.reader_path.push(field.name.to_string());
            let default = self.default_of(written, reader, field);
            self.reader_path.pop();
            match (default, &mut self.survey) {
                (Err(error), Some(survey)) => {
                    let fragments = (self.schema.record_fragment(written), reader.field_fragment(field));
                    survey.push(Incompatibility::new(error, fragments.0, fragments.1));
                    defaults.push(None);
                }
                (default, _) => defaults.push(Some(default?)),
            }
        }
        let mut plan =
            self.record_plan(written, fields.len(), &readers, |compiler, index, w| match read.fields.get(index) {
                Some(field) => {
                    compiler.reader_path.push(field.name.to_string());
                    let result = compiler.resolve(w, reader, field.schema);
                    compiler.reader_path.pop();
                    result
                }
                None => Ok(Node(Op::Absent)),
            })?;
        plan.shape = Some(Shape::of(read));
        plan.defaults = defaults.into();
        Ok(plan)
    }

    fn default_of(
        &mut self,
        written: &crate::schema::Record,
        reader: &Schema,
        field: &crate::schema::Field,
    ) -> Result<crate::value::Value<'static>, ResolveError> {
        let Some(json) = &field.default else {
            let problem = format!("record {} has no field `{}`", written.name.full, field.name);
            return Err(self.error(Rule::MissingField, problem, "give the reader's field a default"));
        };
        default_value(reader, field.schema, json).ok_or_else(|| {
            let problem = format!("the default is no {}", reader.describe(field.schema));
            self.error(Rule::InvalidDefault, problem, "give the field a default of its own type")
        })
    }

    /// "The first schema in the reader's union that matches": but a type of the same full name before one of the same
    /// unqualified name, since a union may hold types that differ in their namespace alone.
    fn choose(&self, w: TypeId, reader: &Schema, read: &[TypeId]) -> Option<TypeId> {
        let written = self.schema.get(w);
        let same_name = |r: &&TypeId| match (written.name(), reader.get(**r).name()) {
            (Some(a), Some(b)) => a == b && matches(self.schema, w, reader, **r),
            _ => false,
        };
        let first = |r: &&TypeId| matches(self.schema, w, reader, **r);
        read.iter().find(same_name).or_else(|| read.iter().find(first)).copied()
    }

    /// The same unions, branch by branch: each branch is itself then, also where an earlier one would match, such as
    /// string before bytes.
    fn same_branches(&self, written: &[TypeId], reader: &Schema, read: &[TypeId]) -> bool {
        written.len() == read.len()
            && written.iter().zip(read).all(|(w, r)| {
                let (w, r) = (self.schema.get(*w), reader.get(*r));
                std::mem::discriminant(w) == std::mem::discriminant(r) && w.name() == r.name()
            })
    }

    fn check_names(&self, written: &Name, name: &Name, aliases: &[Name], kind: &str) -> Result<(), ResolveError> {
        if names_match(written, name, aliases) {
            return Ok(());
        }
        let problem = format!("{kind} {} is not {}", written.full, name.full);
        Err(self.error(Rule::NameMismatch, problem, "give the reader's type the writer's name, or an alias"))
    }

    /// A symbol that the reader does not have fails when it occurs; a survey does not wait for that.
    fn survey_symbols(
        &self,
        written: &crate::schema::Enum,
        read: &crate::schema::Enum,
        map: &[Option<Symbol>],
    ) -> Result<(), ResolveError> {
        let unknown: Vec<&str> =
            written.symbols.iter().zip(map).filter(|(_, to)| to.is_none()).map(|(symbol, _)| &**symbol).collect();
        if self.survey.is_none() || unknown.is_empty() {
            return Ok(());
        }
        let problem =
            format!("the reader's enum {} has no symbol {}, and no default", read.name.full, unknown.join(", "));
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

/// "To match, one of the following must hold", without going into what records hold.
fn matches(writer: &Schema, w: TypeId, reader: &Schema, r: TypeId) -> bool {
    match (writer.get(w), reader.get(r)) {
        (Type::Union(_), _) | (_, Type::Union(_)) => true,
        (Type::Array(a), Type::Array(b)) | (Type::Map(a), Type::Map(b)) => matches(writer, *a, reader, *b),
        (Type::Enum(a), Type::Enum(b)) => names_match(&a.name, &b.name, &b.aliases),
        (Type::Fixed(a), Type::Fixed(b)) => a.size == b.size && names_match(&a.name, &b.name, &b.aliases),
        (Type::Record(a), Type::Record(b)) => names_match(&a.name, &b.name, &b.aliases),
        (Type::Int(_), Type::Long(_) | Type::Float | Type::Double)
        | (Type::Long(_), Type::Float | Type::Double)
        | (Type::Float, Type::Double)
        | (Type::String(_), Type::Bytes(_))
        | (Type::Bytes(_), Type::String(_)) => true,
        (Type::Array(_) | Type::Map(_) | Type::Enum(_) | Type::Fixed(_) | Type::Record(_), _) => false,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// By unqualified name, or by an alias of the reader's, which is a full name.
fn names_match(written: &Name, name: &Name, aliases: &[Name]) -> bool {
    written.simple() == name.simple() || aliases.contains(written)
}
