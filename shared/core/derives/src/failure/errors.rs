//! Writes `Error::source`, and `From` for the fields that are marked so.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Type};

use super::cases::{Case, Part};

/// The arm of `match self` that gives the cause.
pub(super) fn source(case: &Case<'_>) -> TokenStream {
    let pattern = case.pattern();
    if case.said.transparent.is_some() {
        let bindings = case.parts.iter().take(1).map(|part| &part.binding);
        return quote!(#pattern => #(::core::error::Error::source(#bindings))*,);
    }
    let Some(Part { binding, ty, .. }) = case.parts.iter().find(|part| part.is_source) else {
        return quote!(#pattern => ::core::option::Option::None,);
    };
    if is_option(ty) {
        quote!(#pattern => #binding.as_ref().map(|cause| cause.as_dyn_error()),)
    } else {
        quote!(#pattern => ::core::option::Option::Some(#binding.as_dyn_error()),)
    }
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// `impl From` for the field with `#[from]`.
pub(super) fn conversion(case: &Case<'_>, input: &DeriveInput) -> syn::Result<TokenStream> {
    let Some(Part { member, ty, .. }) = case.parts.iter().find(|part| part.is_from) else { return Ok(quote!()) };
    if case.parts.len() > 1 {
        return Err(Error::new_spanned(
            ty,
            "`#[from]` makes the failure of this field alone, but it has others: write `#[source]`, and `impl From` by hand",
        ));
    }
    let (ident, path) = (&input.ident, &case.path);
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::core::convert::From<#ty> for #ident #arguments #bounds {
            fn from(cause: #ty) -> Self {
                #path { #member: cause }
            }
        }
    })
}
