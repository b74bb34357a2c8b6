//! The environment: the variables of the process, or given ones.

use std::collections::BTreeMap;

use crate::secrets::Secrets;

/// Where the variables come from.
#[must_use = "an environment configures nothing until it is read"]
#[derive(Clone)]
pub struct Env {
    /// `None` is a value that is set but is not UTF-8.
    values: BTreeMap<String, Option<String>>,
    secrets: Secrets,
}

impl Env {
    /// The variables of this process.
    pub fn from_process() -> Self {
        let values = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok())))
            .collect();
        Env { values, secrets: Secrets::default() }
    }

    /// Variables given one by one, as tests do.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.into(), Some(value.into()))).collect();
        Env { values, secrets: Secrets::default() }
    }

    /// The same with another value for one variable, such as one from a command line.
    ///
    /// ```
    /// use environment::{Env, text};
    ///
    /// let env = Env::from_pairs([("TABLE", "claims"), ("TOPIC", "logins")]).with("TABLE", "others");
    /// let read = env.read(|env| (env.required("TABLE", "", text()), env.required("TOPIC", "", text())));
    /// assert_eq!(read, Ok(("others".to_owned(), "logins".to_owned())));
    /// ```
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), Some(value.into()));
        self
    }

    /// What a variable is set to; nothing if that is empty.
    pub(crate) fn value(&self, name: &str) -> Option<Option<&str>> {
        let value = self.values.get(name)?.as_deref();
        value.is_none_or(|value| !value.trim().is_empty()).then_some(value)
    }

    /// The secrets that were read so far and are kept elsewhere. They have to be fetched before they are used.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}
