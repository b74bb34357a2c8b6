//! The commands that need a registry: `diff` and `register`.

use std::io::{self, Write};
use std::path::Path;

use environment::{Configuration, Env};
use event_functions::RegistryConfig;
use schema_registries::ConfluentRegistry;
use schema_tools::publish::{Answer, Change, Comparison, compare, make};
use schema_tools::{Contracts, Finding, with_causes};

use super::failure::{BAD_CONTRACTS, NoRegistry, REFUSED};
use super::{BAD, Failure, OK, answer};

/// Compares, and changes nothing. With `json` the answer is one line of JSON, also where there is no comparison.
pub(crate) fn diff(folder: &Path, url: Option<&str>, json: bool, out: &mut impl Write) -> Result<u8, Failure> {
    let answer = run(async {
        let contracts = Contracts::read(folder).map_err(Failure::NothingToCompare)?;
        let findings = schema_tools::check(&contracts).map_err(Failure::NothingToCompare)?;
        Ok((compare(&contracts, &connect(url).await?).await?, findings))
    });
    let (comparison, findings) = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            if json {
                writeln!(out, "{}", answer::of_failure(&failure))?;
            }
            return Err(failure);
        }
    };
    let code = match comparison.answer() {
        Answer::Equal | Answer::Compatible if !findings.is_empty() => BAD_CONTRACTS,
        answer => code_of(answer),
    };
    if json {
        writeln!(out, "{}", answer::of(&comparison, &findings, code))?;
    } else {
        show(&comparison, out)?;
        conclude(&comparison, &findings, code, out)?;
    }
    Ok(code)
}

/// The last line of `diff`, behind what was found.
fn conclude(comparison: &Comparison, findings: &[Finding], code: u8, out: &mut impl Write) -> Result<(), Failure> {
    match (code, comparison.changes.len()) {
        (REFUSED, _) => writeln!(out, "`schemas register` would change nothing: resolve what is refused above first")?,
        (BAD_CONTRACTS, _) => {
            tell_findings(findings, out)?;
            writeln!(out, "the contracts do not hold (`schemas check`), so `schemas register` would change nothing")?;
        }
        (BAD, 1) => writeln!(out, "1 change, compatible: `schemas register --yes` makes it")?,
        (BAD, changes) => writeln!(out, "{changes} changes, all compatible: `schemas register --yes` makes them")?,
        _ => {}
    }
    Ok(())
}

fn tell_findings(findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{finding}\n"))
}

pub(crate) fn register(folder: &Path, url: Option<&str>, yes: bool, out: &mut impl Write) -> Result<u8, Failure> {
    run(async {
        let contracts = Contracts::read(folder).map_err(Failure::NothingToCompare)?;
        let findings = schema_tools::check(&contracts).map_err(Failure::NothingToCompare)?;
        if !findings.is_empty() {
            tell_findings(&findings, out)?;
            writeln!(out, "the contracts do not hold (`schemas check`), so nothing was registered")?;
            return Ok(BAD_CONTRACTS);
        }
        let registry = connect(url).await?;
        let comparison = compare(&contracts, &registry).await?;
        let answer = comparison.answer();
        if answer != Answer::Compatible || !yes {
            show(&comparison, out)?;
            match answer {
                Answer::Equal => {}
                Answer::Compatible => writeln!(out, "nothing was changed; `register --yes` does it, in this order")?,
                Answer::Refused => writeln!(out, "nothing was changed: resolve what is refused above first")?,
            }
            return Ok(code_of(answer));
        }
        for change in &comparison.changes {
            match make(change, &registry).await {
                Ok(id) => tell(change, id.map(|id| id.0), out)?,
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    writeln!(out, "{change}; refused: {}\nthe changes after it were not tried", with_causes(&error))?;
                    return Ok(REFUSED);
                }
            }
        }
        let comparison = compare(&contracts, &registry).await?;
        show(&comparison, out)?;
        Ok(code_of(comparison.answer()))
    })
}

fn tell(change: &Change, id: Option<u32>, out: &mut impl Write) -> io::Result<()> {
    match (change, id) {
        (Change::Register { subject, version, .. }, Some(id)) => {
            writeln!(out, "{subject} v{version}: registered, its id is {id}")
        }
        (Change::Register { subject, version, .. }, None) => writeln!(out, "{subject} v{version}: registered"),
        (Change::SetLevel { subject, wanted, .. }, _) => {
            writeln!(out, "{subject}: compatibility level set to {wanted}")
        }
    }
}

fn show(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    for change in &comparison.changes {
        writeln!(out, "{change}")?;
    }
    for conflict in &comparison.conflicts {
        writeln!(out, "{conflict}")?;
    }
    for refusal in &comparison.refusals {
        writeln!(out, "{refusal}")?;
    }
    if comparison.answer() == Answer::Equal {
        writeln!(out, "the registry has what the contracts say")?;
    }
    Ok(())
}

fn code_of(answer: Answer) -> u8 {
    match answer {
        Answer::Equal => OK,
        Answer::Compatible => BAD,
        Answer::Refused => REFUSED,
    }
}

/// Configured by the variables of functions; the address may come from the command line. Credentials come only from
/// variables, since every user of a machine can see its command lines.
async fn connect(url: Option<&str>) -> Result<ConfluentRegistry, NoRegistry> {
    let env = Env::from_process();
    let env = if let Some(url) = url { env.with("SCHEMA_REGISTRY_URL", url) } else { env };
    let config = env.read(RegistryConfig::read).map_err(NoRegistry::Environment)?;
    event_functions::read_secrets(&env).await.map_err(NoRegistry::Secrets)?;
    Ok(config.confluent()?)
}

fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(NoRegistry::Runtime)?;
    runtime.block_on(work)
}
