//! Quotes names and other schema text in messages, cut to some length and on one line. Anybody who may register a schema
//! chooses its names: one may have a million letters or a line break, and messages go into logs and dead letters.

use std::fmt;

/// The longest name that is quoted whole, in bytes.
const NAME: usize = 64;
/// The longest other text of a schema that is quoted whole, such as a default, in bytes.
const TEXT: usize = 200;
/// A longer path keeps so many segments of its beginning and of its end.
const FIRST: usize = 4;
const LAST: usize = 10;

/// A name, cut to some length and on one line.
pub(crate) struct ShortName<'a>(pub(crate) &'a str);

impl fmt::Display for ShortName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cut(f, self.0, NAME)
    }
}

/// Another text of a schema, cut to some length and on one line.
pub(crate) struct Excerpt<'a>(pub(crate) &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cut(f, self.0, TEXT)
    }
}

fn write_cut(f: &mut fmt::Formatter<'_>, text: &str, most: usize) -> fmt::Result {
    let cut = text.floor_char_boundary(most);
    let short = text.get(..cut).unwrap_or_default();
    for character in short.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            write!(f, "{}", character.escape_unicode())?;
        } else {
            fmt::Write::write_char(f, character)?;
        }
    }
    if cut < text.len() { write!(f, "… ({} bytes)", text.len()) } else { Ok(()) }
}

/// The first names in backticks, with `…` if there are more.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let mut names = names.into_iter();
    let mut list: Vec<String> = names.by_ref().take(MOST).map(|name| format!("`{}`", ShortName(name))).collect();
    if names.next().is_some() {
        list.push("…".into());
    }
    list.join(", ")
}

/// A path's segments with dots between them; `.` for none. A long path keeps its beginning and its end.
pub(crate) fn path<S: fmt::Display>(segments: &[S]) -> String {
    let mut text = String::new();
    for (index, segment) in ends(segments).into_iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        text.push_str(&match segment {
            Ok(segment) => segment.to_string(),
            Err(left_out) => format!("…{left_out} levels…"),
        });
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// The first and last segments of a long list, with the number of those left out in between.
pub(crate) fn ends<S>(segments: &[S]) -> Vec<Result<&S, usize>> {
    match (segments.split_at_checked(FIRST), segments.len().checked_sub(FIRST + LAST)) {
        (Some((first, rest)), Some(left_out @ 1..)) => {
            let last = rest.iter().skip(left_out).map(Ok);
            first.iter().map(Ok).chain([Err(left_out)]).chain(last).collect()
        }
        _ => segments.iter().map(Ok).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_to_some_length_and_stays_on_its_line() {
        assert_eq!(ShortName("größe").to_string(), "größe");
        assert_eq!(ShortName(&"x".repeat(1_200_000)).to_string(), format!("{}… (1200000 bytes)", "x".repeat(64)));
        assert_eq!(ShortName("a\nb\u{2028}").to_string(), "a\\u{a}b\\u{2028}");
        assert_eq!(ShortName(&"ö".repeat(50)).to_string(), format!("{}… (100 bytes)", "ö".repeat(32)));
    }

    #[test]
    fn a_long_path_keeps_its_beginning_and_its_end() {
        let segments: Vec<String> = (0..60).map(|n| format!("f{n}")).collect();
        let path = path(&segments);
        assert_eq!(path, "f0.f1.f2.f3.…46 levels….f50.f51.f52.f53.f54.f55.f56.f57.f58.f59");
    }
}
