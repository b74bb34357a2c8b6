//! Checks whether one schema's data can be read with another, before either is used.

use crate::compile::{Compiler, Incompatibility};
use crate::limits::Limits;
use crate::schema::Schema;

/// Every place at which data of `writer` cannot be read with `reader`, up to 1,000; empty if every datum can be read.
///
/// Resolves as [`crate::Plan::compile_with_reader`] does, but is stricter and complete. A plan accepts that a branch of
/// the writer's union or a symbol of its enum cannot be read, since that is an error only when one occurs, and it stops
/// at the first problem.
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
    // The survey collects what does not resolve; an error ended it early.
    if let Err(error) = survey {
        found.push(Incompatibility::new(error, writer.fragment(writer.root()), reader.fragment(reader.root())));
    }
    found
}
