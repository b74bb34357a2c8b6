//! The kind of a variable: how a value is read, what is expected, and an example.

use std::rc::Rc;

use crate::secrets::Secret;
use crate::variable::Resource;

/// What a variable may contain.
///
/// A parser's complaint continues the sentence that the variable's name begins ("is not a valid number"). It contains no
/// part of the value unless that is a closed form such as a number or a choice: text may be a misplaced secret.
pub struct Kind<T> {
    parse: Parse<T>,
    stand_in: StandIn<T>,
    expected: String,
    example: String,
    local: Option<&'static str>,
    secret: bool,
    resource: Option<Resource>,
    storage: Storage<T>,
}

/// Whether a value may be kept elsewhere, and what is then made of it.
pub(crate) enum Storage<T> {
    /// It stands in the environment.
    Environment,
    /// It stands in the environment, or another variable tells where it is.
    Either(fn(Secret) -> T),
    /// The variable tells where it is.
    Elsewhere(fn(Secret) -> T),
}

/// Of the variable's name and its value.
type Parse<T> = Box<dyn Fn(&'static str, &str) -> Result<T, String>>;

enum StandIn<T> {
    /// The same for every variable.
    Fixed(Box<dyn Fn() -> T>),
    /// It tells which variable it stands for.
    Named(Box<dyn Fn(&'static str) -> T>),
}

impl<T> Kind<T> {
    /// Shows `example` instead of the kind's own example.
    #[must_use]
    pub fn example(mut self, example: &str) -> Self {
        example.clone_into(&mut self.example);
        self
    }

    /// The value on a laptop, where the example of a required variable, or the default, will not do.
    #[must_use]
    pub fn locally(mut self, local: &'static str) -> Self {
        self.local = Some(local);
        self
    }

    /// Makes the value stand for its variable where there is no environment (see [`Env::declare`](crate::Env::declare)):
    /// what is made of such a stand-in still tells which variable it comes from.
    ///
    /// ```
    /// use environment::{Env, Kind, parsed};
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct Sender(String);
    ///
    /// fn sender() -> Kind<Sender> {
    ///     parsed("an address", "help@shop.example", || Sender(String::new()), |value| Ok(Sender(value.to_owned())))
    ///         .standing_for(|variable| Sender(format!("${{{variable}}}")))
    /// }
    ///
    /// let (declared, _) = Env::declare(|env| env.required("EMAIL_SENDER", "Who sends the mail.", sender()));
    /// assert_eq!(declared, Sender("${EMAIL_SENDER}".to_owned()));
    /// ```
    #[must_use]
    pub fn standing_for(mut self, stand_in: impl Fn(&'static str) -> T + 'static) -> Self {
        self.stand_in = StandIn::Named(Box::new(stand_in));
        self
    }

    pub(crate) fn parse(&self, variable: &'static str, value: &str) -> Result<T, String> {
        (self.parse)(variable, value.trim())
    }

    pub(crate) fn stand_in(&self, variable: &'static str) -> T {
        match &self.stand_in {
            StandIn::Fixed(make) => make(),
            StandIn::Named(make) => make(variable),
        }
    }

    pub(crate) fn stands_for_its_variable(&self) -> bool {
        matches!(self.stand_in, StandIn::Named(_))
    }

    /// A resource of the deployment fills the variable.
    pub(crate) fn filled_by(mut self, resource: Resource) -> Self {
        self.resource = Some(resource);
        self
    }

    pub(crate) fn resource(&self) -> Option<Resource> {
        self.resource
    }

    /// A value of this kind that also remembers its variable, which a `resource` of the deployment fills.
    pub(crate) fn of_resource<U: 'static>(
        self,
        resource: Resource,
        make: impl Fn(&'static str, T) -> U + Copy + 'static,
    ) -> Kind<U>
    where
        T: 'static,
    {
        let Kind { parse, stand_in, expected, example, local, secret, .. } = self;
        let stand_in = move |variable| match &stand_in {
            StandIn::Fixed(stand_in) => make(variable, stand_in()),
            StandIn::Named(stand_in) => make(variable, stand_in(variable)),
        };
        Kind {
            parse: Box::new(move |variable, value| parse(variable, value).map(|value| make(variable, value))),
            stand_in: StandIn::Named(Box::new(stand_in)),
            expected,
            example,
            local,
            secret,
            resource: Some(resource),
            storage: Storage::Environment,
        }
    }

    pub(crate) fn expected(&self) -> &str {
        &self.expected
    }

    pub(crate) fn example_text(&self) -> &str {
        &self.example
    }

    pub(crate) fn local(&self) -> Option<&'static str> {
        self.local
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    pub(crate) fn storage(&self) -> &Storage<T> {
        &self.storage
    }

    /// A value that is never shown, and where it may be kept.
    pub(crate) fn hidden(mut self, storage: Storage<T>) -> Self {
        self.secret = true;
        if matches!(storage, Storage::Elsewhere(_)) {
            self.resource = Some(Resource::Secret);
        }
        self.storage = storage;
        self
    }
}

/// A custom kind. `stand_in` makes a value of the type for the time until the problems are reported. `parse` must not repeat
/// the value in its complaint if the value may be personal or secret.
pub fn parsed<T>(
    expected: impl Into<String>,
    example: impl Into<String>,
    stand_in: impl Fn() -> T + 'static,
    parse: impl Fn(&str) -> Result<T, String> + 'static,
) -> Kind<T> {
    Kind {
        parse: Box::new(move |_, value| parse(value)),
        stand_in: StandIn::Fixed(Box::new(stand_in)),
        expected: expected.into(),
        example: example.into(),
        local: None,
        secret: false,
        resource: None,
        storage: Storage::Environment,
    }
}

/// Items separated by commas, at least one; spaces around an item do not count.
pub fn list<T: 'static>(item: Kind<T>) -> Kind<Vec<T>> {
    let item = Rc::new(item);
    let first = Rc::clone(&item);
    Kind {
        expected: format!("comma-separated list of: {}", item.expected),
        example: item.example.clone(),
        local: None,
        secret: item.secret,
        resource: item.resource,
        storage: Storage::Environment,
        stand_in: StandIn::Named(Box::new(move |variable| vec![first.stand_in(variable)])),
        parse: Box::new(move |variable, value| items(&item, variable, value)),
    }
}

fn items<T>(item: &Kind<T>, variable: &'static str, value: &str) -> Result<Vec<T>, String> {
    // A comma at the end of a list is not an empty item; a comma alone is.
    let parts = value.strip_suffix(',').filter(|rest| !rest.trim().is_empty()).unwrap_or(value).split(',');
    let mut items = Vec::new();
    for (index, part) in parts.enumerate() {
        if part.trim().is_empty() {
            return Err(format!("has an empty item {}", index + 1));
        }
        let parsed = item.parse(variable, part);
        items.push(parsed.map_err(|wrong| format!("has an item {} that {wrong}", index + 1))?);
    }
    Ok(items)
}
