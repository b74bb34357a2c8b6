//! User and password for Kafka, from a secret in the form that MSK uses.

use std::sync::{Arc, Mutex, PoisonError};

use event_functions::letters::error_chain;
use event_functions::{Secret, SecretArn};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kafka_producer::{Login, LoginError, Logins};
use serde::Deserialize;

/// A secret with `username` and `password`. The producer asks for them each time that it connects: at first, and after its
/// connection ended, be it because the cluster refused them or for any other reason. So each time but the first the secret
/// is read again, every 30 seconds at most.
#[derive(Debug)]
pub(crate) struct SecretLogin {
    secret: Secret,
    /// What the producer signed in with last.
    used: Mutex<Option<Arc<str>>>,
}

/// The secret's text has another shape.
#[derive(Debug, thiserror::Error)]
#[error("the secret {0} is not the JSON that MSK keeps: {{\"username\": …, \"password\": …}}")]
struct NotALogin(String);

impl SecretLogin {
    /// The secret of KAFKA_SECRET_ARN.
    pub(crate) fn new(secret: Secret) -> Self {
        SecretLogin { secret, used: Mutex::default() }
    }

    async fn read(&self) -> Result<Login, LoginError> {
        #[derive(Deserialize)]
        struct Text {
            username: String,
            password: String,
        }
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(used) = used {
            // Whether they are still accepted, the cluster says.
            if let Err(error) = self.secret.refused(&used).await {
                let fault = error_chain(&error).join(": ");
                tracing::warn!(error_code = error.code(), "signing in to Kafka as before: {fault}");
            }
        }
        let text = self.secret.expose();
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&text));
        // The error of serde_json may quote the secret, so it is not kept.
        let Text { username, password } =
            serde_json::from_str(&text).map_err(|_| LoginError::new(self.not_a_login()))?;
        Ok(Login { user: username, password })
    }

    fn not_a_login(&self) -> NotALogin {
        NotALogin(self.secret.arn().map(SecretArn::to_string).unwrap_or_default())
    }
}

impl Logins for SecretLogin {
    fn login(&self) -> BoxFuture<'_, Result<Login, LoginError>> {
        self.read().boxed()
    }
}

#[cfg(test)]
mod tests {
    use event_functions::environment::{Env, stored_secret};

    use super::*;
    use crate::vault::{ARN, Vault};

    async fn login_in(vault: &Vault) -> SecretLogin {
        let env = Env::from_pairs([("KAFKA_SECRET_ARN", ARN)]);
        let secret = env.read(|env| env.required("KAFKA_SECRET_ARN", "", stored_secret())).unwrap();
        env.secrets().fill(Arc::new(vault.clone())).await.unwrap();
        SecretLogin::new(secret)
    }

    async fn password(login: &SecretLogin) -> String {
        login.login().await.unwrap().password
    }

    #[tokio::test]
    async fn a_new_connection_signs_in_with_the_password_of_now() {
        let vault = Vault::holding(r#"{"username":"u","password":"first"}"#);
        let login = login_in(&vault).await;
        assert_eq!(password(&login).await, "first");
        vault.set(Some(r#"{"username":"u","password":"second"}"#));
        assert_eq!(password(&login).await, "second");
    }

    #[tokio::test]
    async fn a_connection_that_ended_is_made_again_while_the_secret_cannot_be_read() {
        let vault = Vault::holding(r#"{"username":"u","password":"first"}"#);
        let login = login_in(&vault).await;
        assert_eq!(password(&login).await, "first");
        vault.set(None);
        assert_eq!(password(&login).await, "first");
    }

    #[tokio::test]
    async fn a_secret_of_another_form_is_named_and_not_shown() {
        let vault = Vault::holding("hunter2");
        let error = login_in(&vault).await.login().await.unwrap_err();
        let told = error_chain(&error).join(": ");
        assert!(told.contains(ARN) && told.contains("username") && !told.contains("hunter2"), "{told}");
    }
}
