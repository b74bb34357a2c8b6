//! Logical types become Rust's.

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
fn bytes_without_scale_are_no_decimal() {
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
fn a_plain_number_is_no_timestamp() {
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
