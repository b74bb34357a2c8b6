//! A row's primary key as text.

use avro_decode::Value;

/// The primary key that a record's key holds, whatever its columns are called and whatever their types. A key of one
/// column is that column's text; more columns are joined with `,` after each is escaped, so that two different keys
/// never meet.
///
/// `None` where it holds something else than plain values, or nothing.
pub fn row_key(key: &Value<'_>) -> Option<String> {
    let key = match key {
        Value::Record(record) => {
            let columns: Vec<&Value<'_>> = record.fields().map(|(_, value)| value).collect();
            match columns.as_slice() {
                [column] => plain(column)?,
                columns => {
                    columns.iter().map(|column| Some(escape(&plain(column)?))).collect::<Option<Vec<_>>>()?.join(",")
                }
            }
        }
        value => plain(value)?,
    };
    Some(key).filter(|key| !key.is_empty())
}

fn plain(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Long(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Enum(symbol) => Some(symbol.as_str().to_owned()),
        Value::Bytes(bytes) | Value::Fixed(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        Value::Null | Value::Float(_) | Value::Double(_) | Value::Array(_) | Value::Map(_) | Value::Record(_) => None,
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace(',', r"\,")
}
