//! A column of a type that Avro does not have.
//~ `u64` cannot be read from Avro
//~ Avro has no unsigned numbers: read `i64`

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {
    number: u64,
}

fn main() {}
