//! A variable of a type that no text becomes by itself.
//~ a variable cannot hold `std::time::Duration` by itself
//~ this type does not say which values its variable may have

use event_functions::*;

#[derive(Config)]
struct Config {
    /// How long.
    #[env("HOW_LONG")]
    how_long: std::time::Duration,
}

fn main() {}
