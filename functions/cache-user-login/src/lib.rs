//! Keeps the newest version of each login document: `cdc.mongodb.users.login` → DynamoDB, one conditional put a record.

use event_functions::keys::{KeyTooLong, TimeOutOfRange, index_text, sortable_millis};
use event_functions::mongodb::{Date, IdText};
use event_functions::{Columns, Config, Failure, Function, Index, Reader, Table, item, keep_newest_documents};
use serde::Deserialize;

/// The fields of a document that are stored. MongoDB has no schema: any field may be missing, and is then not stored.
#[derive(Deserialize)]
struct Login {
    #[serde(rename = "userId")]
    user: Option<IdText>,
    at: Option<Date>,
    ip: Option<String>,
    #[serde(rename = "userAgent")]
    user_agent: Option<String>,
}

#[derive(Config)]
#[env(check = former_names)]
struct Config {
    /// DynamoDB table of the logins.
    #[env("LOGINS_TABLE", example = "logins")]
    table: Table,
}

fn former_names(_: &Config, env: &mut Reader<'_>) {
    env.renamed("LOGINS_EPOCH", "VERSION_EPOCH");
}

/// Answers "last login of a user". An item without user or time is not in it.
const BY_USER: Index = Index { name: "by_user", partition_key: "user", sort_key: "at" };

/// The function.
pub fn function() -> Function {
    Function::new("cache-user-login").documents::<Login>("cdc.mongodb.users.login").effect(|config: &Config, aws| {
        keep_newest_documents(aws, &config.table.with_person(&["user"]), &[BY_USER], row)
    })
}

fn row(login: Login) -> Result<Columns, LoginUnusable> {
    // An index does not take empty keys: an empty user means no user.
    let user = index_text(login.user.map(|user| user.0))?;
    let at = login.at.map(|at| sortable_millis(at.0)).transpose()?;
    Ok(item! { "user" => user, "at" => at, "ip" => login.ip, "user_agent" => login.user_agent })
}

/// The document cannot be stored. Holds nothing of it.
#[derive(Debug, Failure)]
#[failure(
    dead_letter,
    code = "document_malformed",
    blame = record,
    remedy = "Correct the document in MongoDB, which makes a new record; end the letter."
)]
enum LoginUnusable {
    /// The login's time is outside the years 0 to 9999, and such times do not sort as text.
    #[failure("the login's time does not sort as text; correct the document in MongoDB")]
    Time(#[from] TimeOutOfRange),
    /// The login's user has more than 2,048 bytes and does not fit into the index.
    #[failure("the login's user does not fit into the index; correct the document in MongoDB")]
    User(#[from] KeyTooLong),
}

#[cfg(test)]
mod tests {
    use event_functions::Op;
    use event_functions::testing::{Documents, FailureCodes, Harness, Outcome};
    use serde_json::{Value, json};

    use super::*;

    fn test() -> Harness {
        function().test(&[("LOGINS_TABLE", "logins")])
    }

    /// The columns of the one document, without what every item has.
    fn columns(document: &'static str) -> Value {
        let test = test();
        assert_eq!(Documents::<Login>::of(&test).change(Op::Create, "69", 10, Some(document)), Outcome::Done);
        let mut item = test.item("logins", "69").unwrap();
        let columns = item.as_object_mut().unwrap();
        columns.retain(|name, _| !["pk", "version", "version_log", "write", "format"].contains(&name.as_str()));
        item
    }

    #[test]
    fn a_document_may_lack_any_field_and_have_others() {
        let whole = r#"{"_id": {"$oid": "69"},"userId": "u1","at": {"$date": 0},"ip": "192.0.2.1","userAgent": "curl","risk": NaN}"#;
        let stored = json!({"user": "u1", "at": "1970-01-01T00:00:00.000Z", "ip": "192.0.2.1", "user_agent": "curl"});
        assert_eq!(columns(whole), stored);
        assert_eq!(columns(r#"{"userId": "","at": null}"#), json!({}));
        assert_eq!(columns(r#"{"userId": {"$oid": "69"}}"#), json!({"user": "69"}));
    }

    #[test]
    fn a_field_that_goes_from_the_document_goes_from_the_item() {
        let test = test();
        let logins = Documents::<Login>::of(&test);
        logins.change(Op::Create, "69", 10, Some(r#"{"userId": "u1","ip": "192.0.2.1"}"#));
        assert_eq!(logins.change(Op::Update, "69", 20, Some(r#"{"userId": "u1"}"#)), Outcome::Done);
        assert!(test.item("logins", "69").unwrap().get("ip").is_none());
    }

    #[test]
    fn an_error_does_not_quote_the_document() {
        let long: &'static str = format!(r#"{{"userId": "{}"}}"#, "secret".repeat(342)).leak();
        let test = test();
        let logins = Documents::<Login>::of(&test);
        for document in [
            "[]",
            "",
            r#"{"ip": 4}"#,
            r#"{"at": "secret"}"#,
            r#"{"at": {"$date": 253402300800000}}"#,
            r#"{"at": {"$date": -62167219200001}}"#,
            long,
        ] {
            let outcome = logins.change(Op::Create, "69", 10, Some(document));
            assert_eq!(outcome, Outcome::DeadLettered("document_malformed"), "{document}");
        }
        let letters = test.letters();
        assert_eq!(letters.len(), 7);
        for letter in letters {
            assert!(letter.stage == "decode" && !letter.error.concat().contains("secret"), "{letter:?}");
        }
        assert!(test.items("logins").is_empty());
    }

    #[test]
    fn the_row_of_a_deleted_document_stays_deleted_and_keeps_no_user() {
        let test = test();
        let logins = Documents::<Login>::of(&test);
        logins.change(Op::Create, "69", 10, Some(r#"{"userId": "u1"}"#));
        assert_eq!(logins.change(Op::Delete, "69", 30, None), Outcome::Done);
        assert_eq!(logins.change(Op::Update, "69", 20, Some(r#"{"userId": "u1"}"#)), Outcome::Duplicate);
        let item = test.item("logins", "69").unwrap();
        assert_eq!((&item["deleted_at"], item.get("user")), (&json!(30), None));
        assert!(item["expires_at"].is_u64());
    }

    #[test]
    fn a_change_without_a_document_is_an_update_of_one_that_is_gone() {
        let test = test();
        let logins = Documents::<Login>::of(&test);
        assert_eq!(logins.change(Op::Update, "69", 10, None), Outcome::Skipped("document_gone"));
        for op in [Op::Create, Op::Read] {
            assert_eq!(logins.change(op, "69", 10, None), Outcome::DeadLettered("document_missing"));
        }
    }

    #[test]
    fn every_write_is_a_put() {
        let tables = function().manifest().tables;
        assert_eq!(tables.iter().map(|table| table.actions).collect::<Vec<_>>(), [["dynamodb:PutItem"]]);
    }

    #[test]
    fn the_former_name_of_the_epoch_is_refused() {
        let read = function().try_test(&[("LOGINS_TABLE", "logins"), ("LOGINS_EPOCH", "1")]);
        let problems = read.err().unwrap().to_string();
        assert!(problems.contains("LOGINS_EPOCH was renamed to VERSION_EPOCH"), "{problems}");
    }

    #[test]
    fn the_readme_lists_the_functions_variables_and_codes() {
        function().check_readme(include_str!("../README.md"), &[LoginUnusable::CODES]);
    }
}
