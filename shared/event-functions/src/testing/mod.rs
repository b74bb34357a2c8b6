//! A function in memory, for its own tests: what is delivered, what became of it, and what it wrote.
//!
//! ```
//! # use event_functions::{AvroRead, Config, Function, KeepNewest, Table, item};
//! use event_functions::{Op, testing::{Outcome, Rows}};
//!
//! # #[derive(AvroRead)]
//! # struct Ticket<'a> { status: Option<&'a str> }
//! # #[derive(Config)]
//! # struct Config {
//! #     /// DynamoDB table of the tickets.
//! #     #[env("TICKETS_TABLE")]
//! #     table: Table,
//! # }
//! # fn function() -> Function {
//! #     Function::new("index-tickets").changes::<Ticket>("cdc.mysql.desk.tickets").effect(|config: &Config, aws| {
//! #         KeepNewest::in_table(aws, &config.table, |ticket| item! { "status" => ticket.status })
//! #     }).schemas_elsewhere()
//! # }
//! let test = function().test(&[("TICKETS_TABLE", "tickets")]);
//! let tickets = Rows::<Ticket>::of(&test);
//! assert_eq!(tickets.change(Op::Create, "42", 1, Some(Ticket { status: Some("open") })), Outcome::Done);
//! assert_eq!(tickets.change(Op::Create, "42", 1, Some(Ticket { status: Some("open") })), Outcome::Duplicate);
//! assert_eq!(test.item("tickets", "42").unwrap()["status"], "open");
//! ```

mod contract;
mod delivered;
mod harness;
pub(crate) mod memory;
mod readme;
mod recorded;
pub(crate) mod running;
mod schema_check;
pub(crate) mod schemas;
mod subjects;
pub(crate) mod typed;
mod typed_deliveries;

pub use delivered::{Delivered, Letter};
pub use event_runtime::testing::{EarlierClaims, MemoryClaims, StoredClaim};
pub use event_runtime::{Claim, Claims, FailureCode, FailureCodes, FailureResult, Outcome, OwnerToken};
pub use harness::Harness;
pub use recorded::Recorded;
pub use schema_check::check_schemas;
pub use schemas::Unreadable;
pub use typed_deliveries::{Documents, EventHeaders, Facts, Rows};
