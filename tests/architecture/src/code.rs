//! The lines of a Rust file that hold code, as its tokens say: comments and blank lines hold none.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proc_macro2::{LineColumn, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item};

use crate::modules::{attributes, is_test};

/// What counts as code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// All but tests inside of the file: what somebody wrote to make the function.
    Size,
    /// All but imports and attributes: what two files can have in common that means something.
    Likeness,
}

/// The lines of one file that hold code, by number; without the white space around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(pub BTreeMap<usize, String>);

impl Code {
    /// Reads a file that rustfmt has formatted.
    ///
    /// # Panics
    /// When it cannot be read or is not Rust.
    #[must_use]
    pub fn read(file: &Path, counting: Counting) -> Self {
        let text = fs::read_to_string(file).expect("a readable file");
        Code::of(&text, counting).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Of a text.
    ///
    /// # Errors
    /// When it is not Rust.
    pub fn of(text: &str, counting: Counting) -> Result<Self, syn::Error> {
        let mut aside = Aside { text, counting, spans: Vec::new() };
        aside.visit_file(&syn::parse_file(text)?);
        let mut tokens = Vec::new();
        flatten(text.parse()?, &mut tokens);
        let lines: Vec<&str> = text.lines().collect();
        let counted = tokens.into_iter().filter(|token| !aside.holds(*token));
        let counted = counted.flat_map(|token| token.start().line..=token.end().line);
        let line = |number: usize| lines.get(number.checked_sub(1)?).map(|line| (number, line.trim().to_owned()));
        Ok(Code(counted.filter_map(line).filter(|(_, line)| !line.is_empty()).collect()))
    }
}

/// Each token, and each bracket by itself: a group reaches from one to the other.
fn flatten(tokens: TokenStream, into: &mut Vec<Span>) {
    for token in tokens {
        if let TokenTree::Group(group) = token {
            into.extend([group.span_open(), group.span_close()]);
            flatten(group.stream(), into);
        } else {
            into.push(token.span());
        }
    }
}

/// What does not count.
struct Aside<'a> {
    text: &'a str,
    counting: Counting,
    spans: Vec<(LineColumn, LineColumn)>,
}

impl Aside<'_> {
    fn put(&mut self, span: Span) {
        self.spans.push((span.start(), span.end()));
    }

    fn holds(&self, token: Span) -> bool {
        let (start, end) = (token.start(), token.end());
        self.spans.iter().any(|(from, to)| *from <= start && end <= *to)
    }

    /// The compiler makes an attribute of a documentation comment.
    fn is_comment(&self, attribute: &Attribute) -> bool {
        let start = attribute.span().start();
        let line = self.text.lines().nth(start.line.saturating_sub(1)).unwrap_or_default();
        line.chars().nth(start.column) == Some('/')
    }
}

impl<'ast> Visit<'ast> for Aside<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let aside = match self.counting {
            Counting::Size => is_test(attributes(item)),
            Counting::Likeness => matches!(item, Item::Use(_)),
        };
        if aside {
            self.put(item.span());
        }
        visit::visit_item(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if self.counting == Counting::Likeness || self.is_comment(attribute) {
            self.put(attribute.span());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Counting};

    const FILE: &str = r#"//! A page.
use std::{
    fmt,
    io,
};

/// What it is.
#[derive(Debug)]
pub struct Row {
    // Not code.
    #[env("A")] a: u8, /* nor this */
}

const TEXT: &str = "one

two";

#[cfg(test)]
mod tests {
    #[test]
    fn works() {}
}
"#;

    fn lines(counting: Counting) -> Vec<String> {
        Code::of(FILE, counting).expect("Rust").0.into_values().collect()
    }

    #[test]
    fn size_counts_all_but_blank_lines_comments_and_tests() {
        let head = ["use std::{", "fmt,", "io,", "};", "#[derive(Debug)]", "pub struct Row {"];
        let rest = [r#"#[env("A")] a: u8, /* nor this */"#, "}", r#"const TEXT: &str = "one"#, r#"two";"#];
        assert_eq!(lines(Counting::Size), [head.as_slice(), rest.as_slice()].concat());
    }

    #[test]
    fn likeness_leaves_imports_and_attributes_aside_but_not_tests() {
        let head = ["pub struct Row {", r#"#[env("A")] a: u8, /* nor this */"#, "}", r#"const TEXT: &str = "one"#];
        let rest = [r#"two";"#, "mod tests {", "fn works() {}", "}"];
        assert_eq!(lines(Counting::Likeness), [head.as_slice(), rest.as_slice()].concat());
    }
}
