//! The derive macro of event-runtime.

use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Display`, `Error`, `Failure` and `FailureCodes`; see the documentation of `event_runtime`.
#[proc_macro_derive(Failure, attributes(failure, source, from))]
pub fn failure(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derives::failure(&parse_macro_input!(input as DeriveInput), &quote!(::event_runtime)).into()
}
