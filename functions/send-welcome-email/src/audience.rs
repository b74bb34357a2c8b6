//! Who really gets mail: everybody, a few, or nobody.

use event_functions::Config;

use crate::address::Address;

/// Who really gets mail.
#[derive(Debug, Clone, Config)]
pub struct Audience {
    // Required, without a default: a forgotten line must neither send mail to customers from a laptop, nor send none in
    // production.
    /// Who gets mail: everybody, those on `EMAIL_ALLOWLIST`, or nobody.
    #[env(
        "EMAIL_MODE",
        kind = one_of([("live", Mode::Live), ("allowlist", Mode::Allowlist), ("log", Mode::Log)]),
        example = "log",
        local = "live"
    )]
    mode: Mode,
    /// Who gets mail in the mode `allowlist`.
    #[env(
        "EMAIL_ALLOWLIST",
        kind = list(Allowed::kind()),
        required_when(mode == Mode::Allowlist, "EMAIL_MODE=allowlist")
    )]
    allowed: Option<Vec<Allowed>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Everybody gets mail.
    Live,
    /// Only those on the list. Mail to others is withheld and counts as sent.
    Allowlist,
    /// Nobody; the log reports the mails that were withheld.
    Log,
}

/// Who may get mail from a development deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// One address.
    Address(Address),
    /// Everybody at a domain, but not at its subdomains.
    Domain(String),
}

impl Audience {
    /// Why mail to this address is held back; `None` if it is sent.
    pub fn withholds_from(&self, address: &Address) -> Option<&'static str> {
        let on_list = || self.allowed.iter().flatten().any(|allowed| allowed.covers(address));
        match self.mode {
            Mode::Live => None,
            Mode::Allowlist if on_list() => None,
            Mode::Allowlist => Some("not_on_allowlist"),
            Mode::Log => Some("mode_log"),
        }
    }
}

impl Allowed {
    fn covers(&self, address: &Address) -> bool {
        match self {
            Allowed::Address(allowed) => allowed.is_same_mailbox(address),
            Allowed::Domain(domain) => domain.eq_ignore_ascii_case(address.domain()),
        }
    }
}

#[cfg(test)]
impl Audience {
    /// Everybody.
    pub(crate) fn everybody() -> Self {
        Audience { mode: Mode::Live, allowed: None }
    }

    /// Only these.
    pub(crate) fn only(allowed: Vec<Allowed>) -> Self {
        Audience { mode: Mode::Allowlist, allowed: Some(allowed) }
    }

    /// Nobody.
    pub(crate) fn nobody() -> Self {
        Audience { mode: Mode::Log, allowed: None }
    }
}
