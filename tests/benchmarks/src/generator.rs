//! Events of 5.5 MB from a fixed seed: the same bytes on every machine.

use base64::{Engine, engine::general_purpose::STANDARD};

/// What a workload's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows of a table, in Debezium's envelope.
    Changes,
    /// Small events of users' profiles.
    Profiles,
}

/// An event and the schemas behind it.
pub struct Workload {
    /// What its records are.
    pub kind: Kind,
    /// The event's JSON.
    pub event: Vec<u8>,
    /// How many records it has.
    pub records: usize,
    /// Schema id and JSON of the keys.
    pub key_schema: (u32, String),
    /// Schema id and JSON of the values.
    pub value_schema: (u32, String),
}

/// Changes of the recorded accounts table, with two headers each.
pub fn accounts(bytes: usize) -> Workload {
    let schemas = include_str!("../../../events/recorded/postgres-accounts/schemas.json");
    let schemas: serde_json::Value = serde_json::from_str(schemas).unwrap();
    let schema = |id: &str| plain(schemas[id]["schema"].as_str().unwrap());
    let mut random = Random(1);
    let headers = [("__debezium.context.connectorName", "postgresql"), ("__debezium.context.taskId", "0")];
    let topic =
        Topic { topic: "cdc.postgres.public.accounts", headers: &headers, traced: false, ids: (100_001, 100_002) };
    let (event, records) = topic.event(bytes, &mut random, |random, key, value| {
        let id = random.uuid();
        key.text(&id);
        change(random, &id, value);
    });
    Workload {
        kind: Kind::Changes,
        event,
        records,
        key_schema: (100_001, schema("100001")),
        value_schema: (100_002, schema("100002")),
    }
}

/// Small events of users' profiles, with a trace header each, another one for each record.
pub fn users(bytes: usize) -> Workload {
    let mut random = Random(2);
    let topic = Topic { topic: "user.profile.updated", headers: &[], traced: true, ids: (1, 2) };
    let (event, records) = topic.event(bytes, &mut random, |random, key, value| {
        let id = random.uuid();
        key.text(&id);
        profile(random, &id, value);
    });
    Workload {
        kind: Kind::Profiles,
        event,
        records,
        key_schema: (1, include_str!("user-key.avsc").to_owned()),
        value_schema: (2, include_str!("user-profile-updated.avsc").to_owned()),
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
    ids: (u32, u32),
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
            let (mut key, mut value) = (Avro::framed(self.ids.0), Avro::framed(self.ids.1));
            record(random, &mut key, &mut value);
            let trace = self.traced.then(|| {
                let id = random.uuid().replace('-', "");
                ("traceparent", format!("00-{id}-{}-01", &id[..16]))
            });
            let traced = trace.iter().map(|(name, text)| (*name, text.as_str()));
            let headers: Vec<_> = self.headers.iter().copied().chain(traced).collect();
            let json = self.record(partition, partitions[partition].len(), count, &headers, &key.0, &value.0);
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
        headers: &[(&str, &str)],
        key: &[u8],
        value: &[u8],
    ) -> String {
        let header = |(name, text): &(&str, &str)| {
            let bytes: Vec<_> = text.bytes().map(|byte| (byte as i8).to_string()).collect();
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
struct Avro(Vec<u8>);

impl Avro {
    fn framed(schema: u32) -> Self {
        Self([[0].as_slice(), &schema.to_be_bytes()].concat())
    }

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
