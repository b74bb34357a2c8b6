//! All that keeps one schema's data from being read with another: for checking schemas before they are used.

use std::fmt;

use crate::compile::Compiler;
use crate::error::ResolveError;
use crate::limits::Limits;
use crate::schema::{Enum, Field, Record, Schema, Type, TypeId};
use crate::shown::{Excerpt, Shown};

/// The most that a survey tells; each place is told with some kilobytes of both schemas.
pub(crate) const MOST: usize = 1_000;

/// A place at which data of the writer's schema cannot be read with the reader's, with both schemas there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incompatibility {
    error: ResolveError,
    writer: String,
    reader: String,
}

impl Incompatibility {
    pub(crate) fn new(error: ResolveError, writer: String, reader: String) -> Self {
        Self { error, writer, reader }
    }

    /// Where, which rule, why and what would help.
    pub fn error(&self) -> &ResolveError {
        &self.error
    }

    /// The writer's schema at that place, as JSON; what lies deeper is abridged to its name.
    pub fn writer_fragment(&self) -> &str {
        &self.writer
    }

    /// The reader's schema at that place, as JSON; what lies deeper is abridged to its name.
    pub fn reader_fragment(&self) -> &str {
        &self.reader
    }
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  writer: {}\n  reader: {}", self.error, self.writer, self.reader)
    }
}

/// All that keeps data of `writer` from being read with `reader`, up to 1,000 places; nothing if every datum can be read.
///
/// It is the resolution of [`crate::Plan::compile_with_reader`], but stricter and complete: a plan takes it that a
/// branch of the writer's union or a symbol of its enum cannot be read, since that is an error only when one occurs; and
/// it ends at the first problem.
///
/// ```
/// use avro_decode::{Rule, Schema, incompatibilities};
///
/// let old = Schema::parse(r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "int"}]}"#)?;
/// let new = Schema::parse(
///     r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}, {"name": "at", "type": "long"}]}"#,
/// )?;
/// let [missing] = incompatibilities(&old, &new).try_into().unwrap();
/// assert_eq!(missing.error().rule(), Rule::MissingField);
/// assert_eq!(missing.reader_fragment(), r#"{"name":"at","type":"long"}"#);
/// let [narrow] = incompatibilities(&new, &old).try_into().unwrap();
/// assert_eq!((narrow.error().rule(), narrow.error().writer_path()), (Rule::Narrowing, "id"));
/// # Ok::<(), avro_decode::SchemaError>(())
/// ```
pub fn incompatibilities(writer: &Schema, reader: &Schema) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    let survey = Compiler::run(writer, Some(reader), &Limits::default(), |compiler, root| {
        compiler.survey = Some(Vec::new());
        let node = compiler.resolve_schemas(root, reader);
        found = compiler.survey.take().unwrap_or_default();
        node
    });
    // The survey collects what does not resolve; what ends it comes back as an error.
    if let Err(error) = survey {
        found.push(Incompatibility::new(error, writer.fragment(writer.root()), reader.fragment(reader.root())));
    }
    found
}

impl Schema {
    /// The schema's parts that cannot be used as they are: defaults that are not of their field's type.
    ///
    /// Such a schema still decodes what was written with it, but no reader can rely on those defaults, and registries and
    /// other libraries refuse it.
    pub fn invalid_defaults(&self) -> Vec<String> {
        let records = (0..self.len()).filter_map(|index| match self.get(TypeId(index as u32)) {
            Type::Record(record) => Some(record),
            _ => None,
        });
        let wrong = |record: &Record, field: &Field| {
            let default = field.default.as_ref()?;
            let mut steps = u64::MAX;
            let fits = crate::schema::default_value(self, field.schema, default, &mut steps).is_some();
            (!fits).then(|| {
                let (record, field_name, expected) =
                    (Shown(&record.name.full), Shown(&field.name), self.describe(field.schema));
                format!("{record}.{field_name}: the default {} is no {expected}", Excerpt(default))
            })
        };
        let all = records.flat_map(|record| record.fields.iter().filter_map(move |field| wrong(record, field)));
        all.take(MOST).collect()
    }

    /// The type as JSON, one level deep: what is within is its name or its kind.
    pub(crate) fn fragment(&self, id: TypeId) -> String {
        match self.get(id) {
            Type::Record(record) => self.record_fragment(record),
            _ => self.shape(id, true),
        }
    }

    pub(crate) fn record_fragment(&self, record: &Record) -> String {
        let (shown, rest) = abridged(&record.fields, |field| self.field_fragment(field));
        let name = quoted(&record.name.full);
        format!(r#"{{"type":"record","name":{name},"fields":[{shown}{rest}]}}"#)
    }

    pub(crate) fn field_fragment(&self, field: &Field) -> String {
        let default = match &field.default {
            Some(default) => format!(r#","default":{}"#, Excerpt(default)),
            None => String::new(),
        };
        format!(r#"{{"name":{},"type":{}{default}}}"#, quoted(&field.name), self.shape(field.schema, false))
    }

    /// A type on one line; a named type by its name unless it is the one that is looked at.
    fn shape(&self, id: TypeId, whole: bool) -> String {
        let plain = |kind: &str, logical: Option<crate::schema::Logical>| match logical {
            Some(crate::schema::Logical::Decimal { precision, scale }) => {
                format!(r#"{{"type":"{kind}","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#)
            }
            Some(logical) => format!(r#"{{"type":"{kind}","logicalType":"{}"}}"#, logical.name()),
            None => format!(r#""{kind}""#),
        };
        match self.get(id) {
            Type::Null => plain("null", None),
            Type::Boolean => plain("boolean", None),
            Type::Int(logical) => plain("int", *logical),
            Type::Long(logical) => plain("long", *logical),
            Type::Float => plain("float", None),
            Type::Double => plain("double", None),
            Type::Bytes(logical) => plain("bytes", *logical),
            Type::String(logical) => plain("string", *logical),
            Type::Fixed(fixed) if whole => {
                format!(r#"{{"type":"fixed","name":{},"size":{}}}"#, quoted(&fixed.name.full), fixed.size)
            }
            Type::Enum(symbols) if whole => enum_fragment(symbols),
            Type::Fixed(fixed) => quoted(&fixed.name.full),
            Type::Enum(symbols) => quoted(&symbols.name.full),
            Type::Record(record) => quoted(&record.name.full),
            Type::Array(items) => format!(r#"{{"type":"array","items":{}}}"#, self.within(*items)),
            Type::Map(values) => format!(r#"{{"type":"map","values":{}}}"#, self.within(*values)),
            Type::Union(branches) => {
                let (shown, rest) = abridged(branches, |branch| self.within(*branch));
                format!("[{shown}{rest}]")
            }
        }
    }

    /// Lists within lists are abridged: a fragment is for reading, and its length is bounded.
    fn within(&self, id: TypeId) -> String {
        match self.get(id) {
            Type::Array(_) => r#"{"type":"array","items":…}"#.to_owned(),
            Type::Map(_) => r#"{"type":"map","values":…}"#.to_owned(),
            Type::Union(_) => "[…]".to_owned(),
            _ => self.shape(id, false),
        }
    }
}

fn enum_fragment(symbols: &Enum) -> String {
    let (shown, rest) = abridged(&symbols.symbols, |symbol| quoted(symbol));
    let default = symbols.default.and_then(|index| symbols.symbols.get(index));
    let default = default.map(|symbol| format!(r#","default":{}"#, quoted(symbol)));
    let name = quoted(&symbols.name.full);
    format!(r#"{{"type":"enum","name":{name},"symbols":[{shown}{rest}]{}}}"#, default.unwrap_or_default())
}

fn abridged<T>(items: &[T], show: impl Fn(&T) -> String) -> (String, &'static str) {
    const SHOWN: usize = 24;
    let shown: Vec<String> = items.iter().take(SHOWN).map(show).collect();
    (shown.join(","), if items.len() > SHOWN { ",…" } else { "" })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(Shown(text).to_string()).to_string()
}
