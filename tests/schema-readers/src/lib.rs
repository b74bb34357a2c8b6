//! Lists every type that a function reads records into, so that tests compile each against every version of its schema.
//!
//! When you add a function, list here what it reads and from which subject, or that it does not read a topic, and add it to
//! the consumers in the subject's `subject.json`. The tests fail with the function's name if one of the two is missing, or
//! if it cannot read some version of the schema.

use avro_decode::{AvroType, Limits, Plan, ResolveError, Schema};

/// A type that a function reads from a subject.
pub struct Reader {
    /// The function.
    pub function: &'static str,
    /// The subject.
    pub subject: &'static str,
    /// The type, without modules and lifetimes: `Change<Account>`.
    pub name: String,
    compile: fn(&Schema) -> Result<(), ResolveError>,
}

/// Every reader of every function.
pub fn readers() -> Vec<Reader> {
    vec![
        Reader::of::<audit_profile_update::Value>("audit-profile-update", "user.profile.updated-value"),
        Reader::of::<cache_user_login::Key>("cache-user-login", "cdc.mongodb.users.login-key"),
        Reader::of::<cache_user_login::Value>("cache-user-login", "cdc.mongodb.users.login-value"),
        Reader::of::<send_welcome_email::Key>("send-welcome-email", "cdc.postgres.public.accounts-key"),
        Reader::of::<send_welcome_email::Value>("send-welcome-email", "cdc.postgres.public.accounts-value"),
    ]
}

/// Functions that do not read a topic.
pub const READ_NO_TOPIC: &[&str] = &["publish-profile-updates", "redrive-dead-letters"];

impl Reader {
    fn of<T: AvroType>(function: &'static str, subject: &'static str) -> Self {
        let compile = |writer: &Schema| Plan::<T>::compile(writer, &Limits::default()).map(|_| ());
        Self { function, subject, name: simple(std::any::type_name::<T>()), compile }
    }

    /// Resolves a version of the subject's schema against the type, as the function does at the first record with it.
    ///
    /// # Errors
    /// When the function could not read what was written with it.
    pub fn compile(&self, writer: &Schema) -> Result<(), ResolveError> {
        (self.compile)(writer)
    }
}

/// A type's name without modules and lifetimes.
fn simple(name: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in name.split_inclusive(['<', '>', ',', ' ']) {
        words.push(word.rsplit("::").next().unwrap_or(word));
    }
    words.concat().replace("'_, ", "").replace("<'_>", "")
}

#[cfg(test)]
mod tests {
    use super::simple;

    #[test]
    fn names_have_neither_modules_nor_lifetimes() {
        assert_eq!(simple("avro_decode::value::Value"), "Value");
        assert_eq!(simple("debezium::change::Change<send_welcome_email::account::Account>"), "Change<Account>");
        assert_eq!(simple("a::Change<'_, b::c::Row<'_>>"), "Change<Row>");
    }
}
