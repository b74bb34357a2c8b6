//! The names of the functions' DynamoDB tables here, as their manifests give them.

/// Claims of effects that cannot be made conditional.
pub const CLAIMS_TABLE: &str = "claims";

/// The newest version of each login, also by user and time.
pub const LOGINS_TABLE: &str = "logins";

/// The audit log of profile updates.
pub const AUDIT_TABLE: &str = "audit";

/// The cursor up to which the profile feed is published.
pub const PROFILE_CURSOR_TABLE: &str = "profile-cursor";

#[cfg(test)]
mod tests {
    use local_stack::Workspace;

    use super::*;

    #[test]
    fn the_functions_declare_these_tables() {
        let functions = Workspace::find().unwrap().root().join("functions");
        for (function, table) in [
            ("send-welcome-email", CLAIMS_TABLE),
            ("cache-user-login", LOGINS_TABLE),
            ("audit-profile-update", AUDIT_TABLE),
            ("publish-profile-updates", PROFILE_CURSOR_TABLE),
        ] {
            let manifest = function_manifests::read(&functions.join(function)).unwrap().unwrap();
            assert_eq!(manifest.tables.iter().map(|table| &table.name).collect::<Vec<_>>(), [table], "{function}");
        }
    }
}
