//! A failure that does not say what may be done about it.
//~ say of `Closed` what may be done about it: `dead_letter` (another attempt will not help), `retry` (nothing happened), `uncertain` (the effect may have happened)
//~ say of `Closed` what it means, in a doc comment above it (`/// …`): it becomes the text of the table

use event_functions::*;

#[derive(Debug, Failure)]
#[failure("the ticket is closed", code = "ticket_closed")]
struct Closed;

fn main() {}
