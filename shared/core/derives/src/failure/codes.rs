//! Writes the table of codes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Ident, LitStr};

use super::cases::Case;
use super::said::{Blame, Disposition};
use super::verdicts::{literal, missing, well_formed};
use crate::mistakes::Mistakes;

/// The value of `FailureCodes::CODES`.
pub(super) fn table(cases: &[Case<'_>], root: &TokenStream, mistakes: &mut Mistakes) -> TokenStream {
    let mut parts = Vec::new();
    let mut joined = false;
    for case in cases {
        match mistakes.keep(of_case(case, root)) {
            Some(Part::Rows(rows)) => parts.push(quote!(&[#(#rows),*])),
            Some(Part::Others(others)) => {
                joined = true;
                parts.push(others);
            }
            None => {}
        }
    }
    match parts.as_slice() {
        [only] => only.clone(),
        _ if joined || parts.len() > 1 => quote!({
            const PARTS: &[&[#root::FailureCode]] = &[#(#parts),*];
            &#root::derive::joined::<{ #root::derive::total(PARTS) }>(PARTS)
        }),
        _ => quote!(&[]),
    }
}

enum Part {
    /// Rows of this failure's own.
    Rows(Vec<TokenStream>),
    /// A table that is written elsewhere.
    Others(TokenStream),
}

fn of_case(case: &Case<'_>, root: &TokenStream) -> syn::Result<Part> {
    let said = &case.said;
    let codes = match (&said.codes, &said.code) {
        (Some(Expr::Array(array)), _) => array.elems.iter().map(listed).collect::<syn::Result<Vec<_>>>()?,
        (Some(table), _) => return Ok(Part::Others(quote!(#table))),
        (None, Some(code)) => match literal(code) {
            Some(code) => vec![code],
            None => {
                return Err(missing(
                    case,
                    "which codes those are, for the table: `codes = [\"one_code\", \"another\"]`",
                ));
            }
        },
        (None, None) => match case.forwarded() {
            Some(part) if said.disposition.is_none() && said.blame.is_none() => {
                let ty = part.ty;
                return Ok(Part::Others(quote!(<#ty as #root::FailureCodes>::CODES)));
            }
            Some(_) => {
                let what =
                    "which codes it has with this disposition or blame, for the table: `codes = [\"some_code\"]`";
                return Err(missing(case, what));
            }
            // Reported where the method is written.
            None => return Ok(Part::Rows(Vec::new())),
        },
    };
    if case.meaning.is_empty() {
        return Err(missing(
            case,
            "what it means, in a doc comment above it (`/// …`): it becomes the text of the table",
        ));
    }
    let results = results(case, root)?;
    let rows = codes.iter().flat_map(|code| results.iter().map(|result| row(case, code, result, root)));
    Ok(Part::Rows(rows.collect()))
}

fn listed(code: &Expr) -> syn::Result<&LitStr> {
    let text = literal(code).ok_or_else(|| syn::Error::new_spanned(code, "a code of the table is a text"))?;
    well_formed(text).map(|()| text)
}

fn results(case: &Case<'_>, root: &TokenStream) -> syn::Result<Vec<TokenStream>> {
    if let Some(results) = &case.said.results {
        return Ok(results.iter().map(|word| result(word, root)).collect());
    }
    match &case.said.disposition {
        Some(Disposition::DeadLetter) => Ok(vec![quote!(#root::FailureResult::DeadLetter)]),
        Some(Disposition::Retry(_)) => Ok(vec![quote!(#root::FailureResult::Retry)]),
        Some(Disposition::Uncertain) => Ok(vec![quote!(#root::FailureResult::Uncertain)]),
        Some(Disposition::Computed(_)) => {
            Err(missing(case, "which dispositions those are, for the table: `results = [retry, uncertain]`"))
        }
        None if case.forwarded().is_some() => {
            Err(missing(case, "which dispositions its field may have, for the table: `results = [retry, dead_letter]`"))
        }
        // Reported where the method is written.
        None => Ok(Vec::new()),
    }
}

fn result(word: &Ident, root: &TokenStream) -> TokenStream {
    match word.to_string().as_str() {
        "dead_letter" => quote!(#root::FailureResult::DeadLetter),
        "retry" => quote!(#root::FailureResult::Retry),
        _ => quote!(#root::FailureResult::Uncertain),
    }
}

fn row(case: &Case<'_>, code: &LitStr, result: &TokenStream, root: &TokenStream) -> TokenStream {
    let blame = match &case.said.blame {
        Some(Blame::Record) => quote!(::core::option::Option::Some(#root::Blame::Record)),
        Some(Blame::Computed(_)) => quote!(::core::option::Option::None),
        None if case.forwarded().is_some() => quote!(::core::option::Option::None),
        Some(Blame::Deployment) | None => quote!(::core::option::Option::Some(#root::Blame::Deployment)),
    };
    let meaning = &case.meaning;
    let remedy = case.said.remedy.as_ref().map(LitStr::value).unwrap_or_default();
    quote! {
        #root::FailureCode { code: #code, result: #result, blame: #blame, meaning: #meaning, remedy: #remedy }
    }
}
