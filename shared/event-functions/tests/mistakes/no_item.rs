//! A pattern whose closure makes something else than an item.
//~ is not an item of DynamoDB
//~ write the columns to keep: `|row| item! { "status" => row.status }`

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

fn main() {
    let tickets = Function::new("index-tickets").changes::<Ticket>("tickets");
    let _ = tickets.effect(|_: &(), aws: &Aws<Ticket>| KeepNewest::in_table(aws, todo!(), |_| String::new()));
}
