//! A configuration that is only a struct.
//~ `Config` is not a configuration
//~ a configuration is a struct with `#[derive(Config)]`; a function without variables writes `|_: &(), aws|`

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Config {
    table: Table,
}

fn main() {
    let tickets = Function::new("index-tickets").changes::<Ticket>("tickets");
    let _ = tickets.effect(|config: &Config, aws| KeepNewest::in_table(aws, &config.table, |_| item! {}));
}
