//! Compares a function's README with what its code declares, or writes it.

use std::path::Path;

use environment::{Variable, markdown};
use event_runtime::{FailureCode, code_table};

use crate::function::Function;
use crate::variables;

/// With this variable set (`make readmes`) the tables are written, not compared.
const WRITE: &str = "WRITE_README";

impl Function {
    /// Checks that the README has the table of the function's own variables, and the table of these codes (`CODES` of what
    /// derives [`Failure`](crate::Failure)). What functions share stands in the README of `event-functions`.
    ///
    /// With the environment variable `WRITE_README` it writes both tables into the `README.md` of the package that is
    /// tested, in place of those with the same heads.
    ///
    /// # Panics
    /// When a table is missing; the message has it.
    pub fn check_readme(&self, readme: &str, codes: &[&[FailureCode]]) {
        let shared: Vec<_> = variables::shared().into_iter().flatten().collect();
        let own: Vec<Variable> = self.variables().into_iter().filter(|variable| !shared.contains(variable)).collect();
        let mut tables = Vec::new();
        if !own.is_empty() {
            tables.push(("variables", markdown(&own)));
        }
        if codes.iter().any(|codes| !codes.is_empty()) {
            tables.push(("codes", code_table(codes.iter().copied().flatten())));
        }
        let written = std::env::var_os(WRITE).map(|_| write(readme, &tables));
        let readme = written.as_deref().unwrap_or(readme);
        for (of, table) in tables {
            assert!(
                readme.contains(&table),
                "the README's table of {of} should be, and `make readmes` writes:\n{table}"
            );
        }
    }
}

fn write(readme: &str, tables: &[(&str, String)]) -> String {
    let written = tables.iter().fold(readme.to_owned(), |readme, (_, table)| with_table(&readme, table));
    // Cargo runs a test with its package's folder in this variable.
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let path = Path::new(&folder).join("README.md");
    if written != readme
        && let Err(error) = std::fs::write(&path, &written)
    {
        panic!("cannot write {}: {error}", path.display());
    }
    written
}

/// The page with this table in place of the first one that has its head; the page as it is where none has.
fn with_table(page: &str, table: &str) -> String {
    let head = table.lines().next().unwrap_or_default();
    let Some(at) = page.find(&format!("\n{head}\n")).map(|at| at + 1) else { return page.to_owned() };
    let old: usize = page[at..].split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    format!("{}{table}{}", &page[..at], &page[at + old..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_with_its_head() {
        let page = "# A\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nMore.\n\n| c |\n|---|\n| 5 |\n";
        let written = with_table(page, "| a | b |\n|---|---|\n| 6 | 7 |\n");
        assert_eq!(written, "# A\n\n| a | b |\n|---|---|\n| 6 | 7 |\n\nMore.\n\n| c |\n|---|\n| 5 |\n");
        assert_eq!(with_table(&written, "| c |\n|---|\n"), written.replace("| 5 |\n", ""));
        assert_eq!(with_table(page, "| d |\n|---|\n"), page);
    }
}
