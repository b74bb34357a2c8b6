//! Expands enums: enums of names read Avro's enums, enums of types read unions.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Error, Fields};

use super::attributes::{TypeAttributes, VariantAttributes};
use super::body::{Body, option};
use super::lifetimes::replace;

pub(crate) fn body(
    input: &DeriveInput,
    attributes: &TypeAttributes,
    data: &DataEnum,
    root: &TokenStream,
) -> syn::Result<Body> {
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "an enum needs a variant for each symbol or branch"));
    }
    if data.variants.iter().all(|v| matches!(v.fields, Fields::Unit)) {
        symbols(input, attributes, data, root)
    } else {
        union(input, attributes, data, root)
    }
}

fn symbols(input: &DeriveInput, attributes: &TypeAttributes, data: &DataEnum, root: &TokenStream) -> syn::Result<Body> {
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut arms = Vec::new();
    let mut default = None;
    for (index, variant) in data.variants.iter().enumerate() {
        let own = VariantAttributes::parse(&variant.attrs)?;
        let rust = variant.ident.unraw().to_string();
        let mut of_variant = vec![attributes.name_of(&own.names, &rust)];
        of_variant.extend(own.names.aliases);
        if let Some(twice) = of_variant.iter().find(|n| names.iter().flatten().any(|other| other == *n)) {
            return Err(Error::new_spanned(variant, format!("two variants read `{twice}`")));
        }
        if (own.default || own.other) && default.replace(index as u32).is_some() {
            return Err(Error::new_spanned(variant, "only one variant can be the default"));
        }
        names.push(of_variant);
        let (number, ident) = (index as u32, &variant.ident);
        arms.push(quote!(#number => ::core::result::Result::Ok(Self::#ident),));
    }
    let rust = input.ident.unraw().to_string();
    let name = option(attributes.names.name.as_ref());
    let aliases = &attributes.names.aliases;
    let default = match default {
        Some(index) => quote!(::core::option::Option::Some(#index)),
        None => quote!(::core::option::Option::None),
    };
    Ok(Body {
        compile: quote! {
            compiler.enumeration::<Self>(writer, &#root::derive::EnumSpec {
                rust: #rust,
                name: #name,
                aliases: &[#(#aliases),*],
                symbols: &[#(&[#(#names),*]),*],
                default: #default,
            })
        },
        read: quote! {
            match cursor.symbol(node)? {
                #(#arms)*
                _ => ::core::result::Result::Err(cursor.unplanned()),
            }
        },
        read_items: {
            let first = data.variants.iter().next().map(|variant| &variant.ident);
            quote! {
                #[inline(always)]
                fn blank() -> ::core::option::Option<Self> {
                    ::core::option::Option::Some(Self::#first)
                }
            }
        },
        type_items: quote!(),
    })
}

fn union(input: &DeriveInput, attributes: &TypeAttributes, data: &DataEnum, root: &TokenStream) -> syn::Result<Body> {
    if attributes.names.name.is_some() || !attributes.names.aliases.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            "a union has no name: put #[avro(name = \"…\")] on the variants or on the structs that they hold",
        ));
    }
    let mut specs = Vec::new();
    let (mut arms, mut blanks) = (Vec::new(), Vec::new());
    for (index, variant) in data.variants.iter().enumerate() {
        let own = VariantAttributes::parse(&variant.attrs)?;
        if own.default || !own.names.aliases.is_empty() {
            return Err(Error::new_spanned(
                variant,
                "a branch of a union takes #[avro(name = \"…\")] or, without content, #[avro(other)]",
            ));
        }
        let (number, ident) = (index as u32, &variant.ident);
        let rust = ident.unraw().to_string();
        let name = option(own.names.name.as_ref());
        let kind = match &variant.fields {
            Fields::Unit => {
                arms.push(quote!(#number => cursor.pass(node).map(|()| Self::#ident),));
                blanks.push(quote!(::core::option::Option::Some(Self::#ident)));
                if own.other {
                    quote!(#root::derive::VariantKind::Other)
                } else {
                    quote!(#root::derive::VariantKind::Null)
                }
            }
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 && !own.other => {
                let types = fields.unnamed.iter().map(|f| &f.ty);
                let ty = quote!(#(#types)*);
                let as_static = replace(ty.clone(), "static");
                let borrowing = replace(ty.to_token_stream(), "de");
                let at = ty.span();
                arms.push(quote_spanned! {at=>
                    #number => <#borrowing as #root::AvroRead<'de>>::read(node, cursor).map(Self::#ident),
                });
                blanks.push(quote_spanned!(at=> <#borrowing as #root::AvroRead<'de>>::blank().map(Self::#ident)));
                quote_spanned! {at=>
                    #root::derive::VariantKind::Holds(<#as_static as #root::AvroType>::compile)
                }
            }
            _ => {
                return Err(Error::new_spanned(
                    variant,
                    "a branch of a union holds one type, `Variant(Type)`, or nothing: `Variant` for null, \
                     `#[avro(other)] Variant` for every other branch",
                ));
            }
        };
        specs.push(quote! {
            #root::derive::VariantSpec { rust: #rust, name: #name, kind: #kind }
        });
    }
    let rust = input.ident.unraw().to_string();
    Ok(Body {
        compile: quote! {
            compiler.union(writer, &#root::derive::UnionSpec { rust: #rust, variants: &[#(#specs),*] })
        },
        read: quote! {
            let (number, node) = cursor.variant(node)?;
            match number {
                #(#arms)*
                _ => ::core::result::Result::Err(cursor.unplanned()),
            }
        },
        read_items: quote! {
            #[inline(always)]
            fn blank() -> ::core::option::Option<Self> {
                ::core::option::Option::None #(.or_else(|| #blanks))*
            }
        },
        type_items: quote!(),
    })
}
