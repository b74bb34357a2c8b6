//! Writes `Display`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use super::cases::Case;

/// The arm of `match self` that writes the text.
pub(super) fn arm(case: &Case<'_>) -> TokenStream {
    let pattern = case.pattern();
    let Some(text) = &case.said.text else {
        let binding = case.forwarded().map(|part| &part.binding);
        return quote!(#pattern => ::core::fmt::Display::fmt(#binding, __formatter),);
    };
    let text = LitStr::new(&with_bindings(&text.value()), text.span());
    let arguments = case.said.arguments.iter().map(|argument| quote!(, #argument));
    let named = case.said.named.iter().map(|(name, argument)| quote!(, #name = #argument));
    quote!(#pattern => ::core::write!(__formatter, #text #(#arguments)* #(#named)*),)
}

/// `{0}` names the first field, which is bound to `_0`.
fn with_bindings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        match (c, rest.peek()) {
            ('{', Some('{')) => out.extend(rest.next()),
            ('{', Some(digit)) if digit.is_ascii_digit() => out.push('_'),
            _ => {}
        }
    }
    out
}
