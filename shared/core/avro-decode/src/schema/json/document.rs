//! The values of a JSON text and their places in it.

use std::borrow::Cow;

use super::escapes::unescaped;
use crate::message_text::{self, ShortName};

/// A JSON text with the places of its values.
pub(crate) struct Document<'t> {
    pub(super) text: &'t str,
    /// In the order of the text: an array or object comes before what it holds, a member's key before its value.
    pub(super) values: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) kind: Kind,
    /// Of the text, without quotation marks.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The index of the value after this one and everything that it holds.
    pub(super) next: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    /// Text with escapes.
    Escaped,
    Array,
    Object,
}

/// One value of a document.
#[derive(Clone, Copy)]
pub(crate) struct Json<'d> {
    document: &'d Document<'d>,
    index: usize,
}

impl<'t> Document<'t> {
    pub(crate) fn root(&self) -> Json<'_> {
        Json { document: self, index: 0 }
    }

    /// How many values it has, keys included.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value at an index of [`Json::index`].
    pub(crate) fn at(&self, index: usize) -> Json<'_> {
        Json { document: self, index }
    }
}

impl<'d> Json<'d> {
    pub(crate) fn index(self) -> usize {
        self.index
    }

    fn span(self) -> Span {
        // Indexes come from this document; a foreign one reads as null instead of panicking.
        let null = Span { kind: Kind::Null, start: 0, end: 0, next: u32::MAX };
        self.document.values.get(self.index).copied().unwrap_or(null)
    }

    pub(crate) fn kind(self) -> Kind {
        self.span().kind
    }

    /// Its source text; for text without the quotation marks.
    pub(crate) fn source(self) -> &'d str {
        let span = self.span();
        self.document.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Its source text, as JSON of its own.
    pub(crate) fn as_json(self) -> Cow<'d, str> {
        match self.kind() {
            Kind::Text | Kind::Escaped => Cow::Owned(format!("\"{}\"", self.source())),
            _ => Cow::Borrowed(self.source()),
        }
    }

    pub(crate) fn as_text(self) -> Option<Cow<'d, str>> {
        match self.kind() {
            Kind::Text => Some(Cow::Borrowed(self.source())),
            Kind::Escaped => Some(Cow::Owned(unescaped(self.source()))),
            _ => None,
        }
    }

    pub(crate) fn as_u64(self) -> Option<u64> {
        if self.kind() == Kind::Number { self.source().parse().ok() } else { None }
    }

    pub(crate) fn as_i64(self) -> Option<i64> {
        if self.kind() == Kind::Number { self.source().parse().ok() } else { None }
    }

    /// The array's items; none for another value.
    pub(crate) fn items(self) -> impl Iterator<Item = Json<'d>> {
        let of_array = self.kind() == Kind::Array;
        self.within().filter(move |_| of_array)
    }

    /// The object's keys and values; none for another value.
    pub(crate) fn members(self) -> impl Iterator<Item = (Json<'d>, Json<'d>)> {
        let of_object = self.kind() == Kind::Object;
        let mut all = self.within().filter(move |_| of_object);
        std::iter::from_fn(move || Some((all.next()?, all.next()?)))
    }

    /// The member of that name; of several the last, as in Java.
    pub(crate) fn get(self, name: &str) -> Option<Json<'d>> {
        self.members().filter(|(key, _)| key.is_text(name)).last().map(|(_, value)| value)
    }

    fn is_text(self, text: &str) -> bool {
        match self.kind() {
            Kind::Text => self.source() == text,
            Kind::Escaped => self.as_text().is_some_and(|own| own == text),
            _ => false,
        }
    }

    fn within(self) -> impl Iterator<Item = Json<'d>> {
        let end = self.span().next as usize;
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = Json { document: self.document, index: at };
            at = value.span().next as usize;
            Some(value)
        })
    }

    /// Whether the values are the same, regardless of white space, comments and escapes.
    pub(crate) fn same_as(self, other: Json<'_>) -> bool {
        let (own, its) = (self.all(), other.all());
        own.len() == its.len()
            && own.zip(its).all(|(index, other_index)| {
                let (a, b) = (self.document.at(index), other.document.at(other_index));
                match (a.as_text(), b.as_text()) {
                    (Some(a), Some(b)) => a == b,
                    (None, None) if a.is_nested() => {
                        a.kind() == b.kind() && a.span().next as usize - index == b.span().next as usize - other_index
                    }
                    (None, None) => a.kind() == b.kind() && a.source() == b.source(),
                    _ => false,
                }
            })
    }

    fn is_nested(self) -> bool {
        matches!(self.kind(), Kind::Array | Kind::Object)
    }

    fn all(self) -> std::ops::Range<usize> {
        self.index..self.span().next as usize
    }

    /// Where in the schema, as `Record.field.items`; `.` for the root.
    pub(crate) fn path(self) -> String {
        let mut path = Vec::new();
        let mut at = self.document.root();
        while at.index < self.index {
            let holds = |value: &Json<'_>| value.all().contains(&self.index);
            let (key, mut value) = match at.kind() {
                Kind::Object => {
                    let Some((key, value)) = at.members().find(|(_, value)| holds(value)) else { break };
                    (key.as_text(), value)
                }
                _ => {
                    let Some((index, value)) = at.items().enumerate().find(|(_, value)| holds(value)) else { break };
                    path.push(format!("[{index}]"));
                    (None, value)
                }
            };
            match key.as_deref() {
                Some("fields") if value.kind() == Kind::Array => {
                    // A field by its name rather than by its number.
                    let field = value.items().enumerate().find(|(_, field)| holds(field));
                    let Some((index, field)) = field else { break };
                    let name = field.get("name").and_then(Json::as_text);
                    path.push(name.map_or_else(|| format!("[{index}]"), |name| ShortName(&name).to_string()));
                    value = field;
                }
                Some(key @ ("items" | "values")) => path.push(key.to_owned()),
                _ => {}
            }
            at = value;
        }
        message_text::path(&path)
    }
}
