//! The commands over the contracts alone: `check` and `docs`.

use std::io::Write;
use std::path::Path;

use schema_tools::{Contracts, asyncapi, catalogue};

use super::{BAD, Failure, OK};

pub(crate) fn check(folder: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let contracts = Contracts::read(folder)?;
    let findings = schema_tools::check(&contracts)?;
    for finding in &findings {
        writeln!(out, "{finding}\n")?;
    }
    let versions: usize = contracts.subjects.values().map(|subject| subject.versions.len()).sum();
    let (topics, subjects) = (contracts.topics.contracts.len(), contracts.subjects.len());
    let count = format!("{topics} topics, {subjects} subjects, {versions} versions");
    match findings.len() {
        0 => writeln!(out, "{count}: contracts, history, documentation and examples hold")?,
        1 => writeln!(out, "{count}: 1 thing does not hold, it is above")?,
        more => writeln!(out, "{count}: {more} things do not hold, they are above")?,
    }
    Ok(if findings.is_empty() { OK } else { BAD })
}

pub(crate) fn docs(folder: &Path, check: bool, out: &mut impl Write) -> Result<u8, Failure> {
    let contracts = Contracts::read(folder)?;
    let documents = [
        (catalogue::file(folder), catalogue::catalogue(&contracts)?),
        (asyncapi::file(folder), asyncapi::document(&contracts)?),
    ];
    let mut code = OK;
    for (path, text) in documents {
        if !check {
            std::fs::write(&path, text).map_err(|source| Failure::Write { path: path.clone(), source })?;
            writeln!(out, "wrote {}", path.display())?;
        } else if !is_up_to_date(&path, &text, out)? {
            code = BAD;
        }
    }
    Ok(code)
}

/// Whether a file has this text; if not, from which line on it differs is printed.
fn is_up_to_date(path: &Path, text: &str, out: &mut impl Write) -> Result<bool, Failure> {
    let shown = path.display();
    let present = match std::fs::read_to_string(path) {
        Ok(present) => present,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Failure::Read { path: path.to_owned(), source }),
    };
    if present == text {
        writeln!(out, "{shown} is up to date")?;
        return Ok(true);
    }
    let differs = text.lines().zip(present.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or(present.lines().count().min(text.lines().count())) + 1;
    writeln!(out, "{shown} is not what the contracts and schemas say, from line {line} on: run `make schemas-docs`")?;
    Ok(false)
}
