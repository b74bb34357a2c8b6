//! A claimed effect that says something else about an uncertain one.
//~ `Claimed` needs to know what becomes of an effect of which nobody knows whether it happened
//~ neither `Park` nor `Repeat`
//~ `Claimed<Park>`: it waits for a person's decision; `Claimed<Repeat>`: it may happen twice

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Mail;

impl ChangeHandler for Mail {
    type Row = Ticket;
    type Guard = Claimed<()>;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket>) -> Decided<Self> {
        Ok(Decision::claimed(change.claim("mail")?, ()))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn main() {}
