//! The variables of functions that keep the newest version of each row or document.

use std::time::Duration;

use debezium::types::Placeholder;
use environment::{Kind, Reader, parsed};

use super::days::days;
use crate::Config;

/// What every function that keeps the newest versions reads.
#[derive(Config)]
#[env(check = install_placeholder)]
pub(crate) struct NewestVersions {
    /// Raise it by one after the database was restored, replaced or failed over, or after its log did not reach back far
    /// enough: positions in the log start over then, and versions of a higher epoch win, so a new snapshot sets
    /// everything right.
    #[env("VERSION_EPOCH", default = "0", kind = number(0..=1_000_000_000_u64))]
    pub(crate) epoch: u64,
    /// How many days the version of a deleted row is remembered. Longer than any late change may arrive: the topic's
    /// retention, or the time that the database's log reaches back. A redrive of an older record is refused.
    #[env("TOMBSTONE_DAYS", default = "30", kind = number(1..=3650_u32), map = days)]
    pub(crate) tombstones: Duration,
    /// The connector's `unavailable.value.placeholder`: what stands in place of a column that an update left alone.
    #[env("UNAVAILABLE_VALUE", default = "__debezium_unavailable_value", kind = placeholder())]
    placeholder: Placeholder,
}

fn placeholder() -> Kind<Placeholder> {
    parsed("single-line text, or hex: and bytes", debezium::types::UNAVAILABLE_VALUE, Placeholder::default, |value| {
        if value.contains(char::is_control) {
            return Err("contains a control character or a line break".to_owned());
        }
        Placeholder::parse(value).map_err(|error| error.to_string())
    })
}

/// A plan has no configuration, so the placeholder is the process's.
fn install_placeholder(read: &NewestVersions, env: &mut Reader<'_>) {
    if env.is_declaring() {
        return;
    }
    if let Err(error) = read.placeholder.clone().install() {
        env.refuse("UNAVAILABLE_VALUE", format!("cannot be used: {error}"));
    }
}
