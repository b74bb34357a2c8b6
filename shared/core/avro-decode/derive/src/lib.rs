//! The derive macro of avro-decode: describes what a struct or enum reads from a writer's schema, and writes the code that
//! reads it by a plan.

mod attributes;
mod body;
mod enums;
mod lifetimes;
mod structs;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error};

use attributes::TypeAttributes;

/// Implements `AvroRead` and `AvroType`; see the documentation of `avro_decode`.
#[proc_macro_derive(AvroRead, attributes(avro))]
pub fn avro_read(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let attributes = TypeAttributes::parse(&input.attrs)?;
    let body = match &input.data {
        Data::Struct(data) => structs::body(input, &attributes, data)?,
        Data::Enum(data) => enums::body(input, &attributes, data)?,
        Data::Union(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "AvroRead is for structs and enums; an Avro union is a Rust enum with a variant for each branch",
            ));
        }
    };
    Ok(body.implement(input))
}
