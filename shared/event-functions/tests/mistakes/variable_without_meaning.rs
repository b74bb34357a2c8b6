//! A variable that no doc comment explains.
//~ say what TICKETS_TABLE means in a doc comment above it (`/// …`): it becomes the text of the README

use event_functions::*;

#[derive(Config)]
struct Config {
    #[env("TICKETS_TABLE")]
    table: Table,
}

fn main() {}
