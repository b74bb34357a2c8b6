//! Keeps the newest version of each ticket: `cdc.mysql.desk.tickets` → DynamoDB.

use event_functions::{AvroRead, Config, Decimal, ExitCode, Function, KeepNewest, Table, item};

#[derive(AvroRead)]
struct Ticket<'a> {
    priority: Option<&'a str>,
    hours: Option<Decimal>,
}

#[derive(Config)]
struct Config {
    /// DynamoDB table of the tickets.
    #[env("TICKETS_TABLE")]
    table: Table,
}

fn function() -> Function {
    Function::new("index-tickets").changes::<Ticket>("cdc.mysql.desk.tickets").effect(|config: &Config, aws| {
        KeepNewest::in_table(aws, &config.table, |ticket| {
            item! { "priority" => ticket.priority, "hours" => ticket.hours }
        })
    })
}

fn main() -> ExitCode {
    function().run()
}
