//! Reads a MongoDB value in any spelling of extended JSON and writes it in one.
//!
//! The connector writes documents in the form that `json.serialization.mode` sets, by default the older strict form, and a
//! record's key always in the relaxed form. The driver's `JsonMode` has each type's spellings:
//! <https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md>.

use jiff::{SignedDuration, civil};

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the connector writes keys: relaxed, the second version of extended JSON.
    Relaxed,
    /// As the connector writes documents by default: strict, the first version, except for 64-bit numbers that fit 32 bits.
    /// The relaxed form does not distinguish these from 32-bit numbers, and most drivers store them as 32 bits.
    Strict,
}

/// JSON text, with its values as they are spelled.
#[derive(Debug)]
pub(super) enum Json<'a> {
    /// A string with its quotation marks and escapes, a number, `true`, `false` or `null`.
    Plain(&'a str),
    Array(Vec<Json<'a>>),
    /// Names with their quotation marks.
    Object(Vec<(&'a str, Json<'a>)>),
}

/// MongoDB nests documents 100 levels deep at most.
const MAX_DEPTH: u32 = 128;

impl<'a> Json<'a> {
    /// Reads text that is known to be JSON. `None` if it nests deeper than MongoDB's documents can.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        Reader { rest: text }.value(MAX_DEPTH)
    }

    /// The text between a string's quotation marks.
    pub(super) fn text(&self) -> Option<&'a str> {
        match self {
            Json::Plain(plain) => plain.strip_prefix('"')?.strip_suffix('"'),
            Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// The digits of an object id.
    pub(super) fn object_id(&self) -> Option<&'a str> {
        self.only("\"$oid\"")?.text()
    }

    fn fields(&self) -> &[(&'a str, Json<'a>)] {
        match self {
            Json::Object(fields) => fields,
            Json::Plain(_) | Json::Array(_) => &[],
        }
    }

    /// The value of the one field, which has that name.
    fn only(&self, name: &str) -> Option<&Json<'a>> {
        match self.fields() {
            [(found, value)] if *found == name => Some(value),
            _ => None,
        }
    }

    /// The values of the two fields, which have those names, in any order.
    fn both(&self, first: &str, second: &str) -> Option<(&Json<'a>, &Json<'a>)> {
        match self.fields() {
            [(a, one), (b, other)] if *a == first && *b == second => Some((one, other)),
            [(b, other), (a, one)] if *a == first && *b == second => Some((one, other)),
            _ => None,
        }
    }

    /// Writes the value with `: ` after names and `,` between values, as the connector does.
    pub(super) fn write(&self, form: Form, out: &mut String) {
        if let Some(value) = Typed::of(self) {
            return value.write(form, out);
        }
        match self {
            Json::Plain(plain) => out.push_str(plain),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.write(form, out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Json::Object(fields) => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    out.push_str(name);
                    out.push_str(": ");
                    value.write(form, out);
                }
                out.push_str(if fields.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// Values whose spelling differs between the forms; all others are spelled alike in each.
enum Typed<'a> {
    Integer(i64),
    Double(&'a str),
    /// Milliseconds since 1970.
    Date(i64),
    Binary {
        base64: &'a str,
        subtype: &'a str,
    },
    Regex {
        pattern: &'a str,
        options: &'a str,
    },
}

impl<'a> Typed<'a> {
    fn of(json: &Json<'a>) -> Option<Self> {
        if let Json::Plain(plain) = json {
            return plain.parse().ok().map(Typed::Integer);
        }
        if let Some(number) = json.only("\"$numberInt\"").or_else(|| json.only("\"$numberLong\"")) {
            return number.text()?.parse().ok().map(Typed::Integer);
        }
        if let Some(number) = json.only("\"$numberDouble\"") {
            return number.text().map(Typed::Double);
        }
        if let Some(date) = json.only("\"$date\"") {
            return millis(date).map(Typed::Date);
        }
        let v2 = || json.only("\"$binary\"").and_then(|of| of.both("\"base64\"", "\"subType\""));
        if let Some((base64, subtype)) = json.both("\"$binary\"", "\"$type\"").or_else(v2) {
            return Some(Typed::Binary { base64: base64.text()?, subtype: subtype.text()? });
        }
        let regex = json.both("\"$regex\"", "\"$options\"");
        let v2 = || json.only("\"$regularExpression\"").and_then(|of| of.both("\"pattern\"", "\"options\""));
        let (pattern, options) = regex.or_else(v2)?;
        Some(Typed::Regex { pattern: pattern.text()?, options: options.text()? })
    }

    fn write(self, form: Form, out: &mut String) {
        let text = match (self, form) {
            (Typed::Integer(number), Form::Strict) if i32::try_from(number).is_err() => {
                format!(r#"{{"$numberLong": "{number}"}}"#)
            }
            (Typed::Integer(number), _) => number.to_string(),
            (Typed::Double(not_finite @ ("NaN" | "Infinity" | "-Infinity")), _) => {
                format!(r#"{{"$numberDouble": "{not_finite}"}}"#)
            }
            (Typed::Double(number), _) => number.to_owned(),
            (Typed::Date(millis), Form::Strict) => format!(r#"{{"$date": {millis}}}"#),
            (Typed::Date(millis), Form::Relaxed) => match iso(millis) {
                Some(text) => format!(r#"{{"$date": "{text}"}}"#),
                None => format!(r#"{{"$date": {{"$numberLong": "{millis}"}}}}"#),
            },
            (Typed::Binary { base64, subtype }, Form::Strict) => {
                format!(r#"{{"$binary": "{base64}","$type": "{subtype}"}}"#)
            }
            (Typed::Binary { base64, subtype }, Form::Relaxed) => {
                format!(r#"{{"$binary": {{"base64": "{base64}","subType": "{subtype}"}}}}"#)
            }
            (Typed::Regex { pattern, options }, Form::Strict) => {
                format!(r#"{{"$regex": "{pattern}","$options": "{options}"}}"#)
            }
            (Typed::Regex { pattern, options }, Form::Relaxed) => {
                format!(r#"{{"$regularExpression": {{"pattern": "{pattern}","options": "{options}"}}}}"#)
            }
        };
        out.push_str(&text);
    }
}

/// A date's milliseconds since 1970: a number, a number in text, or ISO 8601.
fn millis(date: &Json<'_>) -> Option<i64> {
    match date {
        Json::Plain(plain) => date.text().map_or_else(|| plain.parse().ok(), from_iso),
        Json::Object(_) => date.only("\"$numberLong\"")?.text()?.parse().ok(),
        Json::Array(_) => None,
    }
}

const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// The end of the year 9999, the last that the relaxed form writes as text; the first is 1970.
const LAST_MS: i64 = 253_402_300_799_999;

/// Milliseconds since 1970 of ISO 8601, computed on the calendar: instants end a day before 9999-12-31.
pub(super) fn from_iso(text: &str) -> Option<i64> {
    let utc = text.strip_suffix('Z').and_then(|text| text.parse::<civil::DateTime>().ok());
    let since_1970 = match utc {
        Some(at) => at.duration_since(EPOCH),
        None => text.parse::<jiff::Timestamp>().ok()?.as_duration(),
    };
    i64::try_from(since_1970.as_millis()).ok()
}

fn iso(millis: i64) -> Option<String> {
    let in_range = Some(millis).filter(|millis| (0..=LAST_MS).contains(millis))?;
    Some(format!("{}Z", EPOCH.checked_add(SignedDuration::from_millis(in_range)).ok()?))
}

/// Reads text that was already checked to be JSON; any other text reads as something without a panic.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        let depth = depth.checked_sub(1)?;
        match self.next()? {
            b'{' => {
                self.skip();
                let mut fields = Vec::new();
                loop {
                    match self.next()? {
                        b'}' => break,
                        b',' => self.skip(),
                        _ => {
                            let name = self.token()?;
                            self.next().filter(|colon| *colon == b':')?;
                            self.skip();
                            fields.push((name, self.value(depth)?));
                        }
                    }
                }
                self.skip();
                Some(Json::Object(fields))
            }
            b'[' => {
                self.skip();
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        b']' => break,
                        b',' => self.skip(),
                        _ => items.push(self.value(depth)?),
                    }
                }
                self.skip();
                Some(Json::Array(items))
            }
            _ => self.token().map(Json::Plain),
        }
    }

    /// The next byte that is not white space, without taking it.
    fn next(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.as_bytes().first().copied()
    }

    /// Takes one byte of punctuation.
    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// A string with its quotation marks, or the characters of any other plain value; never empty.
    fn token(&mut self) -> Option<&'a str> {
        let bytes = self.rest.as_bytes();
        let end = if bytes.first() == Some(&b'"') {
            let mut at = 1;
            loop {
                match bytes.get(at)? {
                    b'\\' => at += 2,
                    b'"' => break at + 1,
                    _ => at += 1,
                }
            }
        } else {
            bytes.iter().position(|byte| b",:]} \t\n\r".contains(byte)).unwrap_or(bytes.len())
        };
        let (token, rest) = self.rest.split_at_checked(end).filter(|(token, _)| !token.is_empty())?;
        self.rest = rest;
        Some(token)
    }
}
