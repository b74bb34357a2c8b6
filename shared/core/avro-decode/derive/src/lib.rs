//! The derive macro of avro-decode: what a struct or enum asks of a writer's schema, and code that reads it by a plan.

mod attributes;
mod enums;
mod lifetimes;
mod structs;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, GenericParam, Ident};

use attributes::TypeAttributes;
use lifetimes::replace;

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
    Ok(implement(input, &body))
}

/// The parts of the two implementations that differ by kind of type.
struct Body {
    /// An expression for `AvroType::compile`, of `compiler` and `writer`; lifetimes are `'static`.
    compile: TokenStream,
    /// An expression for `AvroRead::read`, of `node` and `cursor`; lifetimes are `'de`.
    read: TokenStream,
    /// Further items of `AvroRead` and of `AvroType`.
    read_items: TokenStream,
    type_items: TokenStream,
}

fn implement(input: &DeriveInput, body: &Body) -> TokenStream {
    let Body { compile, read, read_items, type_items } = body;
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
    let of = arguments(quote!('de), &|t| quote!(<#t as ::avro_decode::AvroType>::Of<'de>));

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
        impl<#(#types: ::avro_decode::AvroType,)* #(#consts),*> ::avro_decode::AvroType for #ident #as_static
        where #static_bounds
        {
            type Of<'de> = #ident #of;

            #type_items

            fn compile(
                compiler: &mut ::avro_decode::Compiler<'_>,
                writer: ::avro_decode::TypeId,
            ) -> ::core::result::Result<::avro_decode::Node, ::avro_decode::ResolveError> {
                #compile
            }
        }

        #[automatically_derived]
        impl<'de, #(#types: ::avro_decode::AvroRead<'de>,)* #(#consts),*> ::avro_decode::AvroRead<'de>
            for #ident #borrowing
        where #de_bounds
        {
            fn read<'p>(
                node: &'p ::avro_decode::Node,
                cursor: &mut ::avro_decode::Cursor<'p, 'de>,
            ) -> ::core::result::Result<Self, ::avro_decode::DecodeError> {
                #read
            }

            #read_items
        }
    }
}
