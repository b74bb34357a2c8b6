//! The commands that need a registry: `diff` and `register`.

use std::io::{self, Write};
use std::path::Path;

use environment::{Configuration, Env};
use event_functions::RegistryConfig;
use schema_registries::ConfluentRegistry;
use schema_tools::publish::{Change, Comparison, compare, make};
use schema_tools::{Contracts, with_causes};

use super::failure::NoRegistry;
use super::{BAD, Failure, OK};

pub(crate) fn diff(folder: &Path, url: Option<&str>, out: &mut impl Write) -> Result<u8, Failure> {
    run(async {
        let comparison = compare(&Contracts::read(folder)?, &connect(url).await?).await?;
        show(&comparison, out)
    })
}

pub(crate) fn register(folder: &Path, url: Option<&str>, yes: bool, out: &mut impl Write) -> Result<u8, Failure> {
    run(async {
        let contracts = Contracts::read(folder)?;
        let findings = schema_tools::check(&contracts)?;
        if !findings.is_empty() {
            for finding in &findings {
                writeln!(out, "{finding}\n")?;
            }
            writeln!(out, "the contracts do not hold (`schemas check`), so nothing was registered")?;
            return Ok(BAD);
        }
        let registry = connect(url).await?;
        let comparison = compare(&contracts, &registry).await?;
        if comparison.is_empty() || !comparison.conflicts.is_empty() || !yes {
            let code = show(&comparison, out)?;
            if !comparison.conflicts.is_empty() {
                writeln!(out, "nothing was changed: resolve the conflicts above first")?;
            } else if code != OK {
                writeln!(out, "nothing was changed; `register --yes` does it, in this order")?;
            }
            return Ok(code);
        }
        for change in &comparison.changes {
            match make(change, &registry).await {
                Ok(id) => tell(change, id.map(|id| id.0), out)?,
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    writeln!(out, "{change}; refused: {}\nthe changes after it were not tried", with_causes(&error))?;
                    return Ok(BAD);
                }
            }
        }
        show(&compare(&contracts, &registry).await?, out)
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

fn show(comparison: &Comparison, out: &mut impl Write) -> Result<u8, Failure> {
    for change in &comparison.changes {
        writeln!(out, "{change}")?;
    }
    for conflict in &comparison.conflicts {
        writeln!(out, "{conflict}")?;
    }
    if !comparison.is_empty() {
        return Ok(BAD);
    }
    writeln!(out, "the registry has what the contracts say")?;
    Ok(OK)
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

fn run(work: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(NoRegistry::Runtime)?;
    runtime.block_on(work)
}
