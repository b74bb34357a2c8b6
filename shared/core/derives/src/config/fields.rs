//! Writes the statement that reads one field.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Field, GenericArgument, PathArguments, Type};

use super::attributes::{Filled, Variable};

/// `let field: Type = …;`, so that the conditions of later fields can name it.
pub(super) fn read(field: &Field, filled: &Filled, root: &TokenStream) -> syn::Result<TokenStream> {
    let (ident, ty) = (&field.ident, &field.ty);
    // The type's place: one that cannot be read is reported there.
    let at = ty.span();
    let value = match filled {
        Filled::Flattened => quote_spanned!(at=> <#ty as #root::Configuration>::read(__env)),
        Filled::Variable(variable) => of_variable(ty, variable, root)?,
    };
    Ok(quote!(let #ident: #ty = #value;))
}

fn of_variable(ty: &Type, variable: &Variable, root: &TokenStream) -> syn::Result<TokenStream> {
    let Variable { name, meaning, default, map, required_when, .. } = variable;
    let optional = inside_of_option(ty);
    let kind = kind(optional.unwrap_or(ty), variable, root);
    let read = match (default, required_when) {
        (Some(default), Some(_)) => {
            return Err(Error::new_spanned(
                default,
                "a variable with a default is never required: keep one of the two",
            ));
        }
        (Some(default), None) if optional.is_some() => {
            return Err(Error::new_spanned(
                default,
                "a variable with a default always has a value: give the field the type without `Option`, or remove the default",
            ));
        }
        (None, Some(_)) if optional.is_none() => {
            return Err(Error::new_spanned(
                ty,
                "a variable that is required under a condition may be missing otherwise: write `Option<…>`",
            ));
        }
        (Some(default), None) => quote!(__env.default(#name, #meaning, #kind, #default)),
        (None, Some((condition, words))) => quote!(__env.required_when(#condition, #words, #name, #meaning, #kind)),
        (None, None) if optional.is_some() => quote!(__env.optional(#name, #meaning, #kind)),
        (None, None) => quote!(__env.required(#name, #meaning, #kind)),
    };
    Ok(match (map, optional) {
        (None, _) => read,
        (Some(map), Some(_)) => quote!((#read).map(#map)),
        (Some(map), None) => quote!((#map)(#read)),
    })
}

/// What the variable may contain. The names of environment are in scope for `kind = …` only, so that fields keep theirs.
fn kind(ty: &Type, variable: &Variable, root: &TokenStream) -> TokenStream {
    let kind = match &variable.kind {
        Some(kind) => quote!({
            #[allow(unused_imports)]
            use #root::*;
            #kind
        }),
        None => {
            let at = ty.span();
            quote_spanned!(at=> <#ty as #root::FromVariable>::kind())
        }
    };
    let kind = match &variable.example {
        Some(example) => quote!(#root::Kind::example(#kind, #example)),
        None => kind,
    };
    match &variable.local {
        Some(local) => quote!(#root::Kind::locally(#kind, #local)),
        None => kind,
    }
}

/// `T` of `Option<T>`.
fn inside_of_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}
