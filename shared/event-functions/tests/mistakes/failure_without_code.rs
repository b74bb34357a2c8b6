//! A failure without a code.
//~ say of `Closed` its error code: `code = "some_code"`

use event_functions::*;

#[derive(Debug, Failure)]
#[failure("the ticket is closed", dead_letter)]
struct Closed;

fn main() {}
