//! A guard that is none.
//~ does not keep an effect from happening twice
//~ write `type Guard = Conditional;` for an effect whose own condition refuses a repetition, or `type Guard = Claimed<Park>;` for one that has none

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Mail;

impl ChangeHandler for Mail {
    type Row = Ticket;
    type Guard = Park;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket>) -> Decided<Self> {
        Ok(Decision::skip("all"))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn main() {}
