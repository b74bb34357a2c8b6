//! A value that cannot stand in an item of DynamoDB.
//~ `std::time::Duration` cannot stand in an item of DynamoDB
//~ neither text, number, boolean, time, nor a list, map or option of them
//~ turn it into text with `.to_string()`, take one of its fields, or nest another `item! { … }`

use event_functions::*;

fn main() {
    let _ = item! { "spent" => std::time::Duration::ZERO };
}
