//! The derive macro, for which this crate has the traits.

/// Implements [`trait@crate::Failure`] for an error, together with `Display`, [`Error`](std::error::Error) and [`FailureCodes`](crate::FailureCodes).
///
/// ```
/// use std::time::Duration;
/// use event_runtime::{Blame, Disposition, Failure};
///
/// const MOST: usize = 100;
///
/// #[derive(Debug, Failure)]
/// enum SendError {
///     /// The row's address cannot be sent to.
///     #[failure("the address has {0} bytes and may have {MOST}", dead_letter, code = "recipient_malformed",
///         blame = record, remedy = "Correct the row.")]
///     Address(usize),
///     /// More mails are waiting than the rate allows.
///     #[failure("the next turn is in {} ms", after.as_millis(), retry(after = after), code = "send_rate_exceeded")]
///     Rate { after: Duration },
///     /// The server broke the connection.
///     #[failure("the answer was lost", uncertain, code = "answer_lost")]
///     Lost(#[from] std::io::Error),
/// }
///
/// let error = SendError::Address(120);
/// assert_eq!(error.to_string(), "the address has 120 bytes and may have 100");
/// assert_eq!((error.disposition(), error.code(), error.blame()), (Disposition::DeadLetter, "recipient_malformed", Blame::Record));
/// ```
///
/// Each variant of an enum, or the struct, has an attribute `failure`; commas separate its parts:
///
/// - The text comes first, with fields by name, or `{0}`, and with constants; arguments may follow, as in `format!`.
/// - What may be done about it: `dead_letter`, `retry`, `retry(after = …)`, `uncertain`, or `disposition = …` together with
///   `results = [retry, uncertain]` for the table.
/// - `code = "…"`; or an expression, together with `codes = ["…"]`, or `codes` as a table of [`FailureCode`](crate::FailureCode)s.
/// - `blame = record`, `blame = deployment` (so without it) or an expression.
/// - `remedy = "…"`: what an operator does.
/// - The first paragraph of the doc comment is the meaning in the table; see [`code_table`](crate::code_table).
/// - `transparent`: the one field is a failure and answers everything. `forward = field`: it answers all but the text.
/// - A field with `#[source]`, or of that name, is the cause; `#[from]` also makes the failure of it.
///
/// In expressions, fields have their names, those of a tuple `_0`, `_1`; all are references. What `failure` says above an
/// enum holds for all of its variants that do not say it themselves.
///
/// What is missing is a compile error that says what to write:
///
/// ```compile_fail
/// #[derive(Debug, event_runtime::Failure)]
/// #[failure("the row has no address", code = "recipient_missing")]
/// struct NoRecipient;
/// ```
pub use event_runtime_derive::Failure;
