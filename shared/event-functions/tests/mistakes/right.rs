//! Without a mistake, so that the other cases fail by theirs.

use event_functions::{
    AvroRead, Change, ChangeHandler, Claimed, Config, Decided, Decision, Effect, ExitCode, Failure, Function, Park,
    Performed, Table,
};

#[derive(AvroRead)]
struct Ticket<'a> {
    status: &'a str,
}

#[derive(Config)]
struct Config {
    /// DynamoDB table of the tickets.
    #[env("TICKETS_TABLE")]
    table: Table,
}

/// The ticket is closed.
#[derive(Debug, Failure)]
#[failure("the ticket is closed", dead_letter, code = "ticket_closed")]
struct Closed;

struct Mail(Table);

impl ChangeHandler for Mail {
    type Row = Ticket<'static>;
    type Guard = Claimed<Park>;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket<'_>>) -> Decided<Self> {
        match change.after() {
            Some(ticket) if ticket.status == "closed" => Err(Closed.into()),
            _ => Ok(Decision::claimed(change.claim("mail")?, ())),
        }
    }

    async fn perform(&self, (): ()) -> Performed {
        println!("{}", self.0.name());
        Ok(Effect::Done)
    }
}

fn main() -> ExitCode {
    let mails = Function::new("mail-tickets").changes::<Ticket>("tickets");
    mails.effect(|config: &Config, _| Mail(config.table.clone())).run()
}
