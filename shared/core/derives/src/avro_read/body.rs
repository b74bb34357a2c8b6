//! The two implementations that the derive writes, `AvroType` and `AvroRead`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, GenericParam, Ident};

use super::lifetimes::replace;

/// The parts of the two implementations that differ by kind of type.
pub(crate) struct Body {
    /// An expression for `AvroType::compile`, of `compiler` and `writer`; lifetimes are `'static`.
    pub(crate) compile: TokenStream,
    /// An expression for `AvroRead::read`, of `node` and `cursor`; lifetimes are `'de`.
    pub(crate) read: TokenStream,
    /// Further items of `AvroRead` and of `AvroType`.
    pub(crate) read_items: TokenStream,
    pub(crate) type_items: TokenStream,
}

impl Body {
    /// Both implementations, for `input`, with avro-decode's names below `root`.
    pub(crate) fn implement(&self, input: &DeriveInput, root: &TokenStream) -> TokenStream {
        let Body { compile, read, read_items, type_items } = self;
        let ident = &input.ident;
        let types: Vec<&Ident> = input.generics.type_params().map(|p| &p.ident).collect();
        let consts: Vec<TokenStream> = input
            .generics
            .const_params()
            .map(|p| {
                let (ident, ty) = (&p.ident, &p.ty);
                quote!(const #ident: #ty)
            })
            .collect();
        let arguments = |lifetime: TokenStream, ty: &dyn Fn(&Ident) -> TokenStream| {
            let list: Vec<TokenStream> = input
                .generics
                .params
                .iter()
                .map(|param| match param {
                    GenericParam::Lifetime(_) => lifetime.clone(),
                    GenericParam::Type(p) => ty(&p.ident),
                    GenericParam::Const(p) => {
                        let ident = &p.ident;
                        quote!(#ident)
                    }
                })
                .collect();
            if list.is_empty() { quote!() } else { quote!(<#(#list),*>) }
        };
        let plain = |t: &Ident| quote!(#t);
        let as_static = arguments(quote!('static), &plain);
        let borrowing = arguments(quote!('de), &plain);
        let of = arguments(quote!('de), &|t| quote!(<#t as #root::AvroType>::Of<'de>));

        let bounds = |lifetime: &str| -> TokenStream {
            let inline = input.generics.type_params().filter(|p| !p.bounds.is_empty()).map(|p| {
                let (ident, bounds) = (&p.ident, &p.bounds);
                quote!(#ident: #bounds,)
            });
            let clause = input.generics.where_clause.as_ref().map(|w| {
                let predicates = &w.predicates;
                quote!(#predicates)
            });
            replace(quote!(#(#inline)* #clause), lifetime)
        };
        let (static_bounds, de_bounds) = (bounds("static"), bounds("de"));

        quote! {
            #[automatically_derived]
            impl<#(#types: #root::AvroType,)* #(#consts),*> #root::AvroType for #ident #as_static
            where #static_bounds
            {
                type Of<'de> = #ident #of;

                #type_items

                fn compile(
                    compiler: &mut #root::Compiler<'_>,
                    writer: #root::TypeId,
                ) -> ::core::result::Result<#root::Node, #root::ResolveError> {
                    #compile
                }
            }

            #[automatically_derived]
            impl<'de, #(#types: #root::AvroRead<'de>,)* #(#consts),*> #root::AvroRead<'de>
                for #ident #borrowing
            where #de_bounds
            {
                fn read<'p>(
                    node: &'p #root::Node,
                    cursor: &mut #root::Cursor<'p, 'de>,
                ) -> ::core::result::Result<Self, #root::DecodeError> {
                    #read
                }

                #read_items
            }
        }
    }
}

/// An optional text as an expression.
pub(crate) fn option(text: Option<&String>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    }
}
