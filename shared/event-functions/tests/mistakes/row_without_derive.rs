//! A row that cannot be read.
//~ `Ticket` cannot be read from Avro
//~ a struct or enum of your own: write `#[derive(AvroRead)]` above it

use event_functions::*;

struct Ticket {}

fn main() {
    let _ = Function::new("index-tickets").changes::<Ticket>("tickets");
}
