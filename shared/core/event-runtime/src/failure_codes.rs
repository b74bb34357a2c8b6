//! The codes of failures as tables for READMEs: what each means and what to do about it.

use crate::failure::Blame;

/// One error code as the code declares it. `#[derive(Failure)]` makes it from the attributes and the doc comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureCode {
    /// The code.
    pub code: &'static str,
    /// What becomes of the record. A failure that may have several results has an entry for each.
    pub result: FailureResult,
    /// Who is to blame; `None` where that depends on the failure.
    pub blame: Option<Blame>,
    /// What the code means.
    pub meaning: &'static str,
    /// What an operator does; empty if there is nothing to say.
    pub remedy: &'static str,
}

/// What becomes of a record: a [`Disposition`](crate::Disposition) without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureResult {
    /// It goes to the dead letters.
    DeadLetter,
    /// It is tried again.
    Retry,
    /// It is parked for a person's decision.
    Uncertain,
}

impl FailureResult {
    /// The result's name in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureResult::DeadLetter => "dead letter",
            FailureResult::Retry => "retry",
            FailureResult::Uncertain => "uncertain",
        }
    }
}

/// A failure that knows its codes; `#[derive(Failure)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which error codes it has",
    note = "derive `Failure` for it, or list its codes where it is used: `codes = [\"some_code\"]`"
)]
pub trait FailureCodes {
    /// In the order of the declaration.
    const CODES: &'static [FailureCode];
}

/// The Markdown table of some codes.
///
/// A README contains exactly this text; a test compares them. Entries of one code become one row, and codes about which
/// the same is said share a row. Where a dead letter may be the deployment's fault, the row says that many stop the
/// partition.
///
/// ```
/// use event_runtime::{Failure, FailureCodes, code_table};
///
/// #[derive(Debug, Failure)]
/// enum NoMail {
///     /// The row has no address.
///     #[failure("the row has no address", dead_letter, code = "recipient_missing", blame = record, remedy = "Nothing.")]
///     Recipient,
///     /// The table does not answer.
///     #[failure("the table does not answer", retry, code = "table_unavailable", remedy = "Wait.")]
///     Unavailable,
/// }
///
/// let readme = "\
/// | code | result | meaning | what to do |
/// |---|---|---|---|
/// | `recipient_missing` | dead letter | The row has no address. | Nothing. |
/// | `table_unavailable` | retry | The table does not answer. | Wait. |
/// ";
/// assert_eq!(code_table(NoMail::CODES), readme);
/// ```
pub fn code_table<'a>(codes: impl IntoIterator<Item = &'a FailureCode>) -> String {
    let mut table = String::from("| code | result | meaning | what to do |\n|---|---|---|---|\n");
    for row in shared(by_code(codes)) {
        let codes = row.codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
        let result = row.results.join(" or ");
        let (meaning, remedy) = (cell(&row.meanings), cell(&row.remedies));
        table.push_str(&format!("| {codes} | {result} | {meaning} | {remedy} |\n"));
    }
    table
}

const STOPS: &str = "Many in a row stop the partition.";

#[derive(PartialEq)]
struct Row {
    codes: Vec<&'static str>,
    results: Vec<&'static str>,
    meanings: Vec<&'static str>,
    remedies: Vec<&'static str>,
}

impl Row {
    fn add(&mut self, code: &FailureCode) {
        let mut add = |list: fn(&mut Row) -> &mut Vec<&'static str>, text: &'static str| {
            let list = list(self);
            if !text.is_empty() && !list.contains(&text) {
                list.push(text);
            }
        };
        add(|row| &mut row.results, code.result.as_str());
        add(|row| &mut row.meanings, code.meaning);
        add(|row| &mut row.remedies, code.remedy);
    }
}

/// A row for each code, in the order in which they appear.
fn by_code<'a>(codes: impl IntoIterator<Item = &'a FailureCode>) -> Vec<Row> {
    let mut rows: Vec<(Row, bool)> = Vec::new();
    for code in codes {
        let index = rows.iter().position(|(row, _)| row.codes == [code.code]).unwrap_or_else(|| {
            let row = Row { codes: vec![code.code], results: vec![], meanings: vec![], remedies: vec![] };
            rows.push((row, false));
            rows.len() - 1
        });
        if let Some((row, stops)) = rows.get_mut(index) {
            row.add(code);
            *stops |= code.result == FailureResult::DeadLetter && code.blame == Some(Blame::Deployment);
        }
    }
    let with_stop = |(mut row, stops): (Row, bool)| {
        row.meanings.extend(stops.then_some(STOPS));
        row
    };
    rows.into_iter().map(with_stop).collect()
}

/// Codes about which the same is said share the row of the first one.
fn shared(rows: Vec<Row>) -> Vec<Row> {
    let mut shared: Vec<Row> = Vec::new();
    for mut row in rows {
        let same = |other: &&mut Row| {
            (&other.results, &other.meanings, &other.remedies) == (&row.results, &row.meanings, &row.remedies)
        };
        match shared.iter_mut().find(same) {
            Some(other) => other.codes.append(&mut row.codes),
            None => shared.push(row),
        }
    }
    shared
}

fn cell(texts: &[&str]) -> String {
    texts.join(" ").replace('|', "\\|")
}
