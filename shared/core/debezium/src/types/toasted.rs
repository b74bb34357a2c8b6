//! Columns that an update did not touch, so that the connector does not know their values.

use std::sync::OnceLock;

use avro_decode::{AvroRead, AvroType, Compiler, Cursor, DecodeError, Node, ResolveError, TypeId};
use md5::{Digest, Md5};

/// What the connector writes for a TOASTed column that an update did not touch, because PostgreSQL does not log it. The
/// connector's option `unavailable.value.placeholder` may set another text.
pub const UNAVAILABLE_VALUE: &str = "__debezium_unavailable_value";

/// A column that may be TOASTed: an update that did not touch it does not contain it. The placeholder never reaches a
/// function as data.
///
/// | column | read as | if untouched |
/// |---|---|---|
/// | `text`, `json`, `xml`, … | `Toasted` | `Unchanged` |
/// | `bytea` (`binary.handling.mode=bytes`) | `Toasted` | `Unchanged` |
/// | `text[]`, `uuid[]`, `bytea[]` | `Vec<Option<Toasted>>` | one item, `Unchanged` |
/// | `hstore` (`hstore.handling.mode=map`) | a map of `Option<Toasted>` | one entry, `Unchanged`, under the placeholder |
/// | `hstore` (`hstore.handling.mode=json`) | `Toasted` | `Unchanged` |
///
/// If the connector has a placeholder of its own, install it before the first record: [`Placeholder::install`].
///
/// For some types an untouched value looks like data: arrays of numbers hold the placeholder's bytes as numbers, and points
/// and geometries have a fixed position. Give such a table `REPLICA IDENTITY FULL`, which logs everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Toasted<'a> {
    /// The text of a column of text.
    Text(&'a str),
    /// The bytes of a column of bytes.
    Bytes(&'a [u8]),
    /// As it was before; the record does not contain it.
    Unchanged,
}

impl<'a> Toasted<'a> {
    /// The text, if the record contains it.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Toasted::Text(text) => Some(text),
            Toasted::Bytes(_) | Toasted::Unchanged => None,
        }
    }

    /// The bytes, also those of text, if the record contains them.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Toasted::Text(text) => Some(text.as_bytes()),
            Toasted::Bytes(bytes) => Some(bytes),
            Toasted::Unchanged => None,
        }
    }
}

/// The value, whether the writer's type is text or bytes.
#[derive(AvroRead)]
enum Written<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl AvroType for Toasted<'static> {
    type Of<'de> = Toasted<'de>;
    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        <Written<'static> as AvroType>::compile(compiler, writer)
    }
}

impl<'de> AvroRead<'de> for Toasted<'de> {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        let placeholder = Placeholder::in_use();
        Ok(match <Written<'de> as AvroRead<'de>>::read(node, cursor)? {
            Written::Text(text) if placeholder.is(text) => Toasted::Unchanged,
            Written::Text(text) => Toasted::Text(text),
            Written::Bytes(bytes) if bytes == placeholder.bytes => Toasted::Unchanged,
            Written::Bytes(bytes) => Toasted::Bytes(bytes),
        })
    }

    fn blank() -> Option<Self> {
        Some(Toasted::Unchanged)
    }
}

/// The connector's placeholder, in each form that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    bytes: Vec<u8>,
    text: String,
    /// An item of `uuid[]`.
    uuid: String,
    /// An `hstore` as JSON.
    json: String,
}

static IN_USE: OnceLock<Placeholder> = OnceLock::new();

/// What is wrong with a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// Every empty text would count as an untouched column.
    #[error("the placeholder is empty; write the connector's `unavailable.value.placeholder`")]
    Empty,
    /// `hex:` is not followed by pairs of hexadecimal digits.
    #[error("`hex:` is not followed by pairs of hexadecimal digits")]
    Hex,
    /// Another placeholder is already in use in this process, which can have only one.
    #[error("another placeholder is already in use; install it once, before the first record is read")]
    InUse,
}

impl Placeholder {
    /// Reads the connector's option `unavailable.value.placeholder`: text, or `hex:` and the bytes.
    ///
    /// # Errors
    /// [`PlaceholderError::Empty`] and [`PlaceholderError::Hex`].
    pub fn parse(option: &str) -> Result<Self, PlaceholderError> {
        let bytes = match option.strip_prefix("hex:") {
            None => option.as_bytes().to_vec(),
            Some(hex) => hex::decode(hex).map_err(|_| PlaceholderError::Hex)?,
        };
        if bytes.is_empty() {
            return Err(PlaceholderError::Empty);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let quoted = serde_json::Value::from(text.as_str());
        Ok(Placeholder { uuid: name_uuid(&bytes), json: format!("{{{quoted}:{quoted}}}"), bytes, text })
    }

    /// Sets the placeholder for every [`Toasted`] of this process. A function whose connector has a placeholder of its own
    /// calls this at its start, since a plan has no configuration.
    ///
    /// # Errors
    /// [`PlaceholderError::InUse`] when a record was already read with another placeholder.
    pub fn install(self) -> Result<(), PlaceholderError> {
        if *IN_USE.get_or_init(|| self.clone()) == self { Ok(()) } else { Err(PlaceholderError::InUse) }
    }

    fn in_use() -> &'static Self {
        IN_USE.get_or_init(Placeholder::default)
    }

    /// A fallback that no column's value equals, apart from the default text.
    fn nothing() -> Self {
        let text = UNAVAILABLE_VALUE.to_owned();
        Placeholder { bytes: Vec::new(), uuid: text.clone(), json: text.clone(), text }
    }

    fn is(&self, text: &str) -> bool {
        text == self.text || text == self.uuid || text == self.json
    }
}

impl Default for Placeholder {
    /// The default of the connector: [`UNAVAILABLE_VALUE`].
    fn default() -> Self {
        // It cannot fail to parse.
        Placeholder::parse(UNAVAILABLE_VALUE).unwrap_or_else(|_| Placeholder::nothing())
    }
}

/// Java's `UUID.nameUUIDFromBytes`.
fn name_uuid(name: &[u8]) -> String {
    let mut bytes: [u8; 16] = Md5::digest(name).into();
    bytes[6] = bytes[6] & 0x0f | 0x30;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| hex.get(group).unwrap_or_default());
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use avro_decode::{Limits, Plan, Schema};

    use super::*;

    #[derive(Debug, PartialEq, AvroRead)]
    struct Row<'a> {
        column: Option<Toasted<'a>>,
    }

    #[derive(Debug, PartialEq, AvroRead)]
    struct Items<'a> {
        column: Option<Vec<Option<Toasted<'a>>>>,
    }

    #[derive(Debug, PartialEq, AvroRead)]
    struct Entries<'a> {
        column: Option<std::collections::BTreeMap<&'a str, Option<Toasted<'a>>>>,
    }

    fn plan<T: AvroType>(column: &str) -> Plan<T> {
        let schema = format!(
            r#"{{"type": "record", "name": "V", "fields": [{{"name": "column", "type": ["null", {column}]}}]}}"#
        );
        Plan::compile(&Schema::parse(&schema).unwrap(), &Limits::default()).unwrap()
    }

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [&[u8::try_from(bytes.len() * 2).unwrap()], bytes].concat()
    }

    #[test]
    fn an_untouched_column_of_text_or_bytes_is_unchanged() {
        for column in [r#""string""#, r#""bytes""#] {
            let datum = [vec![2], sized(UNAVAILABLE_VALUE.as_bytes())].concat();
            assert_eq!(plan::<Row>(column).decode(&datum).unwrap().column, Some(Toasted::Unchanged), "{column}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_stay_bytes() {
        let read = plan::<Row>(r#""bytes""#).decode(b"\x02\x04\xff\xd8").unwrap().column;
        assert_eq!(read, Some(Toasted::Bytes(b"\xff\xd8")));
        assert_eq!(read.and_then(Toasted::bytes), Some(b"\xff\xd8".as_slice()));
        let text = plan::<Row>(r#""string""#).decode(b"\x02\x02a").unwrap().column;
        assert_eq!((text.and_then(Toasted::text), text.and_then(Toasted::bytes)), (Some("a"), Some(b"a".as_slice())));
    }

    #[test]
    fn an_untouched_array_or_map_holds_one_unchanged_item() {
        let uuid = b"b68a35a7-17ad-35b3-af2a-ae46edb4545a";
        for (items, placeholder) in
            [("string", UNAVAILABLE_VALUE.as_bytes()), ("bytes", UNAVAILABLE_VALUE.as_bytes()), ("string", uuid)]
        {
            let column = format!(r#"{{"type": "array", "items": ["null", "{items}"]}}"#);
            let datum = [vec![2, 2, 2], sized(placeholder), vec![0]].concat();
            assert_eq!(plan::<Items>(&column).decode(&datum).unwrap().column, Some(vec![Some(Toasted::Unchanged)]));
        }
        let placeholder = sized(UNAVAILABLE_VALUE.as_bytes());
        let datum = [vec![2, 2], placeholder.clone(), vec![2], placeholder, vec![0]].concat();
        let plan = plan::<Entries>(r#"{"type": "map", "values": ["null", "string"]}"#);
        let read = plan.decode(&datum).unwrap().column.unwrap();
        assert_eq!(read.into_values().collect::<Vec<_>>(), [Some(Toasted::Unchanged)]);
    }

    #[test]
    fn an_untouched_hstore_is_unchanged_as_json_too() {
        let json = format!(r#"{{"{UNAVAILABLE_VALUE}":"{UNAVAILABLE_VALUE}"}}"#);
        let datum = [vec![2], sized(json.as_bytes())].concat();
        assert_eq!(plan::<Row>(r#""string""#).decode(&datum).unwrap().column, Some(Toasted::Unchanged));
    }

    #[test]
    fn a_placeholder_is_text_or_bytes_in_hexadecimal() {
        let untouched = Placeholder::parse("(untouched)").unwrap();
        assert_eq!(Placeholder::parse("hex:28756E746F756368656429"), Ok(untouched.clone()));
        assert_eq!(untouched.uuid, "d08c9a3a-aa1b-3817-a52c-6969ee65a1bd");
        assert_eq!(Placeholder::parse(""), Err(PlaceholderError::Empty));
        assert_eq!(Placeholder::parse("hex:"), Err(PlaceholderError::Empty));
        assert_eq!(Placeholder::parse("hex:2"), Err(PlaceholderError::Hex));
    }
}
