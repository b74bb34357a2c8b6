//! Keeps the newest version of each row: `cdc.postgres.public.accounts` → DynamoDB, one conditional put a record.

use event_functions::{AvroRead, Config, ExitCode, Function, KeepNewest, Table, item};

/// The columns that this function reads; all others are skipped without being decoded.
///
/// Add the columns that you need, for example `email: Option<&'a str>` (and `Row<'a>`). An `Option` may be null, and absent
/// in some version of the table's schema. Text or bytes that may be long are a `Toasted<'a>`: PostgreSQL does not log a long
/// column that an update did not touch, and the record has a placeholder instead.
#[derive(AvroRead)]
struct Row {}

#[derive(Config)]
struct Config {
    /// DynamoDB table of the rows.
    #[env("TEMPLATE_ROWS_TABLE", example = "template-rows")]
    table: Table,
}

fn function() -> Function {
    Function::new("template-rows").changes::<Row>("cdc.postgres.public.accounts").effect(|config: &Config, aws| {
        // The columns to store, for example `item! { "email" => row.email }`. Name every column, also those that may be
        // null or unchanged: an unchanged `Toasted` stays in the item as it is.
        KeepNewest::in_table(aws, &config.table, |_row| item! {})
    })
}

fn main() -> ExitCode {
    function().run()
}

#[cfg(test)]
mod tests {
    use event_functions::Op;
    use event_functions::testing::{Outcome, Rows};

    use super::*;

    /// A row with a value in each column that the function reads.
    fn row() -> Row {
        Row {}
    }

    #[test]
    fn a_row_is_kept_once_and_only_its_newest_version() {
        let test = function().test(&[("TEMPLATE_ROWS_TABLE", "template-rows")]);
        let rows = Rows::<Row>::of(&test);
        assert_eq!(rows.change(Op::Create, "42", 1, Some(row())), Outcome::Done);
        assert_eq!(rows.change(Op::Create, "42", 1, Some(row())), Outcome::Duplicate);
        assert_eq!(rows.change(Op::Update, "42", 3, Some(row())), Outcome::Done);
        assert_eq!(rows.change(Op::Update, "42", 2, Some(row())), Outcome::Duplicate);
        assert!(test.item("template-rows", "42").is_some());
        assert!(test.letters().is_empty());
    }

    #[test]
    fn the_readme_lists_the_functions_variables() {
        function().check_readme(include_str!("../README.md"), &[]);
    }
}
