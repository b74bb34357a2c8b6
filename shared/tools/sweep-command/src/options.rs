//! What can be typed.

use std::num::{NonZeroI32, NonZeroU32};
use std::path::PathBuf;

use clap::Parser;

const MORE: &str = "\
For a table whose rows carry versions (shared/adapters/dynamodb), after its epoch was raised and a new snapshot was read:
rows that were deleted while no change of them could be recorded are in no snapshot, and nothing else will remove them.
Rows that have been written in that epoch or a higher one stay, also those that are written while this runs. Tombstones
of an older epoch stay too: they expire by themselves.

Examples:
  sweep-rows --table logins --before-epoch 2                  (says what it would do)
  sweep-rows --table logins --before-epoch 2 --yes
  sweep-rows --table logins --before-epoch 2 --yes --position sweep.json      (begun again, it goes on where it ended)

Exit codes:
  0  no row of an older epoch is left (or a dry run)
  1  rows of an older epoch stay: a newer version of the function wrote them, or something else did
  2  the options cannot be understood
  3  no row is of that epoch: raise it and read a new snapshot first
  4  stopped after --at-most rows
  5  the table cannot be read or written
  130  interrupted

The role needs dynamodb:Scan and, with --yes, dynamodb:DeleteItem. Reading costs what a scan of the table costs, removing
one write unit per KB of a row. Keys of rows stand in no output, only in the file of --position.

Against an emulator: AWS_ENDPOINT_URL=http://127.0.0.1:4566";

/// Removes the rows that an older epoch left in a table of newest versions.
#[derive(Debug, Clone, Parser)]
#[command(name = "sweep-rows", version, after_long_help = MORE)]
pub(crate) struct Options {
    /// The DynamoDB table.
    #[arg(long)]
    pub(crate) table: String,
    /// The epoch that the function writes with now: rows of lower ones go.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) before_epoch: u64,
    /// Do it. Without this it only says what would happen.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Remove so many rows at most.
    #[arg(long, default_value = "10000")]
    pub(crate) at_most: u64,
    /// Requests a second at most.
    #[arg(long, default_value = "50")]
    pub(crate) rate: NonZeroU32,
    /// Rows to look at with one request.
    #[arg(long, default_value = "200")]
    pub(crate) page: NonZeroI32,
    /// With --yes: a file that keeps how far it came, until it has come to the end.
    #[arg(long, requires = "yes")]
    pub(crate) position: Option<PathBuf>,
    /// Also where no row is of that epoch, because the source is empty now.
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
    fn nothing_is_done_unless_it_is_said() {
        let options = ["sweep-rows", "--table", "t", "--before-epoch", "1"];
        assert!(!Options::try_parse_from(options).unwrap().yes);
        assert!(Options::try_parse_from(options.iter().chain(&["--yes"])).unwrap().yes);
        assert!(Options::try_parse_from(options.iter().chain(&["--position", "p"])).is_err());
        assert!(Options::try_parse_from(["sweep-rows", "--table", "t", "--before-epoch", "0"]).is_err());
    }
}
