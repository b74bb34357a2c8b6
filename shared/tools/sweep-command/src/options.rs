//! The options of the command line.

use std::num::{NonZeroI32, NonZeroU32};
use std::path::PathBuf;

use clap::Parser;

const MORE: &str = "\
For a table whose rows have versions (shared/adapters/dynamodb), after you have raised its epoch and taken a new snapshot.
Rows whose deletion was lost are not in the snapshot, and no change will remove them. Rows written in that epoch or a higher
one stay, also those written while this runs. Tombstones of an older epoch stay too: they expire by themselves.

Examples:
  sweep-rows --table logins --before-epoch 2                  (lists what it would do)
  sweep-rows --table logins --before-epoch 2 --yes
  sweep-rows --table logins --before-epoch 2 --yes --position sweep.json      (started again, it goes on where it stopped)

Exit codes:
  0  no row of an older epoch is left (or a dry run)
  1  rows of an older epoch stay: a newer version of the function wrote them, or another program
  2  the options are wrong
  3  no row has that epoch: raise it and take a new snapshot first
  4  stopped after --at-most rows
  5  the table cannot be read or written
  130  interrupted

The role needs dynamodb:Scan and, with --yes, dynamodb:DeleteItem. Reading costs a scan of the table, removing one write
unit per KB of a row. No output contains keys of rows, only the file of --position.

Against an emulator: AWS_ENDPOINT_URL=http://127.0.0.1:4566";

/// Removes rows of an older epoch from a table of newest versions.
#[derive(Debug, Clone, Parser)]
#[command(name = "sweep-rows", version, after_long_help = MORE)]
pub(crate) struct Options {
    /// The DynamoDB table.
    #[arg(long)]
    pub(crate) table: String,
    /// The epoch that the function writes now: rows of lower epochs are removed.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) before_epoch: u64,
    /// Remove the rows. Without this it only reports them.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Remove at most this many rows.
    #[arg(long, default_value = "10000")]
    pub(crate) at_most: u64,
    /// At most this many requests a second.
    #[arg(long, default_value = "50")]
    pub(crate) rate: NonZeroU32,
    /// Rows to read with one request.
    #[arg(long, default_value = "200")]
    pub(crate) page: NonZeroI32,
    /// With --yes: a file with the position of the sweep, until it has reached the end.
    #[arg(long, requires = "yes")]
    pub(crate) position: Option<PathBuf>,
    /// Go on even if no row has that epoch, because the source is empty now.
    #[arg(long)]
    pub(crate) even_if_none: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_yes_nothing_is_removed() {
        let options = ["sweep-rows", "--table", "t", "--before-epoch", "1"];
        assert!(!Options::try_parse_from(options).unwrap().yes);
        assert!(Options::try_parse_from(options.iter().chain(&["--yes"])).unwrap().yes);
        assert!(Options::try_parse_from(options.iter().chain(&["--position", "p"])).is_err());
        assert!(Options::try_parse_from(["sweep-rows", "--table", "t", "--before-epoch", "0"]).is_err());
    }
}
