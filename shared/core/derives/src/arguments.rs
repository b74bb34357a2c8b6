//! What the arguments of `#[env(…)]` and `#[failure(…)]` have in common.

use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, Token};

/// Keeps the value of `key`, which may be said once.
pub(crate) fn once<T>(slot: &mut Option<T>, key: &Ident, value: T) -> syn::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new_spanned(key, format!("`{key}` is said twice, or contradicts what is said before"))),
    }
}

/// `= value`.
pub(crate) fn after_equals<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}
