//! How a variable holds an address, a sender, or an entry of the allowlist.

use event_functions::environment::parsed;
use event_functions::{FromVariable, Kind};

use crate::address::{Address, AddressError};
use crate::audience::Allowed;
use crate::mailbox::Mailbox;

impl FromVariable for Address {
    fn kind() -> Kind<Self> {
        of_address("an email address", "help@shop.example", Address::parse, |address| address)
    }
}

impl FromVariable for Mailbox {
    fn kind() -> Kind<Self> {
        let unnamed = |address| Mailbox { name: None, address };
        let expected = "an email address, with or without a name before it";
        of_address(expected, "The Shop <hello@shop.example>", Mailbox::parse, unnamed)
    }
}

impl FromVariable for Allowed {
    fn kind() -> Kind<Self> {
        let expected = "an email address or a domain after an @";
        of_address(expected, "ada@example.com,@shop.example", allowed, Allowed::Address)
    }
}

fn allowed(written: &str) -> Result<Allowed, AddressError> {
    match written.strip_prefix('@') {
        Some(domain) => Address::parse(&format!("any@{domain}")).map(|any| Allowed::Domain(any.domain().to_owned())),
        None => Address::parse(written).map(Allowed::Address),
    }
}

fn of_address<T>(
    expected: &str,
    example: &str,
    parse: fn(&str) -> Result<T, AddressError>,
    make: fn(Address) -> T,
) -> Kind<T>
where
    T: 'static,
{
    let stand_in = move |variable| make(Address::stand_in(variable));
    // The problem as the end of a sentence that begins with the variable's name.
    let read = move |value: &str| parse(value).map_err(|error| format!("cannot be used: {error}"));
    parsed(expected, example, move || stand_in(""), read).standing_for(stand_in)
}
