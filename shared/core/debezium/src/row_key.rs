//! Writes a row's primary key as text: one text for each row.

use std::fmt::Write as _;

use avro_decode::{Record, Value};
use sha2::{Digest, Sha256};

use crate::number;
use crate::types::VariableScaleDecimal;

/// The primary key in a record's key, as text: one text for each row.
///
/// - A key of one column is that column's text, without the column's name: `42`, `ada`.
/// - A key of several columns names them, sorted by name: `\(no=2,region=1)`. So the order of the columns, which changes
///   when a table is rebuilt, neither splits one row into two nor merges two rows. A column that is null has no `=`.
///   Characters that could be taken for punctuation are escaped with `\`.
/// - Equal numbers have one text, as integers, decimals of any scale or doubles: `1.5` for 1.50, `0` for -0. A decimal of
///   a fixed scale (`numeric(20,0)`) is its bytes in hexadecimal, because only the schema has the scale.
/// - A text of more than 2,000 bytes becomes `\#` and its hash, so that a key fits every store.
///
/// Two different keys never have the same text. A column's text does not depend on its type, so a column may change from
/// integer to text, but not from integer to a decimal of fixed scale. Renaming a column of a composite key makes new keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowKey {
    text: String,
    formerly: Option<String>,
}

/// A key that does not identify a row. The messages name columns, never their content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key, or a key without columns.
    #[error(
        "the record has no key that identifies a row; give the table a primary key, or set the connector's `message.key.columns`"
    )]
    Missing,
    /// Everything in it is null or empty, which several rows may share.
    #[error("every column of the record's key is null or empty: {columns}; a key must identify one row")]
    Empty {
        /// The columns.
        columns: String,
    },
    /// A column of a type that a primary key cannot have.
    #[error(
        "column `{column}` of the record's key is {what}, which cannot identify a row; key the topic by other columns"
    )]
    Type {
        /// The column.
        column: String,
        /// What it is.
        what: &'static str,
    },
    /// A number of more than 1,024 bytes.
    #[error(
        "column `{column}` of the record's key is a number of more than 1024 bytes; key the topic by other columns"
    )]
    TooLong {
        /// The column.
        column: String,
    },
}

/// Stands for the column's name where the key is not a record.
const WHOLE: &str = "(the key itself)";
/// What a named key, an escaped text and a hash begin with. A text that begins like that itself is escaped.
const MARKS: [&str; 3] = [r"\(", r"\)", r"\#"];

impl RowKey {
    /// The longest text of a key, in bytes: a longer one becomes its hash. Stored keys depend on it.
    pub const MAX_BYTES: usize = 2000;

    /// Reads a record's key, as a generic value.
    ///
    /// # Errors
    /// When the key does not identify a row.
    pub fn of(key: Option<&Value<'_>>) -> Result<Self, KeyError> {
        let key = match key {
            None | Some(Value::Null) => return Err(KeyError::Missing),
            Some(Value::Record(record)) => record,
            Some(value) => return Self::single(Part::of(WHOLE, value)?, WHOLE),
        };
        let mut parts = Part::columns(key)?;
        match parts.as_mut_slice() {
            [] => Err(KeyError::Missing),
            [(name, part @ (Part::Null | Part::Plain(_)))] => {
                let part = std::mem::replace(part, Part::Null);
                Self::single(part, name)
            }
            several if several.iter().all(|(_, part)| part.is_null()) => {
                let columns = several.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                Err(KeyError::Empty { columns })
            }
            _ => Ok(RowKey { text: fitting(named(r"\", &parts)), formerly: formerly(key) }),
        }
    }

    fn single(part: Part<'_>, column: &str) -> Result<Self, KeyError> {
        let text = match part {
            Part::Plain(text) if !text.is_empty() => text,
            Part::Plain(_) | Part::Null | Part::Struct(_) => {
                return Err(KeyError::Empty { columns: column.to_owned() });
            }
        };
        let is_marked = MARKS.iter().any(|mark| text.starts_with(mark));
        let canonical = fitting(if is_marked { format!(r"\){text}") } else { text.clone() });
        let formerly = Some(text).filter(|text| *text != canonical);
        Ok(RowKey { text: canonical, formerly })
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text that earlier versions gave this key, before composite keys named their columns: the columns' values in the
    /// order of the key's schema, separated by `,`. `None` if it had the same text, or had no text.
    ///
    /// Two different keys may have the same former text. Claims and rows may still be stored under it; see
    /// `event_runtime::EffectId::formerly`.
    pub fn formerly(&self) -> Option<&str> {
        self.formerly.as_deref()
    }
}

/// One column of a key, or of a struct within it.
enum Part<'v> {
    Null,
    Plain(String),
    Struct(Vec<(&'v str, Part<'v>)>),
}

impl<'v> Part<'v> {
    fn of(column: &str, value: &'v Value<'_>) -> Result<Self, KeyError> {
        let wrong = |what| KeyError::Type { column: column.to_owned(), what };
        Ok(match value {
            Value::Null => Part::Null,
            Value::Float(number) => Part::Plain(number::of_float(*number)),
            Value::Double(number) => Part::Plain(number::of_double(*number)),
            Value::Record(record) => match decimal(record) {
                Some(decimal) => Part::Plain(
                    number::of_decimal(decimal).ok_or_else(|| KeyError::TooLong { column: column.to_owned() })?,
                ),
                None => Part::Struct(Self::columns(record)?),
            },
            Value::Array(_) => return Err(wrong("an array")),
            Value::Map(_) => return Err(wrong("a map")),
            Value::Boolean(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Bytes(_)
            | Value::String(_)
            | Value::Fixed(_)
            | Value::Enum(_) => Part::Plain(plain(value).unwrap_or_default()),
        })
    }

    /// The columns, sorted by name.
    fn columns(record: &'v Record<'_>) -> Result<Vec<(&'v str, Self)>, KeyError> {
        let mut columns =
            record.fields().map(|(name, value)| Ok((name, Part::of(name, value)?))).collect::<Result<Vec<_>, _>>()?;
        columns.sort_unstable_by_key(|(name, _)| *name);
        Ok(columns)
    }

    fn is_null(&self) -> bool {
        match self {
            Part::Null => true,
            Part::Plain(_) => false,
            Part::Struct(parts) => parts.iter().all(|(_, part)| part.is_null()),
        }
    }
}

/// `(name=value,name,name=(name=value))` after a mark.
fn named(mark: &str, parts: &[(&str, Part<'_>)]) -> String {
    let mut text = mark.to_owned();
    write_named(parts, &mut text);
    text
}

fn write_named(parts: &[(&str, Part<'_>)], out: &mut String) {
    out.push('(');
    for (index, (name, part)) in parts.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_escaped(name, out);
        match part {
            Part::Null => {}
            Part::Plain(text) => {
                out.push('=');
                write_escaped(text, out);
            }
            Part::Struct(parts) => {
                out.push('=');
                write_named(parts, out);
            }
        }
    }
    out.push(')');
}

fn write_escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        if matches!(character, '\\' | '(' | ')' | ',' | '=') {
            out.push('\\');
        }
        out.push(character);
    }
}

/// The text itself, or a hash of it.
fn fitting(text: String) -> String {
    if text.len() <= RowKey::MAX_BYTES { text } else { format!(r"\#{}", hex::encode(Sha256::digest(text))) }
}

/// A number with its own scale.
fn decimal<'v>(record: &'v Record<'_>) -> Option<VariableScaleDecimal<'v>> {
    let name = record.name();
    let is_decimal = name.rsplit_once('.').map_or(name, |(_, name)| name) == "VariableScaleDecimal";
    match (record.get("scale"), record.get("value")) {
        (Some(Value::Int(scale)), Some(Value::Bytes(value))) if is_decimal => {
            Some(VariableScaleDecimal { scale: *scale, value })
        }
        _ => None,
    }
}

/// The text of a plain value; `None` for types that a key's former text could not contain.
fn plain(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Long(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Enum(symbol) => Some(symbol.as_str().to_owned()),
        Value::Bytes(bytes) | Value::Fixed(bytes) => Some(hex::encode(bytes)),
        Value::Null | Value::Float(_) | Value::Double(_) | Value::Array(_) | Value::Map(_) | Value::Record(_) => None,
    }
}

/// A composite key's former text: its values in the schema's order, if they are all plain.
fn formerly(key: &Record<'_>) -> Option<String> {
    let mut text = String::new();
    for (index, (_, value)) in key.fields().enumerate() {
        let value = plain(value)?.replace('\\', r"\\").replace(',', r"\,");
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}{value}").ok()?;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::iter::Peekable;
    use std::str::Chars;

    use proptest::prelude::*;

    use super::*;

    /// What a part is made of, apart from the key that it borrows from.
    #[derive(Debug, Clone, PartialEq)]
    enum Tree {
        Null,
        Text(String),
        Columns(Vec<(String, Tree)>),
    }

    fn parts(columns: &[(String, Tree)]) -> Vec<(&str, Part<'_>)> {
        let part = |tree| match tree {
            &Tree::Null => Part::Null,
            Tree::Text(text) => Part::Plain(text.clone()),
            Tree::Columns(columns) => Part::Struct(parts(columns)),
        };
        columns.iter().map(|(name, tree)| (name.as_str(), part(tree))).collect()
    }

    /// Reads a text back into its columns, which only works if it contains them all.
    fn read(text: &mut Peekable<Chars<'_>>) -> Vec<(String, Tree)> {
        assert_eq!(text.next(), Some('('));
        let mut columns = Vec::new();
        while text.peek() != Some(&')') {
            if !columns.is_empty() {
                assert_eq!(text.next(), Some(','));
            }
            let name = unescaped(text);
            let tree = match text.next_if_eq(&'=') {
                None => Tree::Null,
                Some(_) if text.peek() == Some(&'(') => Tree::Columns(read(text)),
                Some(_) => Tree::Text(unescaped(text)),
            };
            columns.push((name, tree));
        }
        text.next();
        columns
    }

    fn unescaped(text: &mut Peekable<Chars<'_>>) -> String {
        let mut found = String::new();
        while let Some(character) = text.next_if(|next| !"(),=".contains(*next)) {
            found.push(if character == '\\' { text.next().unwrap() } else { character });
        }
        found
    }

    fn columns() -> impl Strategy<Value = Vec<(String, Tree)>> {
        let text = || r"[a\\(),=#é]{0,4}";
        let leaf = prop_oneof![Just(Tree::Null), text().prop_map(Tree::Text)];
        let tree = leaf.prop_recursive(2, 8, 3, move |inner| {
            proptest::collection::vec((r"[a\\(),=]{1,3}", inner), 1..3).prop_map(Tree::Columns)
        });
        proptest::collection::vec((r"[a\\(),=]{1,3}", tree), 1..4)
    }

    proptest! {
        #[test]
        fn a_composite_keys_text_contains_the_whole_key(columns in columns()) {
            let text = named(r"\", &parts(&columns));
            let mut rest = text.strip_prefix('\\').unwrap().chars().peekable();
            prop_assert_eq!(read(&mut rest), columns);
            prop_assert_eq!(rest.next(), None);
        }

        #[test]
        fn a_single_columns_text_contains_the_whole_key(text in r"(\\[()#])?[a\\(),=#]{1,4}") {
            let key = RowKey::single(Part::Plain(text.clone()), "id").unwrap();
            let read = match key.as_str().strip_prefix(r"\)") {
                Some(escaped) => escaped,
                None => key.as_str(),
            };
            prop_assert_eq!(read, &text);
            prop_assert!(!key.as_str().starts_with(r"\(") && !key.as_str().starts_with(r"\#"), "{}", key.as_str());
        }
    }
}
