//! The cases of a failure: the variants of an enum, or the struct itself.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, Index, Member, Type};

use super::attributes;
use super::said::Said;
use crate::docs;
use crate::mistakes::Mistakes;

/// A variant, or the struct itself.
pub(super) struct Case<'a> {
    pub(super) ident: &'a Ident,
    /// `Self` or `Self::Variant`.
    pub(super) path: TokenStream,
    /// Where a mistake is shown that has no better place.
    pub(super) at: Span,
    /// The first paragraph of the doc comment: the meaning in the table.
    pub(super) meaning: String,
    pub(super) said: Said,
    pub(super) parts: Vec<Part<'a>>,
    /// Which of them answers instead of this case.
    forwarded: Option<usize>,
}

/// A field.
pub(super) struct Part<'a> {
    pub(super) member: Member,
    /// Its name in expressions: that of the field, or `_0`.
    pub(super) binding: Ident,
    pub(super) ty: &'a Type,
    pub(super) is_source: bool,
    pub(super) is_from: bool,
}

impl<'a> Case<'a> {
    pub(super) fn all(input: &'a DeriveInput, mistakes: &mut Mistakes) -> Vec<Self> {
        match &input.data {
            Data::Struct(data) => {
                let case = Case::one(&input.ident, quote!(Self), &input.attrs, &data.fields, None);
                mistakes.keep(case).into_iter().collect()
            }
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    mistakes.add(Error::new_spanned(&input.ident, "a failure needs a variant for each way to fail"));
                }
                let Some(general) = mistakes.keep(attributes::of_enum(&input.attrs)) else { return Vec::new() };
                let cases = data.variants.iter().map(|variant| {
                    let ident = &variant.ident;
                    Case::one(ident, quote!(Self::#ident), &variant.attrs, &variant.fields, Some(&general))
                });
                cases.filter_map(|case| mistakes.keep(case)).collect()
            }
            Data::Union(_) => {
                mistakes.add(Error::new_spanned(&input.ident, "a failure is a struct or an enum"));
                Vec::new()
            }
        }
    }

    fn one(
        ident: &'a Ident,
        path: TokenStream,
        written: &'a [Attribute],
        fields: &'a Fields,
        general: Option<&Said>,
    ) -> syn::Result<Self> {
        let (said, at) = attributes::of_case(ident, written, general)?;
        let meaning = docs::first_paragraph(written);
        let parts: Vec<_> = fields.iter().enumerate().map(|(index, field)| Part::new(index, field)).collect();
        let forwarded = forwarded(&said, &parts)?;
        Ok(Case { ident, path, at, meaning, said, parts, forwarded })
    }

    /// A pattern that binds all fields.
    pub(super) fn pattern(&self) -> TokenStream {
        let path = &self.path;
        let bindings = self.parts.iter().map(|Part { member, binding, .. }| match member {
            Member::Named(ident) => quote!(#ident),
            Member::Unnamed(index) => quote!(#index: #binding),
        });
        quote!(#path { #(#bindings),* })
    }

    /// The field that answers instead of this case, if there is one.
    pub(super) fn forwarded(&self) -> Option<&Part<'a>> {
        self.forwarded.and_then(|index| self.parts.get(index))
    }
}

/// Which field answers instead of the case itself.
fn forwarded(said: &Said, parts: &[Part<'_>]) -> syn::Result<Option<usize>> {
    if let Some(member) = &said.forward {
        let found = parts.iter().position(|part| part.member == *member);
        return found.map(Some).ok_or_else(|| Error::new_spanned(member, "there is no field of this name"));
    }
    match (&said.transparent, parts.len()) {
        (None, _) => Ok(None),
        (Some(_), 1) => Ok(Some(0)),
        (Some(transparent), _) => Err(Error::new_spanned(
            transparent,
            "`transparent` is for exactly one field; with more of them give a text, and `forward = field` for the rest",
        )),
    }
}

impl<'a> Part<'a> {
    fn new(index: usize, field: &'a syn::Field) -> Self {
        let has = |name| field.attrs.iter().any(|attribute| attribute.path().is_ident(name));
        let (member, binding) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), ident.clone()),
            None => (Member::Unnamed(Index::from(index)), format_ident!("_{index}")),
        };
        let is_source = has("source") || has("from") || binding == "source";
        Part { member, binding, ty: &field.ty, is_source, is_from: has("from") }
    }
}
