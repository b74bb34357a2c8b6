//! The commands over recordings and resolution cases.

use std::io::Write;
use std::path::Path;

use schema_tools::{Decoder, Outcome, differences, read_cases, with_causes};

use super::{BAD, Failure, OK};

/// Differences shown before only counting goes on.
const SHOWN: usize = 20;

pub(crate) fn decode(folder: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let decoder = Decoder::open(folder)?;
    let mut code = OK;
    for record in decoder.records() {
        match record.rendered {
            Ok(rendered) => writeln!(out, "{rendered}")?,
            Err(source) if source.is_bad_input() => return Err(Failure::Line { line: record.line, source }),
            Err(error) => {
                eprintln!("schemas: line {}: {}", record.line, with_causes(&error));
                code = BAD;
            }
        }
    }
    Ok(code)
}

pub(crate) fn check(folder: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let decoder = Decoder::open(folder)?;
    let (mut records, mut agree, mut shown) = (0, 0, 0);
    for record in decoder.records() {
        records += 1;
        let line = record.line;
        let found = match (record.rendered, record.expected) {
            (Err(source), _) if source.is_bad_input() => return Err(Failure::Line { line, source }),
            (_, None) => return Err(Failure::NoExpectation { line }),
            (Err(error), _) => vec![with_causes(&error)],
            (Ok(actual), Some(expected)) => differences(&actual, &expected.to_json(), 3),
        };
        if found.is_empty() {
            agree += 1;
        }
        for difference in found {
            if shown < SHOWN {
                writeln!(out, "line {line}: {difference}")?;
            } else if shown == SHOWN {
                writeln!(out, "… and more")?;
            }
            shown += 1;
        }
    }
    if records == 0 {
        return Err(Failure::NoRecords);
    }
    writeln!(out, "{agree} of {records} records agree")?;
    Ok(if agree == records { OK } else { BAD })
}

pub(crate) fn resolve(path: &Path, out: &mut impl Write) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::Read { path: path.to_owned(), source })?;
    let cases = read_cases(&text)?;
    let mut passed = 0;
    for case in &cases {
        match case.run() {
            Outcome::Pass(error) if error.is_empty() => {
                passed += 1;
                writeln!(out, "pass  {}", case.name)?;
            }
            Outcome::Pass(error) => {
                passed += 1;
                writeln!(out, "pass  {} ({error})", case.name)?;
            }
            Outcome::Fail(problem) => writeln!(out, "FAIL  {}: {problem}", case.name)?,
        }
    }
    writeln!(out, "{passed} of {} cases pass", cases.len())?;
    Ok(if passed == cases.len() { OK } else { BAD })
}
