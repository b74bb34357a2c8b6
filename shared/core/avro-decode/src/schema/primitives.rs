//! Recognises primitive types and the logical types on them and on fixed.

use super::json::Json;
use super::logical::{Logical, Unit};
use super::types::Type;

/// The primitive type of this name, with its logical type if `attributes` give one.
pub(super) fn primitive(name: &str, attributes: Json<'_>) -> Option<Type> {
    let logical = || attributes.get("logicalType").and_then(Json::as_text);
    Some(match name {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "int" => Type::Int(match logical().as_deref() {
            Some("date") => Some(Logical::Date),
            Some("time-millis") => Some(Logical::Time(Unit::Millis)),
            _ => None,
        }),
        "long" => Type::Long(match logical().as_deref() {
            Some("time-micros") => Some(Logical::Time(Unit::Micros)),
            Some("timestamp-millis") => Some(Logical::Timestamp(Unit::Millis)),
            Some("timestamp-micros") => Some(Logical::Timestamp(Unit::Micros)),
            Some("timestamp-nanos") => Some(Logical::Timestamp(Unit::Nanos)),
            Some("local-timestamp-millis") => Some(Logical::LocalTimestamp(Unit::Millis)),
            Some("local-timestamp-micros") => Some(Logical::LocalTimestamp(Unit::Micros)),
            Some("local-timestamp-nanos") => Some(Logical::LocalTimestamp(Unit::Nanos)),
            _ => None,
        }),
        "float" => Type::Float,
        "double" => Type::Double,
        "bytes" => Type::Bytes((logical().as_deref() == Some("decimal")).then(|| decimal(attributes, None))),
        "string" => Type::String((logical().as_deref() == Some("uuid")).then_some(Logical::Uuid)),
        _ => return None,
    })
}

/// The logical type of a fixed.
pub(super) fn of_fixed(attributes: Json<'_>, size: u32) -> Option<Logical> {
    match attributes.get("logicalType").and_then(Json::as_text).as_deref() {
        Some("uuid") if size == 16 => Some(Logical::Uuid),
        Some("duration") if size == 12 => Some(Logical::Duration),
        Some("decimal") => Some(decimal(attributes, Some(size))),
        _ => None,
    }
}

fn decimal(attributes: Json<'_>, size: Option<u32>) -> Logical {
    regular_decimal(attributes, size).unwrap_or_else(|| Logical::OddDecimal { scale: connect_scale(attributes) })
}

/// "Scale must be zero or a positive integer less than or equal to the precision", and the precision one that the bytes
/// can hold (specification, "Decimal").
fn regular_decimal(attributes: Json<'_>, size: Option<u32>) -> Option<Logical> {
    let number = |key: &str| attributes.get(key);
    let precision = number("precision")?.as_u64().filter(|precision| *precision > 0)?;
    let scale = match number("scale") {
        None => 0,
        Some(scale) => scale.as_u64()?,
    };
    if scale > precision {
        return None;
    }
    if let Some(size) = size {
        // floor(log10(2^(8n-1) - 1)); log10(2) = 0.30103.
        let digits = (f64::from(size) * 8.0 - 1.0) * std::f64::consts::LOG10_2;
        if size == 0 || precision as f64 > digits.floor() {
            return None;
        }
    }
    Some(Logical::Decimal { precision: u32::try_from(precision).ok()?, scale: u32::try_from(scale).ok()? })
}

/// The scale of Kafka Connect's own type, which Confluent's converter writes next to the logical type.
fn connect_scale(attributes: Json<'_>) -> Option<i32> {
    let name = attributes.get("connect.name")?.as_text()?;
    if name != "org.apache.kafka.connect.data.Decimal" {
        return None;
    }
    attributes.get("connect.parameters")?.get("scale")?.as_text()?.parse().ok()
}
