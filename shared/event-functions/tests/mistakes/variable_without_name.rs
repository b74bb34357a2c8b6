//! A field that no variable fills.
//~ which variable fills this field? Write `#[env("TABLE")]` above it, or `#[env(flatten)]` if it is a configuration of its own

use event_functions::*;

#[derive(Config)]
struct Config {
    /// DynamoDB table of the tickets.
    table: Table,
}

fn main() {}
