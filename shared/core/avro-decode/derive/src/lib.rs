//! The derive macro of avro-decode.

use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Implements `AvroRead` and `AvroType`; see the documentation of `avro_decode`.
#[proc_macro_derive(AvroRead, attributes(avro))]
pub fn avro_read(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derives::avro_read(&parse_macro_input!(input as DeriveInput), &quote!(::avro_decode)).into()
}
