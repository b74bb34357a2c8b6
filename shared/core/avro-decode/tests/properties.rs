//! Random schemas and values, encoded here and decoded by a plan.

#![allow(clippy::unwrap_used, missing_docs)]

use avro_decode::{AvroRead, Limits, Plan, Schema, Value};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(u8),
    Enum(u8),
    Array(Box<Type>),
    Map(Box<Type>),
    /// Of null and another.
    Nullable(bool, Box<Type>),
    /// Of records, by position.
    Union(Vec<Type>),
    Record(Vec<Type>),
}

fn types() -> impl Strategy<Value = Type> {
    use Type::*;
    let leaf = prop_oneof![
        Just(Null),
        Just(Boolean),
        Just(Int),
        Just(Long),
        Just(Float),
        Just(Double),
        Just(Bytes),
        Just(Text),
        (0u8..5).prop_map(Fixed),
        (1u8..5).prop_map(Enum),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let not_null = inner.clone().prop_filter("null", |t| !matches!(t, Null | Nullable(..) | Union(_)));
        prop_oneof![
            inner.clone().prop_map(|t| Array(Box::new(t))),
            inner.clone().prop_map(|t| Map(Box::new(t))),
            (any::<bool>(), not_null).prop_map(|(null_first, t)| Nullable(null_first, Box::new(t))),
            vec(vec(inner.clone(), 0..3).prop_map(Record), 1..4).prop_map(Union),
            vec(inner, 0..5).prop_map(Record),
        ]
    })
}

/// The schema as JSON; `names` numbers the named types.
fn json(ty: &Type, names: &mut u32) -> String {
    let mut name = || {
        *names += 1;
        format!("N{names}")
    };
    match ty {
        Type::Null => "\"null\"".into(),
        Type::Boolean => "\"boolean\"".into(),
        Type::Int => "\"int\"".into(),
        Type::Long => "\"long\"".into(),
        Type::Float => "\"float\"".into(),
        Type::Double => "\"double\"".into(),
        Type::Bytes => "\"bytes\"".into(),
        Type::Text => "\"string\"".into(),
        Type::Fixed(size) => format!(r#"{{"type": "fixed", "name": "{}", "size": {size}}}"#, name()),
        Type::Enum(count) => {
            let symbols: Vec<String> = (0..*count).map(|i| format!("\"s{i}\"")).collect();
            format!(r#"{{"type": "enum", "name": "{}", "symbols": [{}]}}"#, name(), symbols.join(","))
        }
        Type::Array(items) => format!(r#"{{"type": "array", "items": {}}}"#, json(items, names)),
        Type::Map(values) => format!(r#"{{"type": "map", "values": {}}}"#, json(values, names)),
        Type::Nullable(true, other) => format!(r#"["null", {}]"#, json(other, names)),
        Type::Nullable(false, other) => format!(r#"[{}, "null"]"#, json(other, names)),
        Type::Union(branches) => {
            format!("[{}]", branches.iter().map(|b| json(b, names)).collect::<Vec<_>>().join(","))
        }
        Type::Record(fields) => {
            let name = name();
            let fields: Vec<String> = fields
                .iter()
                .enumerate()
                .map(|(i, f)| format!(r#"{{"name": "f{i}", "type": {}}}"#, json(f, names)))
                .collect();
            format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(","))
        }
    }
}

/// A value as it should be decoded, and its encoding.
struct Encoder<'a> {
    /// Where the choices come from.
    choices: std::iter::Cycle<std::slice::Iter<'a, u64>>,
    out: Vec<u8>,
}

/// What a generic value should be, to the extent that it can be compared.
#[derive(Debug, PartialEq)]
enum Plain {
    Null,
    Boolean(bool),
    Long(i64),
    Float(u64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Plain>),
    Map(Vec<(String, Plain)>),
}

impl Encoder<'_> {
    fn choice(&mut self) -> u64 {
        *self.choices.next().unwrap()
    }

    fn long(&mut self, n: i64) {
        let mut n = ((n << 1) ^ (n >> 63)) as u64;
        while n >= 0x80 {
            self.out.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.out.push(n as u8);
    }

    fn prefixed(&mut self, bytes: &[u8]) {
        self.long(bytes.len() as i64);
        self.out.extend(bytes);
    }

    fn text(&mut self) -> String {
        let count = self.choice() % 80;
        let text: String = (0..count).map(|_| ['a', 'é', '中', '😀'][(self.choice() % 7).min(3) as usize]).collect();
        self.prefixed(text.as_bytes());
        text
    }

    /// Blocks of items, some with their size.
    fn blocks<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        for _ in 0..self.choice() % 3 {
            let count = (self.choice() % 3 + 1) as i64;
            let outside = std::mem::take(&mut self.out);
            items.extend((0..count).map(|_| item(self)));
            let block = std::mem::replace(&mut self.out, outside);
            if self.choice().is_multiple_of(2) {
                self.long(-count);
                self.long(block.len() as i64);
            } else {
                self.long(count);
            }
            self.out.extend(block);
        }
        self.out.push(0);
        items
    }

    fn encode(&mut self, ty: &Type) -> Plain {
        match ty {
            Type::Null => Plain::Null,
            Type::Boolean => {
                let b = self.choice() % 2 == 1;
                self.out.push(b.into());
                Plain::Boolean(b)
            }
            Type::Int => {
                let n = self.choice() as i32 >> (self.choice() % 32);
                self.long(n.into());
                Plain::Long(n.into())
            }
            Type::Long => {
                let n = self.choice() as i64 >> (self.choice() % 64);
                self.long(n);
                Plain::Long(n)
            }
            Type::Float => {
                let x = f32::from_bits(self.choice() as u32);
                self.out.extend(x.to_le_bytes());
                Plain::Float(f64::from(x).to_bits())
            }
            Type::Double => {
                let x = f64::from_bits(self.choice());
                self.out.extend(x.to_le_bytes());
                Plain::Float(x.to_bits())
            }
            Type::Bytes => {
                let bytes: Vec<u8> = (0..self.choice() % 70).map(|_| self.choice() as u8).collect();
                self.prefixed(&bytes);
                Plain::Bytes(bytes)
            }
            Type::Text => Plain::Text(self.text()),
            Type::Fixed(size) => {
                let bytes: Vec<u8> = (0..*size).map(|_| self.choice() as u8).collect();
                self.out.extend(&bytes);
                Plain::Bytes(bytes)
            }
            Type::Enum(count) => {
                let index = self.choice() % u64::from(*count);
                self.long(index as i64);
                Plain::Text(format!("s{index}"))
            }
            Type::Array(items) => Plain::List(self.blocks(|e| e.encode(items))),
            Type::Map(values) => Plain::Map(self.blocks(|e| (e.text(), e.encode(values)))),
            Type::Nullable(null_first, other) => {
                let null = self.choice().is_multiple_of(2);
                self.long((null != *null_first).into());
                if null { Plain::Null } else { self.encode(other) }
            }
            Type::Union(branches) => {
                let index = self.choice() as usize % branches.len();
                self.long(index as i64);
                self.encode(&branches[index])
            }
            Type::Record(fields) => Plain::List(fields.iter().map(|f| self.encode(f)).collect()),
        }
    }
}

fn plain(value: &Value<'_>) -> Plain {
    match value {
        Value::Null => Plain::Null,
        Value::Boolean(b) => Plain::Boolean(*b),
        Value::Int(n) => Plain::Long((*n).into()),
        Value::Long(n) => Plain::Long(*n),
        Value::Float(x) => Plain::Float(f64::from(*x).to_bits()),
        Value::Double(x) => Plain::Float(x.to_bits()),
        Value::Bytes(b) | Value::Fixed(b) => Plain::Bytes(b.to_vec()),
        Value::String(s) => Plain::Text(s.to_string()),
        Value::Enum(symbol) => Plain::Text(symbol.as_str().into()),
        Value::Array(items) => Plain::List(items.iter().map(plain).collect()),
        Value::Map(entries) => Plain::Map(entries.iter().map(|(k, v)| (k.to_string(), plain(v))).collect()),
        Value::Record(record) => Plain::List(record.fields().map(|(_, v)| plain(v)).collect()),
    }
}

#[derive(AvroRead, Debug)]
struct Around {
    before: i64,
    after: i64,
}

fn around(inner: &str) -> String {
    format!(
        r#"{{"type": "record", "name": "Around", "fields": [{{"name": "before", "type": "long"}},
            {{"name": "skipped", "type": {inner}}}, {{"name": "after", "type": "long"}}]}}"#
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn encoded_values_decode_to_themselves(ty in types(), choices in vec(any::<u64>(), 1..60)) {
        let mut encoder = Encoder { choices: choices.iter().cycle(), out: Vec::new() };
        let expected = encoder.encode(&ty);
        let datum = encoder.out;
        let schema = json(&ty, &mut 0);
        let writer = Schema::parse(&schema).unwrap();

        let plan = Plan::<Value<'static>>::compile(&writer, &Limits::default()).unwrap();
        prop_assert_eq!(plain(&plan.decode(&datum).unwrap()), expected);

        // The same schema, parsed separately, as the reader changes nothing.
        let same = Plan::<Value<'static>>::compile_with_reader(&writer, &Schema::parse(&schema).unwrap(), &Limits::default());
        prop_assert_eq!(plain(&same.unwrap().decode(&datum).unwrap()), plain(&plan.decode(&datum).unwrap()));

        // Skipping takes exactly its bytes.
        let mut wrapped = vec![0x05];
        wrapped.extend(&datum);
        wrapped.push(0x07);
        let skipping = Plan::<Around>::compile(&Schema::parse(&around(&schema)).unwrap(), &Limits::default()).unwrap();
        let Around { before, after } = skipping.decode(&wrapped).unwrap();
        prop_assert_eq!((before, after), (-3, -4));

        // Cut short, it does not decode.
        if !datum.is_empty() {
            prop_assert!(plan.decode(&datum[..datum.len() - 1]).is_err());
        }
    }

    #[test]
    fn no_bytes_make_a_plan_panic(ty in types(), datum in vec(any::<u8>(), 0..200)) {
        let schema = json(&ty, &mut 0);
        let plan = Plan::<Value<'static>>::compile(&Schema::parse(&schema).unwrap(), &Limits::default()).unwrap();
        let decoded = plan.decode(&datum).is_ok();
        let skipping = Plan::<Around>::compile(&Schema::parse(&around(&schema)).unwrap(), &Limits::default()).unwrap();
        let mut wrapped = vec![0x05];
        wrapped.extend(&datum);
        wrapped.push(0x07);
        // Skipping checks less: it accepts everything that decodes, and more.
        let skipped = skipping.decode(&wrapped).is_ok();
        prop_assert!(skipped || !decoded);
    }

    #[test]
    fn a_schema_is_parsed_or_refused(text in r#"[\[\]{}":,a-z0-9 ]{0,60}"#) {
        let _ = Schema::parse(&text);
    }
}
