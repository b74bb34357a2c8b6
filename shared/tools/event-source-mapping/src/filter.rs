//! `FilterCriteria`: which records a function is invoked for, by patterns on the value's JSON.
//!
//! A pattern says what a value has to hold: `{"value": {"status": ["paid"], "total": [{"numeric": [">", 10]}]}}`. A record
//! passes when one of the filters matches. The grammar is that of AWS Lambda's event filtering: equality, `prefix`,
//! `suffix`, `equals-ignore-case`, `anything-but`, `numeric`, `exists`, and `$or`.

use serde_json::{Map, Value};

/// The filters of a mapping; without any, every record passes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    patterns: Vec<Pattern>,
}

/// A pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter {number} cannot be used: {reason}")]
pub struct FilterError {
    number: usize,
    reason: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    /// Of a JSON value.
    Json(Node),
    /// Of a value that is plain text.
    Text(Vec<Test>),
}

/// What an object has to hold.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// All of these fields.
    Fields(Vec<(String, Node)>),
    /// One of these objects.
    AnyOf(Vec<Node>),
    /// All of these, of the same object.
    All(Vec<Node>),
    /// One of these tests.
    Leaf(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equals(Value),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Value>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Reads the `Pattern` of each filter.
    ///
    /// # Errors
    /// When one is not JSON, filters on anything but `value`, or holds an operator that AWS does not have.
    pub fn parse(patterns: &[impl AsRef<str>]) -> Result<Self, FilterError> {
        let parse = |(nth, pattern): (usize, &_)| {
            let pattern: &str = AsRef::as_ref(pattern);
            parse_pattern(pattern).map_err(|reason| FilterError { number: nth + 1, reason })
        };
        let patterns = patterns.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        Ok(Filter { patterns })
    }

    /// Whether a record with this value reaches the function. A value that is not JSON passes no pattern of JSON, and a
    /// tombstone passes none.
    #[must_use]
    pub fn passes(&self, value: Option<&[u8]>) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let text = value.and_then(|value| std::str::from_utf8(value).ok());
        let json: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
        self.patterns.iter().any(|pattern| match pattern {
            Pattern::Json(node) => json.as_ref().is_some_and(|json| json.is_object() && node.matches(Some(json))),
            Pattern::Text(tests) => {
                let plain = text.filter(|_| !json.as_ref().is_some_and(Value::is_object));
                plain.is_some_and(|text| tests.iter().any(|test| test.matches(Some(&Value::from(text)))))
            }
        })
    }
}

fn parse_pattern(pattern: &str) -> Result<Pattern, String> {
    let pattern: Map<String, Value> =
        serde_json::from_str(pattern).map_err(|error| format!("it is not a JSON object ({error})"))?;
    if let Some(field) = pattern.keys().find(|field| *field != "value") {
        return Err(format!("it filters on `{field}`; for Kafka only `value` can be filtered on"));
    }
    match pattern.get("value") {
        Some(Value::Object(fields)) => Node::of_fields(fields).map(Pattern::Json),
        Some(Value::Array(tests)) => Test::list("value", tests).map(Pattern::Text),
        Some(_) => Err("`value` has to be an object (for JSON) or an array (for plain text)".to_owned()),
        None => Err("it has no `value`".to_owned()),
    }
}

impl Node {
    fn of_fields(fields: &Map<String, Value>) -> Result<Self, String> {
        let mut all = Vec::new();
        let mut plain = Vec::new();
        for (name, pattern) in fields {
            match pattern {
                Value::Array(choices) if name == "$or" => all.push(Node::AnyOf(of_choices(choices)?)),
                Value::Array(tests) => plain.push((name.clone(), Node::Leaf(Test::list(name, tests)?))),
                Value::Object(fields) => plain.push((name.clone(), Node::of_fields(fields)?)),
                _ => return Err(format!("`{name}` has to be an array of what it may be, such as [\"paid\"]")),
            }
        }
        if plain.is_empty() && all.is_empty() {
            return Err("an object in it is empty".to_owned());
        }
        all.push(Node::Fields(plain));
        Ok(Node::All(all))
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().all(|node| node.matches(value)),
            Node::AnyOf(nodes) => nodes.iter().any(|node| node.matches(value)),
            Node::Fields(fields) => {
                let field = |name: &String| value.and_then(|value| value.get(name));
                fields.iter().all(|(name, node)| node.matches(field(name)))
            }
            // Of an array one element has to match.
            Node::Leaf(tests) => match value {
                Some(Value::Array(elements)) => {
                    elements.iter().any(|element| tests.iter().any(|test| test.matches(Some(element))))
                }
                value => tests.iter().any(|test| test.matches(value)),
            },
        }
    }
}

fn of_choices(choices: &[Value]) -> Result<Vec<Node>, String> {
    let choice = |choice: &Value| match choice {
        Value::Object(fields) => Node::of_fields(fields),
        _ => Err("`$or` has to be an array of objects".to_owned()),
    };
    choices.iter().map(choice).collect()
}

impl Test {
    fn list(name: &str, tests: &[Value]) -> Result<Vec<Self>, String> {
        if tests.is_empty() {
            return Err(format!("`{name}` is an empty array, which nothing matches"));
        }
        tests.iter().map(|test| Test::parse(test).map_err(|reason| format!("`{name}`: {reason}"))).collect()
    }

    fn parse(test: &Value) -> Result<Self, String> {
        let Value::Object(operator) = test else {
            return match test {
                Value::Array(_) => Err("an array inside of an array".to_owned()),
                literal => Ok(Test::Equals(literal.clone())),
            };
        };
        let mut entries = operator.iter();
        let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
            return Err("an operator is an object with one field, such as {\"prefix\": \"a\"}".to_owned());
        };
        let text = || operand.as_str().map(str::to_owned).ok_or_else(|| format!("`{name}` takes a text"));
        match name.as_str() {
            "prefix" => text().map(Test::Prefix),
            "suffix" => text().map(Test::Suffix),
            "equals-ignore-case" => text().map(Test::EqualsIgnoreCase),
            "exists" => operand.as_bool().map(Test::Exists).ok_or_else(|| "`exists` takes true or false".to_owned()),
            "anything-but" => match operand {
                Value::Array(values) => Ok(Test::AnythingBut(values.clone())),
                Value::String(_) | Value::Number(_) => Ok(Test::AnythingBut(vec![operand.clone()])),
                _ => Err("`anything-but` takes a text, a number, or an array of them".to_owned()),
            },
            "numeric" => comparisons(operand).map(Test::Numeric),
            other => Err(format!(
                "there is no operator `{other}`; there are prefix, suffix, equals-ignore-case, anything-but, numeric, exists"
            )),
        }
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        let text = value.and_then(Value::as_str);
        match self {
            Test::Exists(exists) => value.is_some() == *exists,
            Test::Equals(expected) => value.is_some_and(|value| same(expected, value)),
            Test::EqualsIgnoreCase(expected) => text.is_some_and(|text| text.to_lowercase() == expected.to_lowercase()),
            Test::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix.as_str())),
            Test::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix.as_str())),
            Test::AnythingBut(excluded) => {
                value.is_some_and(|value| !value.is_object() && !excluded.iter().any(|other| same(other, value)))
            }
            Test::Numeric(comparisons) => value
                .and_then(Value::as_f64)
                .is_some_and(|number| comparisons.iter().all(|(how, bound)| how.holds(number, *bound))),
        }
    }
}

/// 1 and 1.0 are one number.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => Comparison::Equal.holds(one, other),
        _ => one == other,
    }
}

fn comparisons(operand: &Value) -> Result<Vec<(Comparison, f64)>, String> {
    let wrong = || "`numeric` takes an array such as [\">\", 10] or [\">=\", 0, \"<\", 5]".to_owned();
    let parts = operand.as_array().filter(|parts| matches!(parts.len(), 2 | 4)).ok_or_else(wrong)?;
    let pair = |pair: &[Value]| {
        let how = match pair.first().and_then(Value::as_str) {
            Some("=") => Comparison::Equal,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some(">") => Comparison::Greater,
            Some(">=") => Comparison::GreaterOrEqual,
            Some(_) | None => return Err(wrong()),
        };
        pair.get(1).and_then(Value::as_f64).map(|bound| (how, bound)).ok_or_else(wrong)
    };
    parts.chunks(2).map(pair).collect()
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Comparison::Equal => number.total_cmp(&bound).is_eq(),
            Comparison::Less => number < bound,
            Comparison::LessOrEqual => number <= bound,
            Comparison::Greater => number > bound,
            Comparison::GreaterOrEqual => number >= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(pattern: &str, value: &str) -> bool {
        Filter::parse(&[pattern]).unwrap().passes(Some(value.as_bytes()))
    }

    #[test]
    fn a_record_passes_when_every_field_of_a_pattern_matches() {
        let order =
            r#"{"status": "paid", "total": 12.5, "tags": ["new", "eu"], "buyer": {"name": "Ada"}, "note": null}"#;
        for pattern in [
            r#"{"value": {"status": ["open", "paid"]}}"#,
            r#"{"value": {"status": [{"prefix": "pa"}], "total": [{"numeric": [">", 10, "<=", 12.5]}]}}"#,
            r#"{"value": {"status": [{"suffix": "id"}]}}"#,
            r#"{"value": {"status": [{"equals-ignore-case": "PAID"}]}}"#,
            r#"{"value": {"status": [{"anything-but": ["open"]}]}}"#,
            r#"{"value": {"tags": ["eu"]}}"#,
            r#"{"value": {"buyer": {"name": ["Ada"]}}}"#,
            r#"{"value": {"note": [null]}}"#,
            r#"{"value": {"total": [{"numeric": ["=", 12.5]}]}}"#,
            r#"{"value": {"missing": [{"exists": false}], "status": [{"exists": true}]}}"#,
            r#"{"value": {"$or": [{"status": ["open"]}, {"total": [12.5]}]}}"#,
        ] {
            assert!(passes(pattern, order), "{pattern}");
        }
        for pattern in [
            r#"{"value": {"status": ["open"]}}"#,
            r#"{"value": {"status": ["paid"], "total": [{"numeric": [">", 100]}]}}"#,
            r#"{"value": {"missing": [null]}}"#,
            r#"{"value": {"total": [{"prefix": "12"}]}}"#,
            r#"{"value": {"$or": [{"status": ["open"]}, {"total": [1]}]}}"#,
            r#"{"value": ["paid"]}"#,
        ] {
            assert!(!passes(pattern, order), "{pattern}");
        }
    }

    #[test]
    fn one_filter_that_matches_is_enough_and_without_any_all_pass() {
        let two = Filter::parse(&[r#"{"value": {"a": [1]}}"#, r#"{"value": {"a": [2]}}"#]).unwrap();
        assert!(two.passes(Some(br#"{"a": 2}"#)) && !two.passes(Some(br#"{"a": 3}"#)));
        assert!(Filter::default().passes(None));
    }

    #[test]
    fn values_that_are_not_json_pass_no_pattern_of_json() {
        let json = r#"{"value": {"a": [{"exists": false}]}}"#;
        assert!(!passes(json, "plain") && !passes(json, "12"));
        assert!(!Filter::parse(&[json]).unwrap().passes(None));
        assert!(!Filter::parse(&[json]).unwrap().passes(Some(&[0xff])));
        assert!(passes(r#"{"value": [{"prefix": "pl"}]}"#, "plain"));
    }

    #[test]
    fn a_pattern_that_aws_would_not_take_is_refused_with_the_reason() {
        for (pattern, reason) in [
            ("[]", "not a JSON object"),
            (r#"{"key": ["a"]}"#, "only `value`"),
            (r#"{"value": "a"}"#, "has to be an object"),
            (r#"{"value": {"a": "b"}}"#, "has to be an array"),
            (r#"{"value": {"a": []}}"#, "empty array"),
            (r#"{"value": {}}"#, "empty"),
            (r#"{"value": {"a": [{"contains": "b"}]}}"#, "no operator `contains`"),
            (r#"{"value": {"a": [{"numeric": [">"]}]}}"#, "`numeric` takes"),
        ] {
            let error = Filter::parse(&[pattern]).unwrap_err().to_string();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }
}
