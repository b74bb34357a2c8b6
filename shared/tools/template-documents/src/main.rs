//! Keeps the newest version of each document: `cdc.mongodb.users.login` → DynamoDB, one conditional put a record.

use event_functions::{Config, ExitCode, Function, Table, item, keep_newest_documents};
use serde::Deserialize;

/// The fields that this function reads; all others may have any type.
///
/// Add the fields that you need, for example `ip: Option<String>`, `at: Option<event_functions::mongodb::Date>` or, for an
/// id, `Option<event_functions::mongodb::IdText>`; `#[serde(rename = "userAgent")]` where the document has another name.
/// MongoDB has no schema: a document without a field that is not an `Option` is dead-lettered.
#[derive(Deserialize)]
struct Document {}

#[derive(Config)]
struct Config {
    /// DynamoDB table of the documents.
    #[env("TEMPLATE_DOCUMENTS_TABLE", example = "template-documents")]
    table: Table,
}

fn function() -> Function {
    Function::new("template-documents").documents("cdc.mongodb.users.login").effect(|config: &Config, aws| {
        // The fields to store, for example `item! { "ip" => document.ip }`.
        keep_newest_documents(aws, &config.table, &[], |_document: Document| item! {})
    })
}

fn main() -> ExitCode {
    function().run()
}

#[cfg(test)]
mod tests {
    use event_functions::Op;
    use event_functions::testing::{Documents, Outcome};

    use super::*;

    /// A document with each field that the function reads.
    const DOCUMENT: &str = "{}";

    #[test]
    fn a_deleted_document_does_not_come_back() {
        let test = function().test(&[("TEMPLATE_DOCUMENTS_TABLE", "template-documents")]);
        let documents = Documents::<Document>::of(&test);
        assert_eq!(documents.change(Op::Create, "69", 10, Some(DOCUMENT)), Outcome::Done);
        assert_eq!(documents.change(Op::Delete, "69", 30, None), Outcome::Done);
        assert_eq!(documents.change(Op::Update, "69", 20, Some(DOCUMENT)), Outcome::Duplicate);
        assert_eq!(documents.change(Op::Update, "70", 20, None), Outcome::Skipped("document_gone"));
        assert_eq!(documents.change(Op::Create, "71", 20, Some("[")), Outcome::DeadLettered("document_malformed"));
        assert_eq!(test.item("template-documents", "69").unwrap()["deleted_at"], 30);
    }

    #[test]
    fn the_readme_lists_the_functions_variables() {
        function().check_readme(include_str!("../README.md"), &[]);
    }
}
