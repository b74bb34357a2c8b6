//! A claimed effect that does not say what becomes of an uncertain one.
//~ missing generics for struct
//~ type Guard = Claimed<ParkOrRepeat>;

use event_functions::*;

#[derive(AvroRead)]
struct Ticket {}

struct Mail;

impl ChangeHandler for Mail {
    type Row = Ticket;
    type Guard = Claimed;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket>) -> Decided<Self> {
        Ok(Decision::claimed(change.claim("mail")?, ()))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn main() {}
