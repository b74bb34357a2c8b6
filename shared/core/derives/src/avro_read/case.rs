//! `#[avro(rename_all = "…")]`: how Rust names become names of the schema.

use syn::{Error, LitStr};

/// How Rust names become names of the schema.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Camel,
    Pascal,
    Snake,
    ScreamingSnake,
    Lower,
    Upper,
}

impl Case {
    pub(super) fn parse(literal: &LitStr) -> syn::Result<Self> {
        Ok(match literal.value().as_str() {
            "camelCase" => Case::Camel,
            "PascalCase" => Case::Pascal,
            "snake_case" => Case::Snake,
            "SCREAMING_SNAKE_CASE" => Case::ScreamingSnake,
            "lowercase" => Case::Lower,
            "UPPERCASE" => Case::Upper,
            _ => {
                return Err(Error::new(
                    literal.span(),
                    "rename_all is one of camelCase, PascalCase, snake_case, SCREAMING_SNAKE_CASE, lowercase, UPPERCASE",
                ));
            }
        })
    }

    /// `name` is a Rust field (`snake_case`) or variant (`PascalCase`).
    pub(crate) fn apply(self, name: &str) -> String {
        let words = words(name);
        let capital = |word: &String| {
            let mut chars = word.chars();
            chars.next().map(|c| c.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
        };
        match self {
            Case::Camel => words.iter().enumerate().map(|(i, w)| if i == 0 { w.clone() } else { capital(w) }).collect(),
            Case::Pascal => words.iter().map(capital).collect(),
            Case::Snake => words.join("_"),
            Case::ScreamingSnake => words.join("_").to_uppercase(),
            Case::Lower => name.to_lowercase(),
            Case::Upper => name.to_uppercase(),
        }
    }
}

/// The words of a name in lower case, by underscores and by capitals.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in name.chars() {
        if c == '_' {
            open = false;
            continue;
        }
        if !open || c.is_uppercase() {
            words.push(String::new());
        }
        open = true;
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words
}
