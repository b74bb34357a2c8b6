//! A function that reads and does nothing.
//~ this function reads records and does nothing about them
//~ say what it does before this: `.effect(|config: &Config, aws| …)`

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

fn main() -> ExitCode {
    Function::new("index-tickets").changes::<Ticket>("tickets").run()
}
