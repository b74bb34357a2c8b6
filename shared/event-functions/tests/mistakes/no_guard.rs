//! A handler that does not say what keeps its effect from happening twice.
//~ not all trait items implemented, missing: `Guard`
//~ help: implement the missing item: `type Guard = 

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Mail;

impl ChangeHandler for Mail {
    type Row = Ticket;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket>) -> Decided<Self> {
        Ok(Decision::claimed(change.claim("mail")?, ()))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn main() {}
