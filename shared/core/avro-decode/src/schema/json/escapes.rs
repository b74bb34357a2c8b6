//! Resolves escapes within JSON text.

/// The four digits of `\u0041`, which begins at `at`.
pub(super) fn code_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

/// The text that `source` stands for; the parser has checked it.
pub(super) fn unescaped(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at).unwrap_or_default());
        let mut length = 2;
        text.push(match rest.as_bytes().get(at + 1) {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let units = [code_unit(rest, at), code_unit(rest, at + 6)];
                let (character, taken) = character(units.into_iter().flatten());
                length = 6 * taken;
                character
            }
            Some(other) => char::from(*other),
            None => char::REPLACEMENT_CHARACTER,
        });
        rest = rest.get(at + length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The first character of these UTF-16 code units, and how many it takes. Half of a surrogate pair is a character only in Java.
fn character(units: impl Iterator<Item = u16>) -> (char, usize) {
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => (character, character.len_utf16()),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}
