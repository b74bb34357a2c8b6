//! An effect of changes that does not implement `ChangeHandler`.
//~ `Mail` is not an effect for these changes
//~ does not implement `ChangeHandler`
//~ or your own type with `impl ChangeHandler`

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Mail;

fn main() {
    let _ = Function::new("mail-tickets").changes::<Ticket>("tickets").effect(|_: &(), _| Mail);
}
