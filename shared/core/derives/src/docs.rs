//! Reads doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// A whole doc comment on one line.
pub(crate) fn one_line(attributes: &[Attribute]) -> String {
    lines(attributes).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The first paragraph of a doc comment on one line.
pub(crate) fn first_paragraph(attributes: &[Attribute]) -> String {
    let paragraph = lines(attributes).skip_while(String::is_empty).take_while(|line| !line.is_empty());
    paragraph.collect::<Vec<_>>().join(" ")
}

/// The lines, without the spaces around them. A block comment is one attribute of several lines.
fn lines(attributes: &[Attribute]) -> impl Iterator<Item = String> {
    let texts = attributes.iter().filter_map(text);
    texts.flat_map(|text| text.split('\n').map(|line| line.trim().to_owned()).collect::<Vec<_>>())
}

fn text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
