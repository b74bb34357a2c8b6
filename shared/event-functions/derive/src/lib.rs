//! The derive macros of functions. What they generate names the crates below `event_functions`, which hands them on.

use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Implements `AvroRead` and `AvroType`; see the documentation of `avro_decode`.
#[proc_macro_derive(AvroRead, attributes(avro))]
pub fn avro_read(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derives::avro_read(&parse_macro_input!(input as DeriveInput), &quote!(::event_functions::avro_decode)).into()
}

/// Implements `Configuration`: a struct whose fields are read from environment variables.
///
/// A field says which variable fills it. Its doc comment is the variable's meaning, for error texts and for the README.
///
/// ```text
/// /// DynamoDB table of the orders.
/// #[env("ORDERS_TABLE")]
/// table: Table,
/// /// Mails a second.
/// #[env("RATE_PER_SECOND", kind = number(1..=500), default = "10")]
/// rate: u32,
/// /// How many days an entry is kept; without it, for ever.
/// #[env("RETENTION_DAYS", kind = number(1..=36_500_u32), example = "3650", map = days)]
/// retention: Option<Duration>,
/// /// Who gets mail in the mode `allowlist`.
/// #[env("EMAIL_ALLOWLIST", kind = list(address()), required_when(mode == Mode::Allowlist, "EMAIL_MODE=allowlist"))]
/// allowed: Option<Vec<String>>,
/// #[env(flatten)]
/// kafka: Kafka,
/// ```
///
/// - An `Option` is a variable that may be left out; so is one with a `default`. Any other is required.
/// - `kind` is what the variable may contain, with the names of `environment` in scope; without it, what the field's type says.
/// - `example` replaces the kind's own example.
/// - `local` is its value on a laptop, where the example of a required one, or the default, will not do.
/// - `map` turns the value that was read into the field's type.
/// - `required_when` has a condition of the fields above, and the words for it.
/// - `flatten` reads another configuration.
/// - `#[env(check = function)]` on the struct: `fn(&Config, &mut Reader<'_>)`, which refuses what does not fit together.
#[proc_macro_derive(Config, attributes(env))]
pub fn config(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derives::config(&parse_macro_input!(input as DeriveInput), &quote!(::event_functions::environment)).into()
}

/// Implements `Display`, `Error`, `Failure` and `FailureCodes`; see the documentation of `event_runtime`.
#[proc_macro_derive(Failure, attributes(failure, source, from))]
pub fn failure(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derives::failure(&parse_macro_input!(input as DeriveInput), &quote!(::event_functions::event_runtime)).into()
}
