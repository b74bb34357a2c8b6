//! Parses a JSON text into the list of its values.

use super::document::{Document, Kind, Span};
use super::escapes::code_unit;

/// How deeply arrays and objects may nest: as deeply as Java's parser reads.
pub(crate) const MAX_NESTING: usize = 1_000;

impl<'t> Document<'t> {
    /// The error says what is wrong and where, without quoting the text.
    pub(crate) fn parse(text: &'t str) -> Result<Self, String> {
        if u32::try_from(text.len()).is_err() {
            return Err("longer than 4 GiB".to_owned());
        }
        let mut parser = Parser { text, at: 0, values: Vec::new(), open: Vec::new() };
        match parser.run() {
            Ok(()) => Ok(Self { text, values: parser.values }),
            Err(problem) => {
                let before = text.as_bytes().get(..parser.at).unwrap_or_default();
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
                Err(format!("{problem} (line {line} column {column})"))
            }
        }
    }
}

/// What may come next.
#[derive(Clone, Copy)]
enum Turn {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    values: Vec<Span>,
    /// The arrays and objects around this place, by their index.
    open: Vec<usize>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        let mut turn = Turn::Value;
        loop {
            self.pass_space()?;
            let Some(byte) = self.peek() else {
                let whole = matches!(turn, Turn::CommaOrEnd) && self.open.is_empty();
                return if whole { Ok(()) } else { Err("not JSON: the text ends within a value".to_owned()) };
            };
            turn = match (turn, byte) {
                (Turn::ValueOrEnd, b']') | (Turn::KeyOrEnd, b'}') => self.close()?,
                (Turn::Value | Turn::ValueOrEnd, _) => self.value(byte)?,
                (Turn::Key | Turn::KeyOrEnd, b'"') => {
                    self.string()?;
                    self.pass_space()?;
                    if self.peek() != Some(b':') {
                        return Err("not JSON: a `:` is missing".to_owned());
                    }
                    self.at += 1;
                    Turn::Value
                }
                (Turn::Key | Turn::KeyOrEnd, _) => return Err("not JSON: a member's name is missing".to_owned()),
                (Turn::CommaOrEnd, b']' | b'}') if !self.open.is_empty() => self.close()?,
                (Turn::CommaOrEnd, b',') if !self.open.is_empty() => {
                    self.at += 1;
                    if self.in_object() { Turn::Key } else { Turn::Value }
                }
                (Turn::CommaOrEnd, _) if self.open.is_empty() => {
                    return Err("not JSON: something follows the schema".to_owned());
                }
                (Turn::CommaOrEnd, _) => return Err("not JSON: a `,` is missing".to_owned()),
            };
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn in_object(&self) -> bool {
        let holder = self.open.last().and_then(|index| self.values.get(*index));
        holder.is_some_and(|span| span.kind == Kind::Object)
    }

    /// White space, `/* … */` and `// …` to the line's end.
    fn pass_space(&mut self) -> Result<(), String> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    self.at += if rest.starts_with("/*") {
                        let end = rest.get(2..).and_then(|inner| inner.find("*/"));
                        end.ok_or("not JSON: a comment does not end")? + 4
                    } else if rest.starts_with("//") {
                        rest.find(['\n', '\r']).unwrap_or(rest.len())
                    } else {
                        return Err("not JSON: a `/` that does not begin a comment".to_owned());
                    };
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, byte: u8) -> Result<Turn, String> {
        match byte {
            b'{' => return self.open(Kind::Object, Turn::KeyOrEnd),
            b'[' => return self.open(Kind::Array, Turn::ValueOrEnd),
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => {
                let words = [("null", Kind::Null), ("true", Kind::True), ("false", Kind::False)];
                let rest = self.text.get(self.at..).unwrap_or_default();
                let Some((word, kind)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
                    return Err("not JSON: a value is missing".to_owned());
                };
                self.push(kind, self.at, self.at + word.len());
                self.at += word.len();
            }
        }
        Ok(Turn::CommaOrEnd)
    }

    fn open(&mut self, kind: Kind, turn: Turn) -> Result<Turn, String> {
        if self.open.len() == MAX_NESTING {
            return Err(format!("nested deeper than {MAX_NESTING} arrays and objects"));
        }
        self.open.push(self.values.len());
        self.push(kind, self.at, self.at);
        self.at += 1;
        Ok(turn)
    }

    fn close(&mut self) -> Result<Turn, String> {
        let of_object = self.peek() == Some(b'}');
        if of_object != self.in_object() {
            return Err("not JSON: an array or object ends with the other's bracket".to_owned());
        }
        self.at += 1;
        let (end, next) = (self.at as u32, self.values.len() as u32);
        if let Some(span) = self.open.pop().and_then(|index| self.values.get_mut(index)) {
            (span.end, span.next) = (end, next);
        }
        Ok(Turn::CommaOrEnd)
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.values.len() as u32 + 1;
        self.values.push(Span { kind, start: start as u32, end: end as u32, next });
    }

    fn string(&mut self) -> Result<(), String> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut kind = Kind::Text;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.at += match bytes.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') if code_unit(self.text, self.at).is_some() => 6,
                        _ => return Err("not JSON: an unknown escape within text".to_owned()),
                    };
                }
                Some(0..=0x1f) => return Err("not JSON: a control character within text".to_owned()),
                Some(_) => self.at += 1,
                None => return Err("not JSON: the text ends within a value".to_owned()),
            }
        }
        self.push(kind, start, self.at);
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let whole = self.digits();
        let zero_led = whole > 1 && self.text.as_bytes().get(self.at - whole) == Some(&b'0');
        let mut valid = whole > 0 && !zero_led;
        if self.peek() == Some(b'.') {
            self.at += 1;
            valid &= self.digits() > 0;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            valid &= self.digits() > 0;
        }
        if !valid {
            return Err("not JSON: a malformed number".to_owned());
        }
        self.push(Kind::Number, start, self.at);
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Json;
    use super::*;

    fn problem(text: &str) -> String {
        Document::parse(text).err().unwrap_or_default()
    }

    #[test]
    fn valid_json_reads_as_serde_reads_it() {
        for text in [
            "null",
            " [ ] ",
            "{}",
            r#"{"a": [1, -2.5e+3, true, false, null, "x"], "b": {"c": {}}}"#,
            r#""\u0041\ud83d\ude00\n\"\\\/\b\f\r\t""#,
            "[0, -0, 0.5, 1E5]",
        ] {
            let document = Document::parse(text).unwrap();
            let own: serde_json::Value = serde_json::from_str(&document.root().as_json()).unwrap();
            assert_eq!(own, serde_json::from_str::<serde_json::Value>(text).unwrap(), "{text}");
        }
        let text = Document::parse(r#""\u0041\ud83d\ude00\n\"\\\/\b\f\r\t""#).unwrap();
        assert_eq!(text.root().as_text().unwrap(), "A😀\n\"\\/\u{8}\u{c}\r\t");
    }

    #[test]
    fn invalid_json_is_refused_with_its_place() {
        for text in [
            "",
            "{",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "{\"a\": 1,}",
            "{1: 2}",
            "[1}",
            "nul",
            "01",
            "1.",
            "-",
            "1e",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u+123\"",
            "\"a",
            "\"\u{1}\"",
            "[] []",
            "/",
            "/* ",
            "'a'",
            "[\"a\" /* b */",
            "]",
            ",",
            "#",
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
            assert!(problem(text).contains("JSON"), "{text}: {}", problem(text));
        }
        assert_eq!(problem("[1,\n 2,\n  x]"), "not JSON: a value is missing (line 3 column 3)");
    }

    #[test]
    fn comments_are_skipped_wherever_space_is_allowed() {
        let text = "// first\n{ /* a */ \"a\" /**/ : // b\r 1 /* * / */ , \"b\"://\n2}// last";
        let document = Document::parse(text).unwrap();
        assert_eq!(document.root().get("a").and_then(Json::as_u64), Some(1));
        assert_eq!(document.root().get("b").and_then(Json::as_u64), Some(2));
        let text = Document::parse(r#""no // comment /* here */""#).unwrap();
        assert_eq!(text.root().as_text().unwrap(), "no // comment /* here */");
    }

    #[test]
    fn half_of_a_surrogate_pair_is_a_replacement_character() {
        for (text, stands_for) in [
            (r#""\ud800""#, "\u{fffd}"),
            (r#""\udc00x""#, "\u{fffd}x"),
            (r#""\ud800\u0041""#, "\u{fffd}A"),
            (r#""\ud800\ud83d\ude00""#, "\u{fffd}😀"),
        ] {
            assert_eq!(Document::parse(text).unwrap().root().as_text().unwrap(), stands_for);
        }
    }

    #[test]
    fn the_last_of_several_members_with_one_name_counts() {
        let document = Document::parse(r#"{"a": 1, "\u0061": 2}"#).unwrap();
        assert_eq!(document.root().get("a").and_then(Json::as_u64), Some(2));
    }

    #[test]
    fn nesting_is_bounded_and_the_error_names_the_bound() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(problem(&nested(1_000)), "");
        assert!(problem(&nested(1_001)).starts_with("nested deeper than 1000 arrays and objects"));
        assert!(problem(&"[".repeat(1_000_000)).ends_with("(line 1 column 1001)"));
    }

    #[test]
    fn values_compare_equal_regardless_of_white_space() {
        let same = |a: &str, b: &str| {
            let (a, b) = (Document::parse(a).unwrap(), Document::parse(b).unwrap());
            a.root().same_as(b.root())
        };
        assert!(same(r#"{"a":[1,"x"]}"#, "{ \"a\" : [1, /* one */ \"\\u0078\"] }"));
        assert!(!same("[1,[2]]", "[1,2]") && !same("[[1],2]", "[[1,2]]") && !same("1", "\"1\"") && !same("[]", "{}"));
    }
}
