//! What a recording implies for `send-welcome-email`, counted from its plain JSON alone, independently of any decoder of
//! Avro.

use std::collections::{BTreeMap, BTreeSet};

use recordings::Record;

use crate::accounts::{Change, OLD_KEY_HEADER, is_heartbeat};

/// Error code of an account without an address.
pub const RECIPIENT_MISSING: &str = "recipient_missing";
/// Error code of an account whose address is malformed.
pub const RECIPIENT_MALFORMED: &str = "recipient_malformed";

/// The expected outcomes of some records on first delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectation {
    /// How many mails each address gets: one for each account that has it.
    pub mails: BTreeMap<String, usize>,
    /// Inserts of an account that had one before.
    pub duplicates: usize,
    /// Skipped records, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// Dead letters, by error code.
    pub dead_lettered: BTreeMap<String, usize>,
}

impl Expectation {
    /// Counts records in the order in which they were produced.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut expectation = Expectation::default();
        let mut accounts = BTreeSet::new();
        for record in records {
            match verdict(record) {
                Verdict::Skip(reason) => expectation.skip(reason),
                Verdict::DeadLetter(code) => *expectation.dead_lettered.entry(code.to_owned()).or_default() += 1,
                Verdict::Mail(_) if !accounts.insert(record.expected().key.to_string()) => expectation.duplicates += 1,
                Verdict::Mail(address) => *expectation.mails.entry(comparable(address)).or_default() += 1,
            }
        }
        expectation
    }

    fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    /// All mails.
    pub fn mail_count(&self) -> usize {
        self.mails.values().sum()
    }
}

enum Verdict<'a> {
    Mail(&'a str),
    Skip(&'static str),
    DeadLetter(&'static str),
}

fn verdict(record: &Record) -> Verdict<'_> {
    if record.value.is_none() {
        return Verdict::Skip("tombstone");
    }
    if is_heartbeat(record) {
        return Verdict::Skip("heartbeat");
    }
    let Some(change) = Change::of(record) else { return Verdict::Skip("not_a_change") };
    match change.operation {
        "r" => Verdict::Skip("snapshot"),
        "u" => Verdict::Skip("update"),
        "d" => Verdict::Skip("delete"),
        "t" => Verdict::Skip("truncate"),
        "m" => Verdict::Skip("message"),
        "c" if record.has_header(OLD_KEY_HEADER) => Verdict::Skip("key_change"),
        "c" => match change.email().map(str::trim) {
            None | Some("") => Verdict::DeadLetter(RECIPIENT_MISSING),
            Some(address) if looks_like_address(address) => Verdict::Mail(address),
            Some(_) => Verdict::DeadLetter(RECIPIENT_MALFORMED),
        },
        _ => Verdict::Skip("unknown_operation"),
    }
}

/// An address in a form that can be compared: domains in ASCII and in lower case.
pub(crate) fn comparable(address: &str) -> String {
    let Some((local, domain)) = address.trim().rsplit_once('@') else { return address.to_owned() };
    let ascii = reqwest::Url::parse(&format!("http://{domain}/")).ok();
    let ascii = ascii.as_ref().and_then(|url| url.host_str()).unwrap_or(domain);
    format!("{local}@{}", ascii.to_ascii_lowercase())
}

/// Whether SES would take it for an address: it refuses a local part outside of ASCII, and a domain without a dot.
fn looks_like_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    plain(local)
        && plain(domain)
        && local.is_ascii()
        && !local.contains('@')
        && domain.contains('.')
        && text.len() <= 320
}

#[cfg(test)]
mod tests {
    use super::*;
    use recordings::Recording;

    fn accounts() -> Expectation {
        let recording = Recording::of_repository("postgres-accounts").unwrap();
        Expectation::of(recording.of_topic("cdc.postgres.public.accounts"))
    }

    #[test]
    fn recorded_accounts_imply_one_mail_for_each_insert_and_no_other() {
        let expectation = accounts();
        assert_eq!((expectation.mail_count(), expectation.duplicates), (38, 0));
        let skipped: Vec<_> = expectation.skipped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        let expected = [("delete", 12), ("key_change", 2), ("snapshot", 64), ("tombstone", 12), ("update", 51)];
        assert_eq!(skipped, expected);
        assert!(expectation.dead_lettered.is_empty());
    }

    #[test]
    fn addresses_compare_in_any_spelling_of_the_domain() {
        assert_eq!(comparable("Zoe@Bücher.Example"), "Zoe@xn--bcher-kva.example");
        assert_eq!(comparable("c1@EXAMPLE.com "), "c1@example.com");
    }

    #[test]
    fn only_addresses_that_ses_accepts_are_addresses() {
        assert!(looks_like_address("zoe.o'hara+1@mail.example.com"));
        for other in
            ["zoë@example.com", "zoe@localhost", "zoe", "@example.com", "zoe@", "zoe @example.com", "a@b@example.com"]
        {
            assert!(!looks_like_address(other), "{other}");
        }
    }
}
