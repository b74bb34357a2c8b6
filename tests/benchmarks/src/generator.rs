//! Events of any size from a fixed seed: the same bytes on every machine.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use schema_registry::{SchemaId, SchemaRef};
use uuid::Uuid;

/// What a workload's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows of a table, in Debezium's envelope.
    Changes,
    /// Small events of users' profiles.
    Profiles,
}

/// How a workload's records name their schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Confluent's frame: an id before each body.
    Prefix,
    /// A GUID in a header for each side, and the bodies bare.
    Header,
    /// The frame of AWS Glue: keys plain, values compressed.
    GlueZlib,
}

/// An event and the schemas behind it.
pub struct Workload {
    /// What its records are.
    pub kind: Kind,
    /// How they name their schemas.
    pub framing: Framing,
    /// The event's JSON.
    pub event: Vec<u8>,
    /// How many records it has.
    pub records: usize,
    /// Name and JSON of the keys' schema.
    pub key_schema: (SchemaRef, String),
    /// Name and JSON of the values' schema.
    pub value_schema: (SchemaRef, String),
}

/// Changes of the recorded accounts table, with two headers each.
pub fn accounts(bytes: usize, framing: Framing) -> Workload {
    let recorded = include_str!("../../../events/recorded/postgres-accounts/schemas.json");
    let recorded: serde_json::Value = serde_json::from_str(recorded).unwrap();
    let schema = |id: &str| plain(recorded[id]["schema"].as_str().unwrap());
    let mut random = Random(1);
    let headers = [("__debezium.context.connectorName", "postgresql"), ("__debezium.context.taskId", "0")];
    let schemas = Schemas { framing, ids: (100_001, 100_002) };
    let topic = Topic { topic: "cdc.postgres.public.accounts", headers: &headers, traced: false, schemas };
    let (event, records) = topic.event(bytes, &mut random, |random, key, value| {
        let id = random.uuid();
        key.text(&id);
        change(random, &id, value);
    });
    Workload {
        kind: Kind::Changes,
        framing,
        event,
        records,
        key_schema: (schemas.key(), schema("100001")),
        value_schema: (schemas.value(), schema("100002")),
    }
}

/// Small events of users' profiles, with a trace header each, another one for each record.
pub fn users(bytes: usize, framing: Framing) -> Workload {
    let mut random = Random(2);
    let schemas = Schemas { framing, ids: (1, 2) };
    let topic = Topic { topic: "user.profile.updated", headers: &[], traced: true, schemas };
    let (event, records) = topic.event(bytes, &mut random, |random, key, value| {
        let id = random.uuid();
        key.text(&id);
        profile(random, &id, value);
    });
    Workload {
        kind: Kind::Profiles,
        framing,
        event,
        records,
        key_schema: (schemas.key(), include_str!("user-key.avsc").to_owned()),
        value_schema: (schemas.value(), include_str!("user-profile-updated.avsc").to_owned()),
    }
}

/// Logical types make libraries convert to types of their own, which is not what is compared here.
fn plain(schema: &str) -> String {
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(members) => {
                members.remove("logicalType");
                members.values_mut().for_each(strip);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value: serde_json::Value = serde_json::from_str(schema).unwrap();
    strip(&mut value);
    value.to_string()
}

struct Topic<'a> {
    topic: &'a str,
    headers: &'a [(&'a str, &'a str)],
    /// Whether each record has a trace of its own in a header besides those.
    traced: bool,
    schemas: Schemas,
}

/// A key and a value in their frames, and the headers that name their schemas.
struct Framed {
    key: Vec<u8>,
    value: Vec<u8>,
    ids: Vec<(&'static str, Vec<u8>)>,
}

/// The schemas of a topic's keys and values, by number, and how its records name them.
#[derive(Clone, Copy)]
struct Schemas {
    framing: Framing,
    ids: (u32, u32),
}

impl Schemas {
    fn key(self) -> SchemaRef {
        self.named(self.ids.0)
    }

    fn value(self) -> SchemaRef {
        self.named(self.ids.1)
    }

    fn named(self, id: u32) -> SchemaRef {
        match self.framing {
            Framing::Prefix => SchemaRef::Id(SchemaId(id)),
            Framing::Header => SchemaRef::Guid(uuid(id)),
            Framing::GlueZlib => SchemaRef::GlueVersion(uuid(id)),
        }
    }

    fn framed(self, key: Vec<u8>, value: Vec<u8>) -> Framed {
        let (key_id, value_id) = self.ids;
        let before = |frame: &[u8], body: &[u8]| [frame, body].concat();
        match self.framing {
            Framing::Prefix => {
                let frame = |id: u32| before(&[0], &id.to_be_bytes());
                Framed { key: before(&frame(key_id), &key), value: before(&frame(value_id), &value), ids: Vec::new() }
            }
            Framing::Header => {
                let id = |id| before(&[1], uuid(id).as_bytes());
                let ids = vec![("__key_schema_id", id(key_id)), ("__value_schema_id", id(value_id))];
                Framed { key, value, ids }
            }
            Framing::GlueZlib => {
                let frame = |compression, id| before(&[3, compression], uuid(id).as_bytes());
                let (key, value) = (before(&frame(0, key_id), &key), before(&frame(5, value_id), &zlib(&value)));
                Framed { key, value, ids: Vec::new() }
            }
        }
    }
}

/// A UUID that stands for a schema's number.
fn uuid(id: u32) -> Uuid {
    Uuid::from_u128(0x6fdc_a7a3_0e10_4b1d_9d3f_0000_0000_0000 | u128::from(id))
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

impl Topic<'_> {
    const PARTITIONS: usize = 3;

    fn event(
        &self,
        bytes: usize,
        random: &mut Random,
        mut record: impl FnMut(&mut Random, &mut Avro, &mut Avro),
    ) -> (Vec<u8>, usize) {
        let mut partitions: Vec<Vec<String>> = vec![Vec::new(); Self::PARTITIONS];
        let (mut size, mut count) = (0, 0);
        while size < bytes {
            let partition = random.below(Self::PARTITIONS as u64) as usize;
            let (mut key, mut value) = (Avro::default(), Avro::default());
            record(random, &mut key, &mut value);
            let Framed { key, value, ids } = self.schemas.framed(key.0, value.0);
            let trace = self.traced.then(|| {
                let id = random.uuid().replace('-', "");
                ("traceparent", format!("00-{id}-{}-01", &id[..16]))
            });
            let traced = trace.iter().map(|(name, text)| (*name, text.as_bytes()));
            let own = self.headers.iter().map(|(name, text)| (*name, text.as_bytes()));
            let ids = ids.iter().map(|(name, id)| (*name, id.as_slice()));
            let headers: Vec<_> = own.chain(traced).chain(ids).collect();
            let json = self.record(partition, partitions[partition].len(), count, &headers, &key, &value);
            size += json.len() + 1;
            count += 1;
            partitions[partition].push(json);
        }
        let partitions =
            partitions.iter().enumerate().map(|(n, records)| format!("\"{}-{n}\":[{}]", self.topic, records.join(",")));
        let partitions: Vec<_> = partitions.collect();
        let event = format!(
            "{{\"eventSource\":\"aws:kafka\",\"eventSourceArn\":\"arn:aws:kafka:eu-west-1:123456789012:cluster/demo/5f0f2f6e\",\
             \"bootstrapServers\":\"b-1:9098,b-2:9098\",\"records\":{{{}}}}}",
            partitions.join(",")
        );
        (event.into_bytes(), count)
    }

    fn record(
        &self,
        partition: usize,
        offset: usize,
        n: usize,
        headers: &[(&str, &[u8])],
        key: &[u8],
        value: &[u8],
    ) -> String {
        let header = |(name, bytes): &(&str, &[u8])| {
            let bytes: Vec<_> = bytes.iter().map(|byte| (*byte as i8).to_string()).collect();
            format!("{{\"{name}\":[{}]}}", bytes.join(","))
        };
        let headers: Vec<_> = headers.iter().map(header).collect();
        format!(
            "{{\"topic\":\"{}\",\"partition\":{partition},\"offset\":{},\"timestamp\":{},\"timestampType\":\"CREATE_TIME\",\
             \"key\":\"{}\",\"value\":\"{}\",\"headers\":[{}]}}",
            self.topic,
            48_000 + offset,
            1_795_421_344_687 + n as u64,
            STANDARD.encode(key),
            STANDARD.encode(value),
            headers.join(",")
        )
    }
}

fn change(random: &mut Random, id: &str, out: &mut Avro) {
    let op = ["c", "c", "u", "u", "u", "r"][random.below(6) as usize];
    let now = 1_795_421_344_104 + random.below(100_000_000) as i64;
    out.long(0); // before
    out.long(1); // after
    account(random, id, out);
    for text in ["3.6.3.Final", "postgresql", "cdc.postgres"] {
        out.text(text);
    }
    out.long(now);
    out.some(0).text(if op == "r" { "true" } else { "false" });
    out.text("crm");
    out.some(1).text("[\"26722784\",\"26722840\"]");
    out.some(1).long(now * 1_000 + 104);
    out.some(1).long(now * 1_000_000 + 104_730);
    out.text("public");
    out.text("accounts");
    out.some(1).long(764 + random.below(10_000) as i64);
    out.some(1).long(26_722_784 + random.below(10_000_000) as i64);
    out.none(0).none(0).none(0);
    if random.below(2) == 0 {
        out.none(0);
    } else {
        out.some(1).text("764:26722784");
        out.long(1);
        out.long(1);
    }
    out.text(op);
    out.some(1).long(now + 300);
    out.some(1).long((now + 300) * 1_000 + 278);
    out.some(1).long((now + 300) * 1_000_000 + 278_835);
}

fn account(random: &mut Random, id: &str, out: &mut Avro) {
    let (first, last) = random.name();
    out.text(id);
    out.text(&format!("{}.{}{}@example.com", first.to_lowercase(), last.to_lowercase(), random.below(1_000)));
    out.text(&format!("{first} {last}"));
    out.some(0).text(["active", "suspended", "closed"][random.below(3) as usize]);
    out.some(1).text(["en-GB", "de-DE", "ja-JP", "sv-SE", "fr-FR"][random.below(5) as usize]);
    out.some(1).0.push(random.below(2) as u8);
    if random.below(3) == 0 {
        out.none(0);
    } else {
        out.some(1).bytes(&(random.below(10_000_000) as u32).to_be_bytes());
    }
    match random.below(3) {
        0 => out.none(0),
        1 => out.some(1).text("{}"),
        _ => out.some(1).text("{\"theme\": \"dark\", \"beta\": true}"),
    };
    match random.below(3) {
        0 => {
            out.none(0);
        }
        tags => {
            out.some(1).long(tags as i64);
            for _ in 0..tags {
                out.some(1).text(["wholesale", "vip", "newsletter"][random.below(3) as usize]);
            }
            out.long(0);
        }
    }
    out.some(1).text("2019-01-17T19:36:05.113000Z");
    out.some(1).long(1_746_558_082_357_157 + random.below(1_000_000_000) as i64);
    if random.below(2) == 0 {
        out.none(0);
    } else {
        out.some(1).long(random.below(20_000) as i64);
    }
    if random.below(4) == 0 {
        out.some(1).text("Grüße aus Köln, and a sentence or two more.")
    } else {
        out.none(0)
    };
}

fn profile(random: &mut Random, id: &str, out: &mut Avro) {
    let (first, last) = random.name();
    out.text(&random.uuid());
    out.text(id);
    out.long(1_795_421_344_104 + random.below(100_000_000) as i64);
    let changed = random.below(3) as i64 + 1;
    out.long(changed);
    for field in ["email", "full_name", "locale"].iter().take(changed as usize) {
        out.text(field);
    }
    out.long(0);
    out.some(1).text(&format!("{}.{}@example.com", first.to_lowercase(), last.to_lowercase()));
    out.some(1).text(&format!("{first} {last}"));
    if random.below(3) == 0 {
        out.none(0)
    } else {
        out.some(1).text("en-GB")
    };
    if random.below(3) == 0 {
        out.none(0)
    } else {
        out.some(1).text("GB")
    };
    if random.below(3) == 0 {
        out.none(0)
    } else {
        out.some(1).long(18 + random.below(70) as i64)
    };
    out.0.push(random.below(2) as u8);
    out.0.extend_from_slice(&(random.below(1_000) as f64 / 8.0).to_le_bytes());
}

/// Avro's binary encoding, as far as it is needed here.
#[derive(Default)]
struct Avro(Vec<u8>);

impl Avro {
    fn long(&mut self, value: i64) -> &mut Self {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest > 0x7f {
            self.0.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
        self
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.long(bytes.len() as i64).0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// The branch of a union that has a value.
    fn some(&mut self, branch: i64) -> &mut Self {
        self.long(branch)
    }

    /// The branch of a union that is null.
    fn none(&mut self, branch: i64) -> &mut Self {
        self.long(branch)
    }
}

/// SplitMix64, written out so that no library can change the bytes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn uuid(&mut self) -> String {
        let digits = format!("{:016x}{:016x}", self.next(), self.next());
        [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
    }

    fn name(&mut self) -> (&'static str, &'static str) {
        const FIRST: [&str; 8] = ["Zoë", "Minato", "Émile", "Anna", "Jan", "Priya", "Luis", "Wanjiru"];
        const LAST: [&str; 8] = ["Ångström", "Sakura", "Ørntoft", "Novak", "Smith", "Patel", "García", "Kamau"];
        (FIRST[self.below(8) as usize], LAST[self.below(8) as usize])
    }
}
