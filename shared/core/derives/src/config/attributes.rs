//! Parses `#[env(…)]` on fields, and on the struct.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, Field, Ident, LitStr, Path, Token, parenthesized};

use crate::arguments::{after_equals, once};
use crate::docs;

/// What fills a field.
pub(super) enum Filled {
    Variable(Box<Variable>),
    /// `#[env(flatten)]`: another configuration.
    Flattened,
}

/// A variable, and how it is read.
pub(super) struct Variable {
    pub(super) name: LitStr,
    pub(super) meaning: String,
    pub(super) default: Option<LitStr>,
    pub(super) kind: Option<Expr>,
    pub(super) example: Option<LitStr>,
    /// Its value on a laptop.
    pub(super) local: Option<LitStr>,
    pub(super) map: Option<Expr>,
    pub(super) required_when: Option<(Expr, LitStr)>,
}

impl Filled {
    pub(super) fn parse(field: &Field) -> syn::Result<Self> {
        let mut found = field.attrs.iter().filter(|attribute| attribute.path().is_ident("env"));
        let Some(attribute) = found.next() else { return Err(no_attribute(field)) };
        if let Some(second) = found.next() {
            return Err(Error::new_spanned(second, "a field has one `#[env(…)]`; put everything into it"));
        }
        let said = attribute.parse_args_with(Punctuated::<Argument, Token![,]>::parse_terminated)?;
        if said.len() == 1 && matches!(said.first(), Some(Argument::Flatten(_))) {
            return Ok(Filled::Flattened);
        }
        Variable::of(attribute, field, said).map(|variable| Filled::Variable(Box::new(variable)))
    }
}

fn no_attribute(field: &Field) -> Error {
    let variable = field.ident.as_ref().map(|ident| ident.unraw().to_string().to_uppercase()).unwrap_or_default();
    Error::new_spanned(
        field,
        format!(
            "which variable fills this field? Write `#[env(\"{variable}\")]` above it, or `#[env(flatten)]` if it is a \
             configuration of its own"
        ),
    )
}

impl Variable {
    fn of(attribute: &Attribute, field: &Field, said: Punctuated<Argument, Token![,]>) -> syn::Result<Self> {
        let mut said = said.into_iter();
        let Some(Argument::Name(name)) = said.next() else {
            return Err(Error::new_spanned(attribute, "the variable's name comes first: `#[env(\"NAME\")]`"));
        };
        let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if name.value().is_empty() || !name.value().chars().all(legal) {
            return Err(Error::new_spanned(name, "a variable's name has capital letters, digits and underscores"));
        }
        let meaning = docs::one_line(&field.attrs);
        if meaning.is_empty() {
            let text = format!(
                "say what {} means in a doc comment above it (`/// …`): it becomes the text of the README",
                name.value()
            );
            return Err(Error::new_spanned(field, text));
        }
        let mut variable = Variable {
            name,
            meaning,
            default: None,
            kind: None,
            example: None,
            local: None,
            map: None,
            required_when: None,
        };
        said.try_for_each(|argument| variable.take(argument))?;
        Ok(variable)
    }

    fn take(&mut self, argument: Argument) -> syn::Result<()> {
        match argument {
            Argument::Default(key, text) => once(&mut self.default, &key, text),
            Argument::Kind(key, kind) => once(&mut self.kind, &key, kind),
            Argument::Example(key, text) => once(&mut self.example, &key, text),
            Argument::Local(key, text) => once(&mut self.local, &key, text),
            Argument::Map(key, map) => once(&mut self.map, &key, map),
            Argument::RequiredWhen(key, condition, words) => once(&mut self.required_when, &key, (condition, words)),
            Argument::Name(name) => Err(Error::new_spanned(name, "a field is filled by one variable")),
            Argument::Flatten(key) => Err(Error::new_spanned(key, "`flatten` stands alone: `#[env(flatten)]`")),
        }
    }
}

/// One part of `#[env(…)]`, with its key for error texts.
enum Argument {
    Name(LitStr),
    Default(Ident, LitStr),
    Kind(Ident, Expr),
    Example(Ident, LitStr),
    Local(Ident, LitStr),
    Map(Ident, Expr),
    RequiredWhen(Ident, Expr, LitStr),
    Flatten(Ident),
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return Ok(Argument::Name(input.parse()?));
        }
        let key = input.call(Ident::parse_any)?;
        match key.to_string().as_str() {
            "default" => Ok(Argument::Default(key, after_equals(input)?)),
            "kind" => Ok(Argument::Kind(key, after_equals(input)?)),
            "example" => Ok(Argument::Example(key, after_equals(input)?)),
            "local" => Ok(Argument::Local(key, after_equals(input)?)),
            "map" => Ok(Argument::Map(key, after_equals(input)?)),
            "flatten" => Ok(Argument::Flatten(key)),
            "required_when" => {
                let inside;
                parenthesized!(inside in input);
                let condition = inside.parse()?;
                inside.parse::<Token![,]>().map_err(|error| {
                    Error::new(error.span(), "say the condition in words: `required_when(condition, \"MODE=live\")`")
                })?;
                Ok(Argument::RequiredWhen(key, condition, inside.parse()?))
            }
            _ => Err(Error::new_spanned(
                &key,
                format!(
                    "`{key}` is not known here: after the name there may be `default = \"…\"`, `kind = …`, \
                     `example = \"…\"`, `local = \"…\"`, `map = …` and `required_when(condition, \"words\")`; or `flatten` alone"
                ),
            )),
        }
    }
}

/// `#[env(check = function)]` on the struct.
pub(super) fn check(attributes: &[Attribute]) -> syn::Result<Option<Path>> {
    let Some(attribute) = attributes.iter().find(|attribute| attribute.path().is_ident("env")) else { return Ok(None) };
    attribute.parse_args_with(|input: ParseStream<'_>| {
        let key: Ident = input.parse()?;
        if key != "check" {
            return Err(Error::new_spanned(key, "a configuration takes `#[env(check = function)]`"));
        }
        after_equals(input).map(Some)
    })
}
