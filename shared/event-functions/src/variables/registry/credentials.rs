//! How a function authenticates to its registry.

use environment::{Reader, Secret};
use event_functions_derive::Config;
use schema_registries::{Auth, ClientCredentials};

/// One way to authenticate, or none.
#[derive(Config)]
#[env(check = one_way)]
pub(super) struct Credentials {
    /// User of the registry; in Confluent Cloud the API key. A key that is rotated with its secret is best given by the same
    /// secret in Secrets Manager, so that the two never disagree.
    #[env("SCHEMA_REGISTRY_USER", example = "reader")]
    user: Option<Secret>,
    /// Password of that user; in Confluent Cloud the API secret.
    #[env("SCHEMA_REGISTRY_PASSWORD", required_when(user.is_some(), "SCHEMA_REGISTRY_USER is set"))]
    password: Option<Secret>,
    /// Bearer token for the registry, instead of a user.
    #[env("SCHEMA_REGISTRY_TOKEN")]
    token: Option<Secret>,
    /// OAuth token endpoint (client credentials grant), instead of a user.
    #[env("SCHEMA_REGISTRY_OAUTH_URL", kind = url(), example = "https://login.example.com/oauth2/token")]
    token_url: Option<String>,
    /// OAuth client id.
    #[env(
        "SCHEMA_REGISTRY_OAUTH_CLIENT_ID",
        example = "welcome-email",
        required_when(token_url.is_some(), "SCHEMA_REGISTRY_OAUTH_URL is set")
    )]
    client_id: Option<String>,
    /// OAuth client secret.
    #[env(
        "SCHEMA_REGISTRY_OAUTH_CLIENT_SECRET",
        required_when(token_url.is_some(), "SCHEMA_REGISTRY_OAUTH_URL is set")
    )]
    client_secret: Option<Secret>,
    /// OAuth scope to request.
    #[env("SCHEMA_REGISTRY_OAUTH_SCOPE", example = "schemas:read")]
    scope: Option<String>,
    /// With OAuth in Confluent Cloud: the registry's logical cluster.
    #[env("SCHEMA_REGISTRY_LOGICAL_CLUSTER", example = "lsrc-abc123")]
    logical_cluster: Option<String>,
    /// With OAuth in Confluent Cloud: the identity pool.
    #[env("SCHEMA_REGISTRY_IDENTITY_POOL", example = "pool-abc1")]
    identity_pool: Option<String>,
}

fn one_way(read: &Credentials, env: &mut Reader<'_>) {
    let ways = [read.user.is_some(), read.token.is_some(), read.token_url.is_some()];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        let second = if read.token_url.is_some() { "SCHEMA_REGISTRY_OAUTH_URL" } else { "SCHEMA_REGISTRY_TOKEN" };
        env.refuse(second, "sets a second way to authenticate: keep one of user, token and OAuth");
    }
}

impl Credentials {
    pub(super) fn auth(self) -> Auth {
        let Credentials { user, password, token, token_url, client_id, client_secret, .. } = self;
        match (user.zip(password), token, token_url, client_id.zip(client_secret)) {
            (Some((user, password)), ..) => Auth::Basic { user, password },
            (None, Some(token), ..) => Auth::Bearer(token),
            (None, None, Some(token_url), Some((client_id, client_secret))) => Auth::OAuth(ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scope: self.scope,
                logical_cluster: self.logical_cluster,
                identity_pool: self.identity_pool,
            }),
            (None, None, _, _) => Auth::None,
        }
    }
}
