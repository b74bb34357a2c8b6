//! A claim, and a guard that has none.
//~ expected `Decision<(), Conditional>`, found `Decision<(), Claimed<_>>`

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Mail;

impl ChangeHandler for Mail {
    type Row = Ticket;
    type Guard = Conditional;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket>) -> Decided<Self> {
        Ok(Decision::claimed(change.claim("mail")?, ()))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn main() {}
