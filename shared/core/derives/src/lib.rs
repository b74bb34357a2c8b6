//! What the derive macros generate.
//!
//! A macro is a crate of its own that can hold nothing else, and it has to name the traits that it implements. A crate of
//! the core names them by their own crate, a function by the only crate that it depends on. So the code is generated
//! here, with the path to the traits (`root`) as an argument, and the macros are crates of one file.
//!
//! Mistakes become compile errors that say what to write. All mistakes of one type are reported together.

mod arguments;
mod avro_read;
mod config;
mod docs;
mod failure;
mod mistakes;

use proc_macro2::TokenStream;
use syn::{DeriveInput, Error};

/// `AvroRead` and `AvroType` of avro-decode, which is `root`.
pub fn avro_read(input: &DeriveInput, root: &TokenStream) -> TokenStream {
    avro_read::expand(input, root).unwrap_or_else(Error::into_compile_error)
}

/// `Configuration` of environment, which is `root`.
pub fn config(input: &DeriveInput, root: &TokenStream) -> TokenStream {
    config::expand(input, root).unwrap_or_else(Error::into_compile_error)
}

/// `Display`, `Error`, and the traits `Failure` and `FailureCodes` of event-runtime, which is `root`.
pub fn failure(input: &DeriveInput, root: &TokenStream) -> TokenStream {
    failure::expand(input, root).unwrap_or_else(Error::into_compile_error)
}
