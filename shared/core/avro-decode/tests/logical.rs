//! Logical types read as the matching Rust types.

#![allow(clippy::unwrap_used, missing_docs)]

use avro_decode::{AvroType, Decimal, DecimalBytes, Duration, Limits, Plan, ResolveError, Rule, Schema};
use jiff::{Timestamp, civil};
use uuid::Uuid;

fn plan<T: AvroType>(writer: &str) -> Result<Plan<T>, ResolveError> {
    Plan::compile(&Schema::parse(writer).unwrap(), &Limits::default())
}

fn logical(ty: &str, name: &str) -> String {
    format!(r#"{{"type": "{ty}", "logicalType": "{name}"}}"#)
}

const DECIMAL: &str = r#"{"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 2}"#;

#[test]
fn a_decimal_is_an_integer_with_a_scale() {
    let plan = plan::<Decimal>(DECIMAL).unwrap();
    for (bytes, unscaled, text) in [
        (&b"\x02\x00"[..], 0i128, "0.00"),
        (b"\x00", 0, "0.00"),
        (b"\x02\xff", -1, "-0.01"),
        (b"\x04\x30\x39", 12345, "123.45"),
        (b"\x06\xff\xff\x85", -123, "-1.23"),
        (b"\x12\x00\x80\x00\x00\x00\x00\x00\x00\x00", 1 << 63, "92233720368547758.08"),
        (b"\x10\x80\x00\x00\x00\x00\x00\x00\x00", i64::MIN.into(), "-92233720368547758.08"),
    ] {
        let decimal = plan.decode(bytes).unwrap();
        assert_eq!(decimal, Decimal { unscaled, scale: 2 });
        assert_eq!(decimal.to_string(), text);
    }
    let mut widest = vec![0x26, 0xff, 0xff, 0xff, 0x80];
    widest.extend([0; 15]);
    assert_eq!(plan.decode(&widest).unwrap().unscaled, i128::MIN);
}

#[test]
fn a_decimal_beyond_128_bits_is_an_error_or_its_bytes() {
    let mut wide = vec![0x22, 0x01];
    wide.extend([0; 16]);
    assert_eq!(plan::<Decimal>(DECIMAL).unwrap().decode(&wide).unwrap_err().code(), "avro_decimal_overflow");
    let bytes = plan::<DecimalBytes<'static>>(DECIMAL).unwrap();
    let decimal = bytes.decode(&wide).unwrap();
    assert_eq!((decimal.unscaled, decimal.scale, decimal.to_decimal()), (&wide[1..], 2, None));
    // A positive number whose first bit of 128 is set is not the negative one.
    let mut positive = vec![0x22, 0x00, 0x80];
    positive.extend([0; 15]);
    assert_eq!(bytes.decode(&positive).unwrap().to_decimal(), None);
}

#[test]
fn a_decimal_may_be_fixed() {
    let fixed = r#"{"type": "fixed", "name": "D", "size": 2, "logicalType": "decimal", "precision": 4, "scale": 1}"#;
    assert_eq!(plan::<Decimal>(fixed).unwrap().decode(b"\xff\xfe").unwrap(), Decimal { unscaled: -2, scale: 1 });
}

#[test]
fn bytes_without_a_scale_do_not_read_as_a_decimal() {
    let error = plan::<Decimal>(r#""bytes""#).unwrap_err();
    assert_eq!(error.rule(), Rule::TypeMismatch);
    assert_eq!(plan::<&'static [u8]>(DECIMAL).unwrap().decode(b"\x02\x07").unwrap(), b"\x07");
}

#[test]
fn timestamps_have_the_unit_of_their_logical_type() {
    for (name, long, text) in [
        ("timestamp-millis", &b"\x03"[..], "1969-12-31T23:59:59.998Z"),
        ("timestamp-micros", b"\x03", "1969-12-31T23:59:59.999998Z"),
        ("timestamp-nanos", b"\x04", "1970-01-01T00:00:00.000000002Z"),
    ] {
        let decoded = plan::<Timestamp>(&logical("long", name)).unwrap().decode(long).unwrap();
        assert_eq!(decoded, text.parse::<Timestamp>().unwrap());
        assert_eq!(plan::<i64>(&logical("long", name)).unwrap().decode(b"\x04").unwrap(), 2);
        let local = plan::<civil::DateTime>(&logical("long", &format!("local-{name}"))).unwrap().decode(long).unwrap();
        assert_eq!(local, text.trim_end_matches('Z').parse::<civil::DateTime>().unwrap());
    }
    let far = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    let error = plan::<Timestamp>(&logical("long", "timestamp-millis")).unwrap().decode(far).unwrap_err();
    assert_eq!(error.code(), "avro_temporal_range");
}

#[test]
fn a_plain_number_does_not_read_as_a_timestamp() {
    let error = plan::<Timestamp>(r#""long""#).unwrap_err();
    assert!(error.to_string().contains("write `i64`"), "{error}");
    assert!(plan::<Timestamp>(&logical("long", "local-timestamp-millis")).is_err());
    assert!(plan::<civil::DateTime>(&logical("long", "timestamp-millis")).is_err());
}

#[test]
fn dates_count_days_and_times_count_from_midnight() {
    let date = plan::<civil::Date>(&logical("int", "date")).unwrap();
    assert_eq!(date.decode(b"\x01").unwrap(), civil::date(1969, 12, 31));
    assert_eq!(date.decode(b"\xce\xb6\x02").unwrap(), civil::date(2024, 6, 5));
    assert_eq!(date.decode(b"\xfe\xff\xff\xff\x0f").unwrap_err().code(), "avro_temporal_range");
    let millis = plan::<civil::Time>(&logical("int", "time-millis")).unwrap();
    assert_eq!(millis.decode(b"\xfe\xef\xb2\x52").unwrap(), civil::time(23, 59, 59, 999_000_000));
    assert_eq!(millis.decode(b"\x80\xf0\xb2\x52").unwrap_err().code(), "avro_temporal_range");
    assert_eq!(millis.decode(b"\x01").unwrap_err().code(), "avro_temporal_range");
    let micros = plan::<civil::Time>(&logical("long", "time-micros")).unwrap();
    assert_eq!(micros.decode(b"\x02").unwrap(), civil::time(0, 0, 0, 1_000));
}

/// As a zigzag varint.
fn long(n: i64) -> Vec<u8> {
    let mut zigzag = ((n << 1) ^ (n >> 63)) as u64;
    let mut bytes = Vec::new();
    while zigzag >= 0x80 {
        bytes.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    bytes.push(zigzag as u8);
    bytes
}

#[test]
fn dates_and_local_timestamps_cover_the_whole_calendar() {
    let dates = plan::<civil::Date>(&logical("int", "date")).unwrap();
    for (days, date) in [
        (2_932_896, civil::Date::MAX),
        (2_932_895, civil::date(9999, 12, 30)),
        (-4_371_587, civil::Date::MIN),
        (-719_528, civil::date(0, 1, 1)),
        (-719_529, civil::date(-1, 12, 31)),
    ] {
        assert_eq!(dates.decode(&long(days)).unwrap(), date);
    }
    for beyond in [2_932_897, -4_371_588, i64::from(i32::MAX), i64::from(i32::MIN)] {
        assert_eq!(dates.decode(&long(beyond)).unwrap_err().code(), "avro_temporal_range");
    }
    for (unit, a_second, a_day) in [("millis", 1_000, 86_400_000i64), ("micros", 1_000_000, 86_400_000_000)] {
        let plan = plan::<civil::DateTime>(&logical("long", &format!("local-timestamp-{unit}"))).unwrap();
        let last = plan.decode(&long(2_932_897 * a_day - a_second)).unwrap();
        assert_eq!(last, civil::Date::MAX.at(23, 59, 59, 0));
        assert_eq!(plan.decode(&long(-4_371_587 * a_day)).unwrap(), civil::DateTime::MIN);
        for beyond in [2_932_897 * a_day, -4_371_587 * a_day - 1, i64::MAX, i64::MIN] {
            assert_eq!(plan.decode(&long(beyond)).unwrap_err().code(), "avro_temporal_range");
        }
    }
    let nanos = plan::<civil::DateTime>(&logical("long", "local-timestamp-nanos")).unwrap();
    for (value, text) in [(i64::MAX, "2262-04-11T23:47:16.854775807"), (i64::MIN, "1677-09-21T00:12:43.145224192")] {
        assert_eq!(nanos.decode(&long(value)).unwrap().to_string(), text);
    }
}

/// An instant must have a calendar date in every time zone, so instants end before the calendar does.
#[test]
fn instants_reach_as_far_as_their_type() {
    let plan = plan::<Timestamp>(&logical("long", "timestamp-millis")).unwrap();
    let (first, last) = (-377_705_023_201_000, 253_402_207_200_000);
    assert_eq!(plan.decode(&long(first)).unwrap().to_string(), "-009999-01-02T01:59:59Z");
    assert_eq!(plan.decode(&long(last)).unwrap().to_string(), "9999-12-30T22:00:00Z");
    for beyond in [first - 1, last + 1] {
        assert_eq!(plan.decode(&long(beyond)).unwrap_err().code(), "avro_temporal_range");
    }
}

/// As Confluent's converter writes a column.
fn connect_decimal(precision: i64, scale: i64) -> String {
    format!(
        r#"{{"type": "bytes", "scale": {scale}, "precision": {precision}, "connect.version": 1,
            "connect.parameters": {{"scale": "{scale}", "connect.decimal.precision": "{precision}"}},
            "connect.name": "org.apache.kafka.connect.data.Decimal", "logicalType": "decimal"}}"#
    )
}

#[test]
fn a_decimal_that_the_specification_ignores_has_kafka_connects_scale() {
    for (precision, scale, text) in [(3, 5, "0.00005"), (64, 127, ""), (2, -3, "5000"), (0, 2, "0.05"), (38, 2, "0.05")]
    {
        let schema = connect_decimal(precision, scale);
        let decimal = plan::<Option<Decimal>>(&format!(r#"["null", {schema}]"#)).unwrap();
        let read = decimal.decode(b"\x02\x02\x05").unwrap().unwrap();
        if text.is_empty() {
            assert_eq!(read, Decimal { unscaled: 5, scale: 127 });
        } else {
            assert_eq!(read.to_string(), text, "numeric({precision}, {scale})");
        }
        // By the specification these are plain bytes.
        assert_eq!(plan::<&'static [u8]>(&schema).unwrap().decode(b"\x02\x05").unwrap(), b"\x05");
    }
    let zeros = plan::<Decimal>(&connect_decimal(2, -37)).unwrap();
    assert_eq!(zeros.decode(b"\x02\x01").unwrap().to_string(), format!("1{}", "0".repeat(37)));
    assert_eq!(zeros.decode(b"\x02\xff").unwrap().to_string(), format!("-1{}", "0".repeat(37)));
    let beyond = plan::<Decimal>(&connect_decimal(2, -39)).unwrap();
    assert_eq!(beyond.decode(b"\x02\x01").unwrap_err().code(), "avro_decimal_overflow");
    assert_eq!(beyond.decode(b"\x00").unwrap().unscaled, 0);
    assert!(plan::<DecimalBytes<'static>>(&connect_decimal(2, -3)).is_err());
}

#[test]
fn a_decimal_of_unknown_scale_is_refused_with_its_field() {
    #[derive(Debug, avro_decode::AvroRead)]
    #[allow(dead_code)]
    struct Row {
        price: Option<Decimal>,
    }
    for decimal in [
        r#"{"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 5}"#,
        r#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": -3}"#,
        r#"{"type": "bytes", "logicalType": "decimal", "scale": 2, "connect.parameters": {"scale": "2"}}"#,
    ] {
        let error = plan::<Row>(&format!(
            r#"{{"type": "record", "name": "V", "fields": [{{"name": "price", "type": ["null", {decimal}]}}]}}"#
        ))
        .unwrap_err();
        assert_eq!(error.reader_path(), "Row.price");
        let problem = "Decimal cannot read bytes (a decimal whose precision and scale do not fit)";
        assert_eq!((error.problem(), error.rule()), (problem, Rule::LogicalType));
        assert!(error.remedy().starts_with("write `&[u8]`"), "{error}");
    }
}

#[test]
fn a_uuid_is_text_or_16_bytes() {
    let uuid: Uuid = "6f4f3e7e-5f6a-4a49-a7a5-0e2a3a0f0f01".parse().unwrap();
    let mut text = vec![72];
    text.extend(uuid.to_string().as_bytes());
    assert_eq!(plan::<Uuid>(&logical("string", "uuid")).unwrap().decode(&text).unwrap(), uuid);
    assert_eq!(plan::<Uuid>(r#""string""#).unwrap().decode(&text).unwrap(), uuid);
    assert_eq!(plan::<Uuid>(r#""string""#).unwrap().decode(b"\x04no").unwrap_err().code(), "avro_invalid_uuid");
    let fixed = r#"{"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}"#;
    assert_eq!(plan::<Uuid>(fixed).unwrap().decode(uuid.as_bytes()).unwrap(), uuid);
    assert!(plan::<Uuid>(r#"{"type": "fixed", "name": "U", "size": 16}"#).is_err());
}

#[test]
fn a_duration_is_three_counts() {
    let fixed = r#"{"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}"#;
    let decoded = plan::<Duration>(fixed).unwrap().decode(b"\x01\0\0\0\x02\0\0\0\xff\xff\xff\xff").unwrap();
    assert_eq!(decoded, Duration { months: 1, days: 2, millis: u32::MAX });
}

#[test]
fn a_fixed_is_an_array_of_its_size() {
    let fixed = r#"{"type": "fixed", "name": "F", "size": 3}"#;
    assert_eq!(plan::<[u8; 3]>(fixed).unwrap().decode(b"abc").unwrap(), *b"abc");
    assert_eq!(plan::<&'static [u8; 3]>(fixed).unwrap().decode(b"abc").unwrap(), b"abc");
    assert_eq!(plan::<&'static [u8]>(fixed).unwrap().decode(b"abc").unwrap(), b"abc");
    assert_eq!(plan::<Vec<u8>>(fixed).unwrap().decode(b"abc").unwrap(), b"abc");
    let error = plan::<[u8; 4]>(fixed).unwrap_err();
    assert!(error.remedy().contains("[u8; 3]"), "{error}");
}
