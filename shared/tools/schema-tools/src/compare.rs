//! The differences between two renderings, by place.

use serde_json::{Number, Value};

/// The paths at which `actual` is not `expected`, at most `limit` of them. They name places and kinds, not values.
///
/// Numbers are compared by value: 1 is 1.0, and integers are compared with all their digits.
pub fn differences(actual: &Value, expected: &Value, limit: usize) -> Vec<String> {
    let mut found = Vec::new();
    compare(actual, expected, &mut String::new(), limit, &mut found);
    found
}

fn compare(actual: &Value, expected: &Value, path: &mut String, limit: usize, found: &mut Vec<String>) {
    if found.len() >= limit {
        return;
    }
    let mut report = |path: &str, problem: String| {
        if found.len() < limit {
            found.push(format!("{}: {problem}", if path.is_empty() { "." } else { path }));
        }
    };
    match (actual, expected) {
        (Value::Number(a), Value::Number(b)) if same_number(a, b) => {}
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                report(path, format!("{} items, expected {}", a.len(), b.len()));
            }
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                within(path, &format!("[{index}]"), |path| compare(a, b, path, limit, found));
            }
        }
        (Value::Object(a), Value::Object(b)) => {
            for (key, a) in a {
                match b.get(key) {
                    Some(b) => within(path, &format!(".{key}"), |path| compare(a, b, path, limit, found)),
                    None => within(path, &format!(".{key}"), |path| found.push(format!("{path}: not expected"))),
                }
            }
            for key in b.keys().filter(|key| !a.contains_key(*key)) {
                within(path, &format!(".{key}"), |path| found.push(format!("{path}: missing")));
            }
            found.truncate(limit);
        }
        (a, b) if a == b => {}
        (a, b) if kind(a) == kind(b) => report(path, format!("another {}", kind(a))),
        (a, b) => report(path, format!("{}, expected {}", kind(a), kind(b))),
    }
}

fn within(path: &mut String, segment: &str, inner: impl FnOnce(&mut String)) {
    let len = path.len();
    path.push_str(if len == 0 { segment.trim_start_matches('.') } else { segment });
    inner(path);
    path.truncate(len);
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Doubles are not exact beyond 2^53, so integers are compared as integers.
    let integer = |n: &Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a == b,
        (Some(i), None) => b.as_f64().is_some_and(|x| same_as_integer(x, i)),
        (None, Some(i)) => a.as_f64().is_some_and(|x| same_as_integer(x, i)),
        (None, None) => a.as_f64() == b.as_f64(),
    }
}

fn same_as_integer(x: f64, i: i128) -> bool {
    // Both conversions are exact here: x is whole and far below 2^127.
    x.fract() == 0.0 && x.abs() < 1e30 && x as i128 == i
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
