//! Appends each event once: `user.profile.updated` → a log in DynamoDB, one conditional transaction a record.

use event_functions::{AppendOnce, AvroRead, Config, ExitCode, Function, Table, item};

/// The fields that this function reads; all others are skipped without being decoded.
///
/// Add the fields that you need, for example `revision: i64`. Text borrows from the record as `&'a str` (and `Data<'a>`). An
/// `Option` may be null, and absent in some version of the event's schema.
#[derive(AvroRead)]
struct Data {}

#[derive(Config)]
struct Config {
    /// DynamoDB table of the log.
    #[env("TEMPLATE_EVENTS_TABLE", example = "template-events")]
    table: Table,
}

fn function() -> Function {
    Function::new("template-events").events::<Data>("user.profile.updated").effect(|config: &Config, aws| {
        // The attributes to store beside the keys, for example `item! { "revision" => event.data().revision }`. They are
        // the content by which a repetition is told from another event under the same id.
        AppendOnce::in_table(aws, &config.table, |_event| item! {})
    })
}

fn main() -> ExitCode {
    function().run()
}

#[cfg(test)]
mod tests {
    use event_functions::testing::{EventHeaders, Facts, Outcome};

    use super::*;

    /// An event with a value in each field that the function reads.
    fn data() -> Data {
        Data {}
    }

    #[test]
    fn an_event_is_appended_once_under_its_id() {
        let test = function().test(&[("TEMPLATE_EVENTS_TABLE", "template-events")]);
        let facts = Facts::<Data>::of(&test);
        let headers = EventHeaders { id: Some("e1"), time: Some("2026-11-20T09:15:00.25Z") };
        assert_eq!(facts.happened("17", headers, data()), Outcome::Done);
        assert_eq!(facts.happened("17", headers, data()), Outcome::Duplicate);
        let without_id = EventHeaders { id: None, ..headers };
        assert_eq!(facts.happened("17", without_id, data()), Outcome::DeadLettered("event_id_missing"));
        assert_eq!(test.item("template-events", "entity#17").unwrap()["sk"], "2026-11-20T09:15:00.250000Z#e1");
    }

    #[test]
    fn the_readme_lists_the_functions_variables() {
        function().check_readme(include_str!("../README.md"), &[]);
    }
}
