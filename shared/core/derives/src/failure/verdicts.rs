//! Writes the methods of `Failure`: disposition, code and blame.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Expr, ExprLit, Lit, LitStr};

use super::cases::Case;
use super::said::{Blame, Disposition};

/// The arm of `match self` for the disposition.
pub(super) fn disposition(case: &Case<'_>, root: &TokenStream) -> syn::Result<TokenStream> {
    let pattern = case.pattern();
    let value = match &case.said.disposition {
        Some(Disposition::DeadLetter) => quote!(#root::Disposition::DeadLetter),
        Some(Disposition::Uncertain) => quote!(#root::Disposition::Uncertain),
        Some(Disposition::Retry(None)) => quote!(#root::Disposition::Retry { after: ::core::option::Option::None }),
        Some(Disposition::Retry(Some(after))) => {
            quote!(#root::Disposition::Retry { after: #root::derive::after(#after) })
        }
        Some(Disposition::Computed(value)) => quote!(#value),
        None => match case.forwarded() {
            Some(part) => {
                let binding = &part.binding;
                quote!(#root::Failure::disposition(#binding))
            }
            None => {
                return Err(missing(
                    case,
                    "what may be done about it: `dead_letter` (another attempt will not help), `retry` (nothing \
                     happened), `uncertain` (the effect may have happened) or `disposition = …`",
                ));
            }
        },
    };
    Ok(quote!(#pattern => #value,))
}

/// The arm of `match self` for the code.
pub(super) fn code(case: &Case<'_>, root: &TokenStream) -> syn::Result<TokenStream> {
    let pattern = case.pattern();
    let value = match (&case.said.code, case.forwarded()) {
        (Some(code), _) => {
            if let Some(text) = literal(code) {
                well_formed(text)?;
            }
            quote!(#code)
        }
        (None, Some(part)) => {
            let binding = &part.binding;
            quote!(#root::Failure::code(#binding))
        }
        (None, None) => return Err(missing(case, "its error code: `code = \"some_code\"`")),
    };
    Ok(quote!(#pattern => #value,))
}

/// The arm of `match self` for the blame.
pub(super) fn blame(case: &Case<'_>, root: &TokenStream) -> TokenStream {
    let pattern = case.pattern();
    let value = match (&case.said.blame, case.forwarded()) {
        (Some(Blame::Record), _) => quote!(#root::Blame::Record),
        (Some(Blame::Computed(value)), _) => quote!(#value),
        (None, Some(part)) => {
            let binding = &part.binding;
            quote!(#root::Failure::blame(#binding))
        }
        (Some(Blame::Deployment), _) | (None, _) => quote!(#root::Blame::Deployment),
    };
    quote!(#pattern => #value,)
}

/// The text of an expression that is nothing else.
pub(super) fn literal(expression: &Expr) -> Option<&LitStr> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        _ => None,
    }
}

pub(super) fn well_formed(code: &LitStr) -> syn::Result<()> {
    let text = code.value();
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(legal) {
        return Ok(());
    }
    Err(Error::new_spanned(
        code,
        "a code is a short name in snake_case, such as `key_missing`: it is a metric's dimension",
    ))
}

pub(super) fn missing(case: &Case<'_>, what: &str) -> Error {
    Error::new(case.at, format!("say of `{}` {what}", case.ident))
}
