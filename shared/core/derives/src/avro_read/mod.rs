//! `#[derive(AvroRead)]`: describes what a struct or enum reads from a writer's schema, and writes the code that reads it
//! by a plan.

mod attributes;
mod body;
mod case;
mod enums;
mod lifetimes;
mod structs;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error};

use attributes::TypeAttributes;

pub(crate) fn expand(input: &DeriveInput, root: &TokenStream) -> syn::Result<TokenStream> {
    let attributes = TypeAttributes::parse(&input.attrs)?;
    let body = match &input.data {
        Data::Struct(data) => structs::body(input, &attributes, data, root)?,
        Data::Enum(data) => enums::body(input, &attributes, data, root)?,
        Data::Union(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "AvroRead is for structs and enums; an Avro union is a Rust enum with a variant for each branch",
            ));
        }
    };
    Ok(body.implement(input, root))
}
