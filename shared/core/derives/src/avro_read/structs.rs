//! Expands structs: a record by its fields, or a wrapper of one value.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataStruct, DeriveInput, Error, Field, Fields};

use super::attributes::{FieldAttributes, FieldDefault, TypeAttributes};
use super::body::{Body, option};
use super::lifetimes::replace;

pub(crate) fn body(
    input: &DeriveInput,
    attributes: &TypeAttributes,
    data: &DataStruct,
    root: &TokenStream,
) -> syn::Result<Body> {
    match &data.fields {
        Fields::Named(fields) => record(input, attributes, fields.named.iter().collect(), root),
        Fields::Unit => record(input, attributes, Vec::new(), root),
        Fields::Unnamed(fields) => {
            let mut all = fields.unnamed.iter();
            match (all.next(), all.next()) {
                (Some(field), None) => Ok(wrapper(field, root)),
                _ => Err(Error::new_spanned(
                    fields,
                    "a record's fields have names: write `struct Name { field: Type, … }`, or one field to wrap a type",
                )),
            }
        }
    }
}

/// `struct Wrapper(T)` reads as `T` does.
fn wrapper(field: &Field, root: &TokenStream) -> Body {
    let as_static = replace(field.ty.to_token_stream(), "static");
    let borrowing = replace(field.ty.to_token_stream(), "de");
    Body {
        compile: quote!(<#as_static as #root::AvroType>::compile(compiler, writer)),
        read: quote! {
            <#borrowing as #root::AvroRead<'de>>::read(node, cursor).map(Self)
        },
        read_items: quote! {
            fn fill<'p>(
                &mut self,
                node: &'p #root::Node,
                cursor: &mut #root::Cursor<'p, 'de>,
            ) -> ::core::result::Result<(), #root::DecodeError> {
                self.0.fill(node, cursor)
            }

            #[inline(always)]
            fn blank() -> ::core::option::Option<Self> {
                <#borrowing as #root::AvroRead<'de>>::blank().map(Self)
            }

            fn absent() -> ::core::option::Option<Self> {
                <#borrowing as #root::AvroRead<'de>>::absent().map(Self)
            }
        },
        type_items: quote! {
            const OPTIONAL: bool = <#as_static as #root::AvroType>::OPTIONAL;
        },
    }
}

fn record(
    input: &DeriveInput,
    attributes: &TypeAttributes,
    fields: Vec<&Field>,
    root: &TokenStream,
) -> syn::Result<Body> {
    let mut names: Vec<String> = Vec::new();
    let mut specs = Vec::new();
    let mut slots = Vec::new();
    let (mut blank, mut straight, mut fills) = (Vec::new(), Vec::new(), Vec::new());
    let (mut locals, mut parts, mut build) = (Vec::new(), Vec::new(), Vec::new());
    for (index, field) in fields.iter().enumerate() {
        let own = FieldAttributes::parse(&field.attrs)?;
        let Some(ident) = &field.ident else { continue };
        let rust = ident.unraw().to_string();
        let name = attributes.name_of(&own.names, &rust);
        if names.contains(&name) {
            return Err(Error::new_spanned(field, format!("two fields read `{name}`")));
        }
        let as_static = replace(field.ty.to_token_stream(), "static");
        let borrowing = replace(field.ty.to_token_stream(), "de");
        let aliases = &own.names.aliases;
        // So that a type that cannot be read is reported where it is written.
        let at = field.ty.span();
        let (optional, default) = match &own.default {
            None => {
                let optional = quote_spanned!(at=> <#as_static as #root::AvroType>::OPTIONAL);
                (optional, quote_spanned!(at=> <#borrowing as #root::AvroRead<'de>>::absent))
            }
            Some(FieldDefault::Trait) => {
                (quote!(true), quote!(|| ::core::option::Option::Some(::core::default::Default::default())))
            }
            Some(FieldDefault::Expression(value)) => (quote!(true), quote!(|| ::core::option::Option::Some(#value))),
        };
        specs.push(quote_spanned! {at=>
            #root::derive::FieldSpec {
                name: #name,
                aliases: &[#(#aliases),*],
                optional: #optional,
                compile: <#as_static as #root::AvroType>::compile,
            }
        });
        let (slot, local) = (format_ident!("slot_{index}", span = at), format_ident!("field_{index}"));
        let number = index as u32;
        blank.push(quote_spanned!(at=> #ident: <#borrowing as #root::AvroRead<'de>>::blank()?));
        straight.push(quote_spanned!(at=> #slot.fill(&mut self.#ident, cursor, #default)?;));
        fills.push(quote_spanned!(at=> #number => slot.fill_in_loop(&mut self.#ident, cursor, #default)?,));
        parts.push(quote_spanned!(at=> #number => slot.part(&mut #local, cursor, #default)?,));
        locals.push(
            quote_spanned!(at=> let mut #local: ::core::option::Option<#borrowing> = ::core::option::Option::None;),
        );
        build.push(quote_spanned!(at=> #ident: #local.ok_or_else(|| cursor.unplanned())?));
        slots.push(slot);
        names.push(name);
    }
    let rust = input.ident.unraw().to_string();
    let name = option(attributes.names.name.as_ref());
    let aliases = &attributes.names.aliases;
    Ok(Body {
        compile: quote! {
            compiler.record::<Self>(writer, &#root::derive::RecordSpec {
                rust: #rust,
                name: #name,
                aliases: &[#(#aliases),*],
                fields: &[#(#specs),*],
            })
        },
        read: quote! {
            if let ::core::option::Option::Some(mut this) = <Self as #root::AvroRead<'de>>::blank() {
                this.fill(node, cursor)?;
                return ::core::result::Result::Ok(this);
            }
            let plan = cursor.begin_record(node)?;
            #(#locals)*
            for (number, slot) in plan.in_order() {
                match number {
                    #(#parts)*
                    _ => return ::core::result::Result::Err(cursor.unplanned()),
                }
            }
            cursor.end_record(plan)?;
            ::core::result::Result::Ok(Self { #(#build),* })
        },
        read_items: quote! {
            fn fill<'p>(
                &mut self,
                node: &'p #root::Node,
                cursor: &mut #root::Cursor<'p, 'de>,
            ) -> ::core::result::Result<(), #root::DecodeError> {
                let plan = cursor.begin_record(node)?;
                // The fields one after the other, if they were written in this order; else as they were written.
                if let ::core::option::Option::Some([#(#slots),*]) = plan.straight() {
                    #(#straight)*
                } else {
                    for (number, slot) in plan.in_order() {
                        match number {
                            #(#fills)*
                            _ => return ::core::result::Result::Err(cursor.unplanned()),
                        }
                    }
                }
                cursor.end_record(plan)
            }

            #[inline(always)]
            fn blank() -> ::core::option::Option<Self> {
                ::core::option::Option::Some(Self { #(#blank),* })
            }
        },
        type_items: quote!(),
    })
}
