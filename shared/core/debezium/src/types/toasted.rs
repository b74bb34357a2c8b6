//! Columns that an update did not touch and the connector therefore does not know.

use std::sync::OnceLock;

use avro_decode::{AvroRead, AvroType, Compiler, Cursor, DecodeError, Node, ResolveError, TypeId};
use md5::{Digest, Md5};

/// What the connector writes in place of a TOASTed column that an update did not touch, unless its option
/// `unavailable.value.placeholder` says otherwise: PostgreSQL does not log such a column.
pub const UNAVAILABLE_VALUE: &str = "__debezium_unavailable_value";

/// A column that may be TOASTed: an update that did not touch it does not carry it. The placeholder never reaches a
/// function as data.
///
/// | column | read as | untouched it is |
/// |---|---|---|
/// | `text`, `json`, `xml`, … | `Toasted` | `Unchanged` |
/// | `bytea` (`binary.handling.mode=bytes`) | `Toasted` | `Unchanged` |
/// | `text[]`, `uuid[]`, `bytea[]` | `Vec<Option<Toasted>>` | one item, `Unchanged` |
/// | `hstore` (`hstore.handling.mode=map`) | a map of `Option<Toasted>` | one entry, `Unchanged`, under the placeholder |
/// | `hstore` (`hstore.handling.mode=json`) | `Toasted` | `Unchanged` |
///
/// A connector with a placeholder of its own has to be known before the first record: [`Placeholder::install`].
///
/// What cannot be told from data by one value: arrays of numbers, which hold the placeholder's bytes as numbers, and
/// points and geometries, which lie at a fixed place. Give such a table `REPLICA IDENTITY FULL`, which logs everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Toasted<'a> {
    /// The text of a column of text.
    Text(&'a str),
    /// The bytes of a column of bytes.
    Bytes(&'a [u8]),
    /// As it was before; the record does not say how.
    Unchanged,
}

impl<'a> Toasted<'a> {
    /// The text, if the record has it.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Toasted::Text(text) => Some(text),
            Toasted::Bytes(_) | Toasted::Unchanged => None,
        }
    }

    /// The bytes, of a text too, if the record has them.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Toasted::Text(text) => Some(text.as_bytes()),
            Toasted::Bytes(bytes) => Some(bytes),
            Toasted::Unchanged => None,
        }
    }
}

/// What stands there, whichever of the two the writer's type is.
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

/// The connector's placeholder in each form that it takes.
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
    /// Every empty text would be an untouched column.
    #[error("the placeholder is empty")]
    Empty,
    /// `hex:` is followed by something else than pairs of hexadecimal digits.
    #[error("`hex:` is not followed by pairs of hexadecimal digits")]
    Hex,
    /// A plan reads one placeholder; another one is in use in this process.
    #[error("another placeholder is in use already; install it once, before the first record is read")]
    InUse,
}

impl Placeholder {
    /// The connector's option `unavailable.value.placeholder` as it is written there: text, or `hex:` and the bytes.
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

    /// Makes every [`Toasted`] of this process know it. For a function whose connector has a placeholder of its own, at
    /// its start: a plan reads millions of values and has no configuration.
    ///
    /// # Errors
    /// [`PlaceholderError::InUse`] where a record was read by another one before.
    pub fn install(self) -> Result<(), PlaceholderError> {
        if *IN_USE.get_or_init(|| self.clone()) == self { Ok(()) } else { Err(PlaceholderError::InUse) }
    }

    fn in_use() -> &'static Self {
        IN_USE.get_or_init(Placeholder::default)
    }

    /// Equal to nothing that a column holds.
    fn nothing() -> Self {
        let text = UNAVAILABLE_VALUE.to_owned();
        Placeholder { bytes: Vec::new(), uuid: text.clone(), json: text.clone(), text }
    }

    fn is(&self, text: &str) -> bool {
        text == self.text || text == self.uuid || text == self.json
    }
}

impl Default for Placeholder {
    /// That of a connector which is not told another one: [`UNAVAILABLE_VALUE`].
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
    fn bytes_that_are_no_text_are_bytes() {
        let read = plan::<Row>(r#""bytes""#).decode(b"\x02\x04\xff\xd8").unwrap().column;
        assert_eq!(read, Some(Toasted::Bytes(b"\xff\xd8")));
        assert_eq!(read.and_then(Toasted::bytes), Some(b"\xff\xd8".as_slice()));
        let text = plan::<Row>(r#""string""#).decode(b"\x02\x02a").unwrap().column;
        assert_eq!((text.and_then(Toasted::text), text.and_then(Toasted::bytes)), (Some("a"), Some(b"a".as_slice())));
    }

    #[test]
    fn an_untouched_array_or_map_holds_the_one_item_that_is_unchanged() {
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
