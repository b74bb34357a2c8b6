//! `#[derive(Config)]`: a struct whose fields are read from environment variables.

mod attributes;
mod fields;

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields};

use crate::mistakes::Mistakes;
use attributes::Filled;

pub(crate) fn expand(input: &DeriveInput, root: &TokenStream) -> syn::Result<TokenStream> {
    let fields = named_fields(input)?;
    let mut mistakes = Mistakes::default();
    let check = mistakes.keep(attributes::check(&input.attrs)).flatten();
    let mut variables = BTreeSet::new();
    let mut reads = Vec::new();
    for field in fields {
        let Some(filled) = mistakes.keep(Filled::parse(field)) else { continue };
        if let Filled::Variable(variable) = &filled
            && !variables.insert(variable.name.value())
        {
            mistakes.add(Error::new_spanned(&variable.name, "another field reads this variable already"));
        }
        reads.extend(mistakes.keep(fields::read(field, &filled, root)));
    }
    let names: Vec<_> = fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let check = check.map(|check| quote!((#check)(&read, __env);));
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    mistakes.or(quote! {
        #[automatically_derived]
        impl #generics #root::Configuration for #ident #arguments #bounds {
            fn read(__env: &mut #root::Reader<'_>) -> Self {
                #(#reads)*
                let read = Self { #(#names),* };
                #check
                read
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> syn::Result<&syn::punctuated::Punctuated<Field, syn::Token![,]>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(&fields.named),
            _ => Err(wrong_shape(input)),
        },
        _ => Err(wrong_shape(input)),
    }
}

fn wrong_shape(input: &DeriveInput) -> Error {
    Error::new_spanned(
        &input.ident,
        "a configuration is a struct with named fields, one for each variable: `#[env(\"NAME\")] field: Type`; for \
         anything else write `impl Configuration` by hand",
    )
}
