//! `#[derive(Failure)]`: an error's text, what it proves, its code, and the rows of the table that explains its codes.

mod attributes;
mod cases;
mod codes;
mod errors;
mod said;
mod text;
mod verdicts;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::mistakes::Mistakes;
use cases::Case;

pub(crate) fn expand(input: &DeriveInput, root: &TokenStream) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let cases = Case::all(input, &mut mistakes);
    let found = |parts: &mut Mistakes, of: &dyn Fn(&Case<'_>) -> syn::Result<TokenStream>| -> Vec<TokenStream> {
        cases.iter().filter_map(|case| parts.keep(of(case))).collect()
    };
    let texts = found(&mut mistakes, &|case| Ok(text::arm(case)));
    let sources = found(&mut mistakes, &|case| Ok(errors::source(case)));
    let conversions = found(&mut mistakes, &|case| errors::conversion(case, input));
    let dispositions = found(&mut mistakes, &|case| verdicts::disposition(case, root));
    let codes = found(&mut mistakes, &|case| verdicts::code(case, root));
    let blames = found(&mut mistakes, &|case| Ok(verdicts::blame(case, root)));
    let table = codes::table(&cases, root, &mut mistakes);
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    mistakes.or(quote! {
        #[automatically_derived]
        #[allow(unused_variables)]
        impl #generics ::core::fmt::Display for #ident #arguments #bounds {
            fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#texts)* }
            }
        }
        #[automatically_derived]
        #[allow(unused_variables)]
        impl #generics ::core::error::Error for #ident #arguments #bounds {
            fn source(&self) -> ::core::option::Option<&(dyn ::core::error::Error + 'static)> {
                #[allow(unused_imports)]
                use #root::derive::AsDynError as _;
                match self { #(#sources)* }
            }
        }
        #[automatically_derived]
        #[allow(unused_variables, unused_imports)]
        impl #generics #root::Failure for #ident #arguments #bounds {
            fn disposition(&self) -> #root::Disposition {
                use #root::{Blame, Disposition, Failure as _};
                match self { #(#dispositions)* }
            }
            fn code(&self) -> &'static str {
                use #root::Failure as _;
                match self { #(#codes)* }
            }
            fn blame(&self) -> #root::Blame {
                use #root::{Blame, Disposition, Failure as _};
                match self { #(#blames)* }
            }
        }
        #[automatically_derived]
        impl #generics #root::FailureCodes for #ident #arguments #bounds {
            const CODES: &'static [#root::FailureCode] = #table;
        }
        #(#conversions)*
    })
}
