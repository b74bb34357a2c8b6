//! MongoDB's documents as the connector writes them: JSON text in the older, strict form of extended JSON.
//!
//! A date is `{"$date": 1768370552971}`, an object id `{"$oid": "…"}`, a 64-bit number `{"$numberLong": "…"}`; and a
//! double that is no number is a bare `NaN`, which is no JSON at all. `updateDescription` writes dates as ISO text.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::types::Json;

/// A document that cannot be read. Says where, and nothing of what stands there.
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
    /// Reads the fields that `T` names out of a document; all others may hold anything, a bare `NaN` too.
    ///
    /// # Errors
    /// Where it is no document, or a field is not what `T` says.
    pub fn document<T: DeserializeOwned>(self) -> Result<T, DocumentError> {
        serde_json::from_str(self.0).or_else(|error| match strict(self.0) {
            Cow::Borrowed(_) => Err(error.into()),
            Cow::Owned(text) => Ok(serde_json::from_str(&text)?),
        })
    }
}

/// Numbers that JSON does not have, as Java writes them.
const BARE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// The document with each bare `NaN`, `Infinity` and `-Infinity` written as extended JSON's canonical form has it, for
/// example `{"$numberDouble":"NaN"}`. Text inside of strings is left alone.
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

/// A date: milliseconds since 1970, from `{"$date": …}` with a number, a `$numberLong` or ISO text in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i64);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wrapped {
            #[serde(rename = "$date")]
            date: Form,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Millis(i64),
            Long {
                #[serde(rename = "$numberLong")]
                long: String,
            },
            Iso(String),
        }
        match Wrapped::deserialize(deserializer)?.date {
            Form::Millis(millis) => Ok(Date(millis)),
            Form::Long { long } => long.parse().map(Date).map_err(|_| D::Error::custom("no number in a $numberLong")),
            Form::Iso(text) => {
                let timestamp = text.parse::<Timestamp>().map_err(|_| D::Error::custom("no time in a $date"))?;
                Ok(Date(timestamp.as_millisecond()))
            }
        }
    }
}

/// An id as text: an object id's digits, a string's text, and the extended JSON of anything else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdText(pub String);

impl<'de> Deserialize<'de> for IdText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let text = serde_json::from_str::<String>(json.get());
        Ok(IdText(text.unwrap_or_else(|_| of_id(json.get()))))
    }
}

/// A document's `_id`, which is all that a record's key holds: extended JSON as text.
///
/// An object id becomes its 24 digits; everything else keeps the text that it has in the key, a string's quotes
/// included, so that ids of different types never meet.
///
/// # Errors
/// Where it is not JSON.
pub fn document_id(key: &str) -> Result<String, DocumentError> {
    serde_json::from_str::<serde::de::IgnoredAny>(&strict(key))?;
    Ok(of_id(key.trim()))
}

fn of_id(json: &str) -> String {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ObjectId {
        #[serde(rename = "$oid")]
        oid: String,
    }
    serde_json::from_str::<ObjectId>(json).map_or_else(|_| json.to_owned(), |id| id.oid)
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
    fn what_is_no_number_may_stand_anywhere_else_in_a_document() {
        let document = r#"{"x": NaN, "say": "a \"NaN\" -Infinity", "y": [-Infinity,Infinity, -1], "at": {"$date": 5}}"#;
        assert_eq!(Json(document).document::<Login>(), Ok(Login { at: Date(5) }));
        let strict: serde_json::Value = serde_json::from_str(&strict(document)).unwrap();
        assert_eq!(strict["x"]["$numberDouble"], "NaN");
        assert_eq!(strict["y"][0]["$numberDouble"], "-Infinity");
        assert_eq!(strict["say"], "a \"NaN\" -Infinity");
    }

    #[test]
    fn an_error_tells_the_place_and_nothing_of_the_document() {
        let error = Json(r#"{"at": "ada@example.com"}"#).document::<Login>().unwrap_err();
        assert!(error.to_string().starts_with("the document has a field of another type"), "{error}");
        let error = Json(r#"{"at": "ada"#).document::<Login>().unwrap_err();
        assert_eq!(error.to_string(), "the document is cut off at line 1, column 11");
    }

    #[test]
    fn ids_of_different_types_never_meet() {
        let digits = "696731785f1c2a9d07000001";
        assert_eq!(document_id(&format!(r#"{{"$oid": "{digits}"}}"#)).unwrap(), digits);
        assert_eq!(document_id(&format!("\"{digits}\"")).unwrap(), format!("\"{digits}\""));
        assert_eq!(document_id("42").unwrap(), "42");
        assert_eq!(document_id(r#"{"b": 1,"a": NaN}"#).unwrap(), r#"{"b": 1,"a": NaN}"#);
        assert!(document_id("{").is_err());
    }

    #[test]
    fn a_reference_is_the_text_of_its_id() {
        for (json, text) in [(r#""u-1""#, "u-1"), (r#"{"$oid": "69"}"#, "69"), ("7", "7")] {
            assert_eq!(serde_json::from_str::<IdText>(json).unwrap().0, text);
        }
    }

    proptest! {
        #[test]
        fn what_is_json_already_stays_as_it_is(texts in proptest::collection::vec(any::<String>(), 0..4), number in any::<i64>()) {
            let document = serde_json::json!({"texts": texts, "number": number}).to_string();
            prop_assert_eq!(strict(&document), Cow::Borrowed(document.as_str()));
        }
    }
}
