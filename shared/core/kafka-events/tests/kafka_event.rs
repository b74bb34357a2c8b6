//! Every event that `KafkaEvent` of aws_lambda_events accepts, the scanner accepts with the same content.
//!
//! Three deliberate differences: an event without `records` is an error here (a success would commit the records that it
//! should have contained), a partition must fit Kafka's 32 bits, and a topic-partition that occurs twice keeps both parts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashMap;

use aws_lambda_events::event::kafka::{KafkaEvent, KafkaRecord};
use kafka_events::{Entry, Event, Record, TimestampType};
use proptest::prelude::*;

/// Compares when `KafkaEvent` accepts `body`; returns whether it did.
fn agrees(body: &[u8]) -> Result<bool, TestCaseError> {
    // It panics on a timestamp with a fraction.
    let theirs = std::panic::catch_unwind(|| serde_json::from_slice::<KafkaEvent>(body));
    let Ok(Ok(theirs)) = theirs else {
        let _ = Event::scan(body); // must return, whatever it says
        return Ok(false);
    };
    if theirs.records.values().flatten().any(|record| i32::try_from(record.partition).is_err()) {
        return Ok(false);
    }
    let ours = match Event::scan(body) {
        Err(error) if error.code() == "event_without_records" && theirs.records.is_empty() => return Ok(false),
        ours => ours.map_err(|error| TestCaseError::fail(error.to_string()))?,
    };
    if ours.partitions.len() != theirs.records.len()
        || ours
            .partitions
            .iter()
            .any(|partition| theirs.records.get(partition.name.as_ref()).map(Vec::len) != Some(partition.records.len()))
    {
        return Ok(false); // a topic-partition given twice
    }
    prop_assert_eq!(theirs.event_source.as_deref().unwrap_or_default(), ours.source.as_str());
    prop_assert_eq!(theirs.event_source_arn.as_deref(), ours.source_arn.as_deref());
    prop_assert_eq!(theirs.bootstrap_servers.as_deref(), ours.bootstrap_servers.as_deref());
    for partition in &ours.partitions {
        for (theirs, ours) in theirs.records[partition.name.as_ref()].iter().zip(&partition.records) {
            match ours {
                Entry::Record(ours) => same_record(theirs, ours)?,
                Entry::Malformed(malformed) => return Err(TestCaseError::fail(malformed.error.to_string())),
            }
        }
    }
    Ok(true)
}

fn same_record(theirs: &KafkaRecord, ours: &Record<'_>) -> Result<(), TestCaseError> {
    if let Some(topic) = &theirs.topic {
        prop_assert_eq!(topic, &ours.topic);
    }
    prop_assert_eq!((theirs.partition, theirs.offset), (i64::from(ours.partition), ours.offset));
    // It goes through floating point and often lands a millisecond early.
    let early = ours.timestamp - theirs.timestamp.timestamp_millis();
    prop_assert!((0..=1).contains(&early), "{} for {}", ours.timestamp, theirs.timestamp.timestamp_millis());
    let clock = match theirs.timestamp_type.as_deref() {
        Some("CREATE_TIME") => TimestampType::CreateTime,
        Some("LOG_APPEND_TIME") => TimestampType::LogAppendTime,
        _ => TimestampType::Unknown,
    };
    prop_assert_eq!(clock, ours.timestamp_type);
    let (key, value) = (ours.key.map(|key| key.raw()), ours.value.map(|value| value.raw()));
    prop_assert_eq!(theirs.key.as_deref(), key.as_deref());
    prop_assert_eq!(theirs.value.as_deref(), value.as_deref());
    let mut headers = Vec::new();
    for header in ours.headers.iter() {
        let header = header.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let value = header.value.ok_or_else(|| TestCaseError::fail("a null where there was none"))?;
        headers.push((header.name.into_owned(), value.into_iter().map(|byte| byte as i8).collect::<Vec<_>>()));
    }
    // Their map keeps one header of a name in an object, ours keeps all.
    let as_many = theirs.headers.iter().map(HashMap::len).sum::<usize>() == headers.len();
    let mut rest = headers.as_slice();
    for theirs in &theirs.headers {
        let (these, others) = if as_many { rest.split_at(theirs.len()) } else { (rest, rest) };
        rest = others;
        for (name, value) in theirs {
            prop_assert!(these.iter().any(|header| header.0 == *name && header.1 == *value), "{} is missing", name);
        }
    }
    Ok(())
}

type Write = Box<dyn Fn(&mut Writer)>;

/// Writes events in as many spellings as JSON has.
struct Writer {
    random: fastrand::Rng,
    /// As AWS spells them: its order, no white space, no needless escapes.
    plain: bool,
    out: String,
}

impl Writer {
    fn event(seed: u64) -> String {
        let mut writer =
            Writer { random: fastrand::Rng::with_seed(seed), plain: seed.is_multiple_of(2), out: String::new() };
        let partitions = writer.random.usize(0..4);
        let mut members: Vec<(&str, Write)> = vec![(
            "records",
            Box::new(move |w: &mut Writer| {
                w.object(
                    (0..partitions)
                        .map(|partition| {
                            (format!("topic é{partition}-{partition}"), Writer::partition as fn(&mut Writer))
                        })
                        .collect(),
                );
            }),
        )];
        let texts =
            ["aws:kafka", "SelfManagedKafka", "arn:aws:kafka:eu-west-1:1:cluster/x", "b-1:9098,b-2:9098", "ü\"\\"];
        for name in ["eventSource", "eventSourceArn", "bootstrapServers"] {
            let text = texts[writer.random.usize(..texts.len())];
            match writer.random.u8(0..8) {
                0 => {}
                1 => members.push((name, Box::new(|w: &mut Writer| w.out.push_str("null")))),
                _ => members.push((name, Box::new(move |w: &mut Writer| w.text(text)))),
            }
        }
        if writer.random.bool() {
            members.push(("unknown", Box::new(Writer::anything)));
        }
        writer.random.shuffle(&mut members);
        writer.object(members);
        writer.space();
        writer.out
    }

    fn partition(&mut self) {
        let records = self.random.usize(0..5);
        self.array(records, Writer::record);
    }

    fn record(&mut self) {
        type Member = (&'static str, fn(&mut Writer));
        let mut members: Vec<Member> = vec![
            ("partition", |w| w.integer(i64::from(i32::MIN)..=i64::from(i32::MAX))),
            ("offset", |w| w.integer(i64::MIN..=i64::MAX)),
            ("timestamp", |w| match w.random.u8(0..8) {
                0 => w.out.push_str("\"1545084650987\""),
                1 => w.out.push_str("1545084650987.0"),
                _ => w.integer(0..=4_000_000_000_000),
            }),
            ("headers", |w| {
                let count = w.random.usize(0..4);
                w.array(count, Writer::header);
            }),
        ];
        let optional: [Member; 7] = [
            ("topic", |w| {
                let topic = ["orders ☃\n", "orders", "orders ☃"][w.random.usize(..3)];
                w.nullable(topic)
            }),
            ("timestampType", |w| {
                let clock = w.random.usize(..3);
                w.nullable(["CREATE_TIME", "LOG_APPEND_TIME", "NO_TIME"][clock])
            }),
            ("key", |w| w.nullable("AAABhqFIZDI5OTkzMjktOTA4Ni00MTFi/+8=")),
            ("value", |w| {
                let value = ["not base64: \"quoted\" \\ ", "AAABhqI/", ""][w.random.usize(..3)];
                w.nullable(value)
            }),
            ("keySchemaMetadata", Writer::anything),
            ("unknown", Writer::anything),
            ("key ", Writer::anything),
        ];
        for member in optional {
            if self.random.u8(0..4) != 0 {
                members.push(member);
            }
        }
        self.random.shuffle(&mut members);
        if self.plain {
            const ORDER: [&str; 8] =
                ["topic", "partition", "offset", "timestamp", "timestampType", "key", "value", "headers"];
            members.retain(|(name, _)| ORDER.contains(name));
            members.sort_by_key(|(name, _)| ORDER.iter().position(|known| known == name));
        }
        self.object(members);
    }

    fn header(&mut self) {
        let members = if self.plain { 1 } else { usize::from(self.random.u8(0..3)) };
        let name = |w: &mut Writer| ["a", "trace id", "x\u{1F388}"][usize::from(w.random.u8(..3))];
        let names: Vec<_> = (0..members).map(|_| name(self)).collect();
        self.object(names.into_iter().map(|name| (name, Writer::bytes as fn(&mut Writer))).collect());
    }

    fn bytes(&mut self) {
        let count = self.random.usize(0..6);
        self.array(count, |w| w.integer(-128..=127));
    }

    fn anything(&mut self) {
        match self.random.u8(0..6) {
            0 => self.out.push_str("-1.5e-7"),
            1 => self.out.push_str("true"),
            2 => self.text("]}\"{[\\"),
            3 => self.array(2, Writer::anything),
            4 => self.object(vec![("]", Writer::anything as fn(&mut Writer))]),
            _ => self.out.push_str("null"),
        }
    }

    fn nullable(&mut self, text: &str) {
        if self.random.u8(0..5) == 0 { self.out.push_str("null") } else { self.text(text) }
    }

    fn integer(&mut self, range: std::ops::RangeInclusive<i64>) {
        let edges = [*range.start(), *range.end(), 0_i64.clamp(*range.start(), *range.end())];
        let number = if self.random.bool() { edges[self.random.usize(..3)] } else { self.random.i64(range) };
        self.out.push_str(&number.to_string());
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.out.extend(['\\', character]),
                '\n' => self.out.push_str("\\n"),
                '/' if !self.plain && self.random.bool() => self.out.push_str("\\/"),
                _ if !self.plain && self.random.u8(0..40) == 0 => {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    fn object<N: AsRef<str>, W: Fn(&mut Writer)>(&mut self, members: Vec<(N, W)>) {
        self.out.push('{');
        for (index, (name, write)) in members.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.space();
            self.text(name.as_ref());
            self.space();
            self.out.push(':');
            self.space();
            write(self);
            self.space();
        }
        self.space();
        self.out.push('}');
    }

    fn array(&mut self, count: usize, write: fn(&mut Writer)) {
        self.out.push('[');
        for index in 0..count {
            if index > 0 {
                self.out.push(',');
            }
            self.space();
            write(self);
            self.space();
        }
        self.out.push(']');
    }

    fn space(&mut self) {
        while !self.plain && self.random.u8(0..6) == 0 {
            self.out.push([' ', '\n', '\t', '\r'][usize::from(self.random.u8(..4))]);
        }
    }
}

type Change = (prop::sample::Index, u8, u8);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..4)
}

fn changed(body: String, changes: Vec<Change>) -> Vec<u8> {
    let mut body = body.into_bytes();
    for (place, byte, how) in changes {
        let place = place.index(body.len());
        match how {
            0 => body[place] = byte,
            1 => {
                body.remove(place);
            }
            _ => body.insert(place, b"{}[]\",:\\0-"[usize::from(byte) % 10]),
        }
    }
    body
}

/// Everything about an event's records but their places.
fn shown(body: &str) -> Result<Vec<String>, &'static str> {
    let event = Event::scan(body.as_bytes()).map_err(|error| error.code())?;
    let shown = |entry: &Entry<'_>| match entry {
        Entry::Record(record) => {
            let texts = [record.key, record.value].map(|encoded| encoded.map(|encoded| encoded.raw()));
            let headers = String::from_utf8_lossy(record.headers.raw());
            let numbers = (record.partition, record.offset, record.timestamp, record.timestamp_type);
            format!("{} {numbers:?} {texts:?} {headers}", record.topic)
        }
        Entry::Malformed(malformed) => format!("{} {:?}", malformed.error.code(), malformed.offset),
    };
    // Where a quote is missing, one record may have swallowed another with its brace.
    let joined = |text: String| text.replace("{ \"topic", "{\"topic").replace("{ \\\"topic", "{\\\"topic");
    Ok(event.partitions.iter().flat_map(|partition| &partition.records).map(shown).map(joined).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_spelling_of_an_event_has_the_content_that_kafka_event_reads(seed: u64) {
        let body = Writer::event(seed);
        prop_assert!(serde_json::from_str::<KafkaEvent>(&body).is_ok(), "the writer wrote no event: {}", body);
        prop_assert!(agrees(body.as_bytes())?, "not compared: {}", body);
    }

    #[test]
    fn a_changed_event_is_accepted_wherever_kafka_event_accepts_it(
        seed: u64,
        changes in changes(),
    ) {
        agrees(&changed(Writer::event(seed), changes))?;
    }

    /// A space after the brace is enough to leave the fast path.
    #[test]
    fn a_record_reads_the_same_on_the_fast_and_the_general_path(seed: u64, changes in changes()) {
        let body = String::from_utf8_lossy(&changed(Writer::event(seed & !1), changes)).into_owned();
        let spaced = body.replace("{\"topic\"", "{ \"topic\"");
        prop_assert_eq!(shown(&body), shown(&spaced));
    }
}
