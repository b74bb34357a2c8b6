//! Reads MongoDB's documents as the connector writes them: extended JSON text, in the form that the connector's option
//! `json.serialization.mode` sets.
//!
//! The default is the older, strict form. A date is `{"$date": 1768370552971}`, an object id `{"$oid": "…"}`, a 64-bit
//! number `{"$numberLong": "…"}`; a double that is not a number is a bare `NaN`, which is not valid JSON.
//! `updateDescription` writes dates as ISO text. A record's key is always in the relaxed form.

mod extended;

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use self::extended::Form;
use crate::types::Json;

/// A document that cannot be read. The message has the place and nothing of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document {} at line {line}, column {column}", what(*category))]
pub struct DocumentError {
    category: Category,
    line: usize,
    column: usize,
}

fn what(category: Category) -> &'static str {
    match category {
        Category::Io | Category::Syntax => "is not JSON",
        Category::Data => "has a field of another type than the one expected",
        Category::Eof => "is cut off",
    }
}

impl From<serde_json::Error> for DocumentError {
    fn from(error: serde_json::Error) -> Self {
        DocumentError { category: error.classify(), line: error.line(), column: error.column() }
    }
}

impl Json<'_> {
    /// Reads the fields that `T` names from a document; all others may hold anything, even a bare `NaN`.
    ///
    /// # Errors
    /// When it is not a document, or a field does not have the type that `T` expects.
    pub fn document<T: DeserializeOwned>(self) -> Result<T, DocumentError> {
        serde_json::from_str(self.0).or_else(|error| match strict(self.0) {
            Cow::Borrowed(_) => Err(error.into()),
            Cow::Owned(text) => Ok(serde_json::from_str(&text)?),
        })
    }
}

/// Numbers that JSON cannot express, as Java writes them.
const BARE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// The document with each bare `NaN`, `Infinity` and `-Infinity` in extended JSON's canonical form, for example
/// `{"$numberDouble":"NaN"}`. Text within strings is not changed.
pub fn strict(document: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    while let Some(rest) = document.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
        match rest.first() {
            Some(b'"') => in_string = !in_string,
            Some(b'\\') if in_string => at += 1,
            Some(b'N' | b'I' | b'-') if !in_string => {
                if let Some(bare) = BARE.into_iter().find(|bare| rest.starts_with(bare.as_bytes())) {
                    out.push_str(document.get(copied..at).unwrap_or_default());
                    out.push_str(&format!("{{\"$numberDouble\":\"{bare}\"}}"));
                    at += bare.len();
                    copied = at;
                    continue;
                }
            }
            Some(_) | None => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(document);
    }
    out.push_str(document.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// A date in milliseconds since 1970, from `{"$date": …}` with a number, a `$numberLong` or ISO text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i64);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wrapped {
            #[serde(rename = "$date")]
            date: Spelling,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Millis(i64),
            Long {
                #[serde(rename = "$numberLong")]
                long: String,
            },
            Iso(String),
        }
        match Wrapped::deserialize(deserializer)?.date {
            Spelling::Millis(millis) => Ok(Date(millis)),
            Spelling::Long { long } => {
                long.parse().map(Date).map_err(|_| D::Error::custom("a $numberLong without a number"))
            }
            Spelling::Iso(text) => {
                extended::from_iso(&text).map(Date).ok_or_else(|| D::Error::custom("a $date without a time"))
            }
        }
    }
}

/// A reference to a document, as text that is the same in every spelling of the connector: an object id's digits, a
/// string's text, an integer's digits, and for anything else the extended JSON of the default `json.serialization.mode`.
///
/// A 64-bit number that does not fit 32 bits is `{"$numberLong": "…"}`, as in that mode; one that fits is its digits,
/// because the relaxed mode does not distinguish it from a 32-bit number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdText(pub String);

impl<'de> Deserialize<'de> for IdText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let text = serde_json::from_str::<String>(json.get());
        Ok(IdText(text.unwrap_or_else(|_| of_id(json.get(), Form::Strict))))
    }
}

/// A document's `_id` as text, from a record's key, which is the id in extended JSON.
///
/// An object id becomes its 24 digits; everything else becomes the relaxed form of its extended JSON, including a
/// string's quotes, so that ids of different types never collide. Debezium writes keys in that form in every
/// `json.serialization.mode`; the other forms read as the same id. Only the canonical form distinguishes 32-bit from
/// 64-bit integers, and to MongoDB itself equal ones are one id.
///
/// # Errors
/// When it is not JSON.
pub fn document_id(key: &str) -> Result<String, DocumentError> {
    let key = strict(key);
    serde_json::from_str::<serde::de::IgnoredAny>(&key)?;
    Ok(of_id(key.trim(), Form::Relaxed))
}

/// The id in one form. Text that nests deeper than any document is returned unchanged.
fn of_id(json: &str, form: Form) -> String {
    let Some(id) = extended::Json::read(json) else { return json.to_owned() };
    if let Some(digits) = id.object_id() {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(json.len());
    id.write(form, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Login {
        at: Date,
    }

    fn at(date: &str) -> Option<i64> {
        Json(&format!(r#"{{"at": {date}}}"#)).document::<Login>().ok().map(|login| login.at.0)
    }

    #[test]
    fn a_date_has_three_forms() {
        assert_eq!(at(r#"{"$date": 1768370552971}"#), Some(1_768_370_552_971));
        assert_eq!(at(r#"{"$date": {"$numberLong": "-1"}}"#), Some(-1));
        assert_eq!(at(r#"{"$date": "2026-01-14T16:09:10.164Z"}"#), Some(1_768_406_950_164));
        for wrong in ["1768370552971", r#""2026-01-14""#, r#"{"$date": "today"}"#, r#"{"$date": 1.5}"#, "null"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_fields_may_hold_a_bare_nan_or_infinity() {
        let document = r#"{"x": NaN, "say": "a \"NaN\" -Infinity", "y": [-Infinity,Infinity, -1], "at": {"$date": 5}}"#;
        assert_eq!(Json(document).document::<Login>(), Ok(Login { at: Date(5) }));
        let strict: serde_json::Value = serde_json::from_str(&strict(document)).unwrap();
        assert_eq!(strict["x"]["$numberDouble"], "NaN");
        assert_eq!(strict["y"][0]["$numberDouble"], "-Infinity");
        assert_eq!(strict["say"], "a \"NaN\" -Infinity");
    }

    #[test]
    fn an_error_has_the_place_and_nothing_of_the_document() {
        let error = Json(r#"{"at": "ada@example.com"}"#).document::<Login>().unwrap_err();
        assert!(error.to_string().starts_with("the document has a field of another type"), "{error}");
        let error = Json(r#"{"at": "ada"#).document::<Login>().unwrap_err();
        assert_eq!(error.to_string(), "the document is cut off at line 1, column 11");
    }

    #[test]
    fn ids_of_different_types_never_collide() {
        let digits = "696731785f1c2a9d07000001";
        assert_eq!(document_id(&format!(r#"{{"$oid": "{digits}"}}"#)).unwrap(), digits);
        assert_eq!(document_id(&format!("\"{digits}\"")).unwrap(), format!("\"{digits}\""));
        assert_eq!(document_id("42").unwrap(), "42");
        assert_eq!(document_id(r#"{"b": 1,"a": "NaN"}"#).unwrap(), r#"{"b": 1,"a": "NaN"}"#);
        assert_eq!(document_id("7.0").unwrap(), "7.0");
        assert!(document_id("{").is_err());
    }

    /// A value of each type in relaxed, canonical and strict form, and as a reference.
    const SPELLINGS: [(&[&str], &str); 12] = [
        (&["7", r#"{"$numberInt": "7"}"#, r#"{"$numberLong": "7"}"#, " 7 "], "7"),
        (&["-5000000000", r#"{"$numberLong":"-5000000000"}"#], r#"{"$numberLong": "-5000000000"}"#),
        (&["1.0E10", r#"{"$numberDouble": "1.0E10"}"#], "1.0E10"),
        (&[r#"{"$numberDouble": "NaN"}"#, "NaN"], r#"{"$numberDouble": "NaN"}"#),
        (&[r#"{"$numberDecimal": "7"}"#], r#"{"$numberDecimal": "7"}"#),
        (
            &[
                r#"{"$date": "2026-01-14T06:10:31.68Z"}"#,
                r#"{"$date": {"$numberLong": "1768371031680"}}"#,
                r#"{"$date": 1768371031680}"#,
            ],
            r#"{"$date": 1768371031680}"#,
        ),
        (&[r#"{"$date": {"$numberLong": "-1"}}"#, r#"{"$date": -1}"#], r#"{"$date": -1}"#),
        (
            &[
                r#"{"$date": "9999-12-31T23:59:59Z"}"#,
                r#"{"$date": {"$numberLong": "253402300799000"}}"#,
                r#"{"$date": 253402300799000}"#,
            ],
            r#"{"$date": 253402300799000}"#,
        ),
        (
            &[
                r#"{"$binary": {"base64": "AAECAw==","subType": "04"}}"#,
                r#"{"$binary": {"subType": "04", "base64": "AAECAw=="}}"#,
                r#"{"$binary": "AAECAw==", "$type": "04"}"#,
            ],
            r#"{"$binary": "AAECAw==","$type": "04"}"#,
        ),
        (
            &[
                r#"{"$regularExpression": {"pattern": "a\"b","options": "i"}}"#,
                r#"{"$regex": "a\"b", "$options": "i"}"#,
            ],
            r#"{"$regex": "a\"b","$options": "i"}"#,
        ),
        (
            &[
                r#"{"no": 1,"at": [{"$date": "1970-01-01T00:00:00Z"},true,{}]}"#,
                r#"{ "no" : {"$numberLong":"1"}, "at":[ {"$date": {"$numberLong": "0"}}, true, {} ] }"#,
                r#"{"no": {"$numberInt": "1"},"at": [{"$date": 0},true,{}]}"#,
            ],
            r#"{"no": 1,"at": [{"$date": 0},true,{}]}"#,
        ),
        (&[r#"{"$timestamp": {"t": 1,"i": 2}}"#], r#"{"$timestamp": {"t": 1,"i": 2}}"#),
    ];

    #[test]
    fn every_spelling_of_an_id_is_one_document() {
        for (spellings, _) in SPELLINGS {
            for spelled in spellings {
                // The first is how the connector writes keys, so existing rows are stored under it.
                assert_eq!(document_id(spelled).unwrap(), spellings[0], "{spelled}");
            }
        }
        assert_eq!(document_id(r#"{"$oid":"696731785f1c2a9d07000001"}"#).unwrap(), "696731785f1c2a9d07000001");
        let orders = [r#"{"a": 1,"b": 2}"#, r#"{"b": 2,"a": 1}"#];
        assert_ne!(document_id(orders[0]).unwrap(), document_id(orders[1]).unwrap(), "to MongoDB they are two");
    }

    #[test]
    fn every_spelling_of_a_reference_is_one_text() {
        for (spellings, text) in SPELLINGS {
            for spelled in spellings {
                let json = strict(spelled.trim());
                assert_eq!(serde_json::from_str::<IdText>(&json).unwrap().0, text, "{spelled}");
            }
        }
    }

    #[test]
    fn an_id_that_nests_deeper_than_any_document_stays_as_it_is() {
        let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert_eq!(document_id(&deep(100)).unwrap(), deep(100).replace("\":", "\": "));
        assert_eq!(document_id(&deep(100_000)).unwrap(), deep(100_000));
    }

    #[test]
    fn a_reference_is_the_text_of_its_id() {
        for (json, text) in [(r#""u-1""#, "u-1"), (r#"{"$oid": "69"}"#, "69"), ("7", "7")] {
            assert_eq!(serde_json::from_str::<IdText>(json).unwrap().0, text);
        }
    }

    /// Values with their relaxed and their strict spelling.
    fn value() -> impl Strategy<Value = (String, String)> {
        let same = |text: String| (text.clone(), text);
        let leaf = prop_oneof![
            any::<String>().prop_map(move |text| same(serde_json::json!(text).to_string())),
            any::<i32>().prop_map(move |number| same(number.to_string())),
            any::<i64>().prop_map(|number| (number.to_string(), format!(r#"{{"$numberLong": "{number}"}}"#))),
            (i64::MIN..0).prop_map(|ms| {
                (format!(r#"{{"$date": {{"$numberLong": "{ms}"}}}}"#), format!(r#"{{"$date": {ms}}}"#))
            }),
        ];
        leaf.prop_recursive(4, 16, 4, |inner| {
            let named = (any::<String>(), inner.clone());
            let join = |items: Vec<(String, String)>, open: &str, close: &str| {
                let all = |of: fn(&(String, String)) -> &String| {
                    format!("{open}{}{close}", items.iter().map(of).cloned().collect::<Vec<_>>().join(","))
                };
                (all(|item| &item.0), all(|item| &item.1))
            };
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(move |items| join(items, "[", "]")),
                proptest::collection::vec(named, 0..4).prop_map(move |fields| {
                    let named = |(name, (relaxed, strict)): (String, (String, String))| {
                        // A document may not have a field whose name stands for a type.
                        let name = serde_json::json!(name.replace('$', "")).to_string();
                        (format!("{name}: {relaxed}"), format!("{name}: {strict}"))
                    };
                    join(fields.into_iter().map(named).collect(), "{", "}")
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_has_one_text_in_either_form((relaxed, strict) in value()) {
            prop_assert_eq!(document_id(&strict).unwrap(), relaxed.as_str(), "a key as the connector writes it stays");
            prop_assert_eq!(document_id(&relaxed).unwrap(), relaxed.as_str());
            let reference = |json: &str| serde_json::from_str::<IdText>(json).unwrap().0;
            prop_assert_eq!(reference(&relaxed), reference(&strict));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = document_id(&text);
            let _ = extended::Json::read(&text);
        }

        #[test]
        fn valid_json_is_not_changed(texts in proptest::collection::vec(any::<String>(), 0..4), number in any::<i64>()) {
            let document = serde_json::json!({"texts": texts, "number": number}).to_string();
            prop_assert_eq!(strict(&document), Cow::Borrowed(document.as_str()));
        }
    }
}
