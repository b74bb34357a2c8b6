//! Parses `#[failure(…)]`.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::parse::discouraged::Speculative;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::token::Paren;
use syn::{Attribute, Error, Expr, Ident, LitStr, Token, bracketed, parenthesized};

use super::said::{Blame, Disposition, Said};
use crate::arguments::{after_equals, once};

const EXAMPLE: &str = "`#[failure(\"text with {field}\", dead_letter, code = \"some_code\")]`, with `retry` or `uncertain` in \
    place of `dead_letter` where that is right, or `#[failure(transparent)]` for a failure inside of another";

/// What holds for all variants of an enum.
pub(super) fn of_enum(attributes: &[Attribute]) -> syn::Result<Said> {
    let said = merged(attributes)?;
    if let Some(text) = &said.text {
        return Err(Error::new_spanned(text, "the text belongs to the variants"));
    }
    if let Some(transparent) = &said.transparent {
        return Err(Error::new_spanned(transparent, "`transparent` belongs to a variant"));
    }
    Ok(said)
}

/// What holds for one case, and the place of its attribute.
pub(super) fn of_case(ident: &Ident, attributes: &[Attribute], general: Option<&Said>) -> syn::Result<(Said, Span)> {
    let Some(attribute) = attributes.iter().find(|attribute| attribute.path().is_ident("failure")) else {
        return Err(Error::new_spanned(ident, format!("say above `{ident}` what it means: {EXAMPLE}")));
    };
    let mut said = merged(attributes)?;
    if said.text.is_none() && said.transparent.is_none() {
        let text = format!("`{ident}` has no text, which comes first: {EXAMPLE}");
        return Err(Error::new_spanned(attribute, text));
    }
    if let Some(general) = general {
        said.inherit(general);
    }
    Ok((said, attribute.span()))
}

fn merged(attributes: &[Attribute]) -> syn::Result<Said> {
    let mut said = Said::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("failure")) {
        attribute.parse_args_with(|input: ParseStream<'_>| parse(&mut said, input))?;
    }
    Ok(said)
}

/// Adds the arguments of one attribute.
fn parse(said: &mut Said, input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        argument(said, input)?;
        if input.is_empty() {
            break;
        }
        input.parse::<Token![,]>()?;
    }
    Ok(())
}

fn argument(said: &mut Said, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(LitStr) && said.text.is_none() {
        said.text = Some(input.parse()?);
        return Ok(());
    }
    let ahead = input.fork();
    if let Ok(key) = ahead.call(Ident::parse_any) {
        let has_value = ahead.peek(Token![=]) && !ahead.peek(Token![==]);
        let is_word = ahead.is_empty() || ahead.peek(Token![,]);
        let is_retry = key == "retry" && ahead.peek(Paren);
        if has_value || is_word || is_retry {
            input.advance_to(&ahead);
            return keyed(said, key, input);
        }
    }
    let argument: Expr = input.parse()?;
    if said.text.is_none() {
        return Err(Error::new_spanned(argument, KNOWN));
    }
    said.arguments.push(argument);
    Ok(())
}

const KNOWN: &str = "a failure takes its text and that text's arguments, and then `dead_letter`, `retry`, \
    `retry(after = …)`, `uncertain` or `disposition = …` with `results = [retry, …]`; `code = \"…\"`, or `code = …` with \
    `codes = [\"…\"]`; `blame = record` or `blame = deployment`; `remedy = \"…\"`; `forward = field`; or `transparent`";

fn keyed(said: &mut Said, key: Ident, input: ParseStream<'_>) -> syn::Result<()> {
    match key.to_string().as_str() {
        "dead_letter" => once(&mut said.disposition, &key, Disposition::DeadLetter),
        "uncertain" => once(&mut said.disposition, &key, Disposition::Uncertain),
        "retry" => {
            let after = if input.peek(Paren) { Some(after(input)?) } else { None };
            once(&mut said.disposition, &key, Disposition::Retry(after.map(Box::new)))
        }
        "disposition" => {
            let computed = after_equals(input)?;
            once(&mut said.disposition, &key, Disposition::Computed(computed))
        }
        "results" => {
            let results = results(input)?;
            once(&mut said.results, &key, results)
        }
        "code" => once(&mut said.code, &key, after_equals(input)?),
        "codes" => once(&mut said.codes, &key, after_equals(input)?),
        "blame" => once(&mut said.blame, &key, blame(after_equals(input)?)),
        "remedy" => once(&mut said.remedy, &key, after_equals(input)?),
        "forward" => once(&mut said.forward, &key, after_equals(input)?),
        "transparent" => once(&mut said.transparent, &key, key.clone()),
        name if input.peek(Token![=]) && is_named(said, name) => {
            said.named.push((key, after_equals(input)?));
            Ok(())
        }
        name => Err(Error::new_spanned(&key, format!("`{name}` is not known here: {KNOWN}"))),
    }
}

/// Whether the text names this argument.
fn is_named(said: &Said, name: &str) -> bool {
    let text = said.text.as_ref().map(LitStr::value).unwrap_or_default();
    text.contains(&format!("{{{name}}}")) || text.contains(&format!("{{{name}:"))
}

/// `(after = …)`.
fn after(input: ParseStream<'_>) -> syn::Result<Expr> {
    let inside;
    parenthesized!(inside in input);
    let key: Ident = inside.parse()?;
    if key != "after" {
        return Err(Error::new_spanned(key, "`retry(after = …)` takes a `Duration` or an `Option<Duration>`"));
    }
    after_equals(&inside)
}

/// `= [retry, uncertain]`.
fn results(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    input.parse::<Token![=]>()?;
    let inside;
    bracketed!(inside in input);
    let words = Punctuated::<Ident, Token![,]>::parse_terminated(&inside)?;
    for word in &words {
        if !["dead_letter", "retry", "uncertain"].iter().any(|known| word == known) {
            return Err(Error::new_spanned(word, "a result is `dead_letter`, `retry` or `uncertain`"));
        }
    }
    Ok(words.into_iter().collect())
}

fn blame(said: Expr) -> Blame {
    match &said {
        Expr::Path(path) if path.path.is_ident("record") => Blame::Record,
        Expr::Path(path) if path.path.is_ident("deployment") => Blame::Deployment,
        _ => Blame::Computed(Box::new(said)),
    }
}
