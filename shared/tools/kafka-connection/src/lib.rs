//! How tools connect to a Kafka cluster: TLS, certificates and logins, as their options give them.
//!
//! A login never leaves this machine in clear text, and is never shown.

mod causes;
mod error;
mod loopback;
mod sign_in;
mod tls;

use krafka::auth::AuthConfig;

pub use causes::with_causes;
pub use error::ConnectionError;
pub use loopback::is_loopback;
pub use sign_in::{Login, SignIn};
pub use tls::{ClientCertificate, Tls};

/// How a cluster is connected to.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `host:port`, with commas between several.
    pub servers: String,
    /// Nothing for a cluster without TLS.
    pub tls: Option<Tls>,
    /// Who signs in, and how.
    pub sign_in: SignIn,
}

impl Connection {
    /// What the client `krafka` needs to connect; nothing for a broker that asks for nothing. MSK IAM is always over TLS.
    ///
    /// # Errors
    /// When a file cannot be read, a login would be sent to another machine without TLS, or there are no AWS credentials.
    pub async fn auth(&self) -> Result<Option<AuthConfig>, ConnectionError> {
        let tls = self.tls.as_ref().map(Tls::config).transpose()?;
        let auth = match &self.sign_in {
            SignIn::Nobody => return Ok(tls.map(AuthConfig::ssl)),
            SignIn::MskIam { region } => {
                return Ok(Some(sign_in::msk_iam(region).await?.with_tls(tls.unwrap_or_default())));
            }
            SignIn::Plain(login) => AuthConfig::sasl_plain(&login.user, &login.password),
            SignIn::ScramSha256(login) => AuthConfig::sasl_scram_sha256(&login.user, &login.password),
            SignIn::ScramSha512(login) => AuthConfig::sasl_scram_sha512(&login.user, &login.password),
        };
        match tls {
            Some(tls) => Ok(Some(auth.with_tls(tls))),
            None if is_loopback(&self.servers) => Ok(Some(auth)),
            None => Err(ConnectionError::Unprotected { servers: self.servers.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use krafka::auth::SaslMechanism;

    use super::*;

    fn login() -> Login {
        Login { user: "somebody".to_owned(), password: "hunter2".to_owned() }
    }

    fn to(servers: &str, tls: Option<Tls>, sign_in: SignIn) -> Connection {
        Connection { servers: servers.to_owned(), tls, sign_in }
    }

    #[tokio::test]
    async fn a_login_reaches_another_machine_only_over_tls() {
        let sign_ins = [SignIn::Plain(login()), SignIn::ScramSha256(login()), SignIn::ScramSha512(login())];
        for sign_in in sign_ins {
            let refused = to("127.0.0.1:9092,broker:9092", None, sign_in.clone()).auth().await.unwrap_err();
            assert!(refused.to_string().contains("SASL without TLS"), "{refused}");
            assert!(!refused.to_string().contains("hunter2"));
            let local = to("127.0.0.1:9092", None, sign_in.clone()).auth().await.unwrap().unwrap();
            assert!(!local.requires_tls() && local.requires_sasl());
            let over_tls = to("broker:9092", Some(Tls::default()), sign_in).auth().await.unwrap().unwrap();
            assert!(over_tls.requires_tls() && over_tls.requires_sasl());
        }
    }

    #[tokio::test]
    async fn each_way_to_sign_in_is_its_own() {
        let mechanism = async |sign_in| {
            let auth = to("127.0.0.1:9092", None, sign_in).auth().await.unwrap();
            auth.and_then(|auth| auth.sasl_mechanism().cloned())
        };
        assert_eq!(mechanism(SignIn::Nobody).await, None);
        assert_eq!(mechanism(SignIn::Plain(login())).await, Some(SaslMechanism::Plain));
        assert_eq!(mechanism(SignIn::ScramSha256(login())).await, Some(SaslMechanism::ScramSha256));
        assert_eq!(mechanism(SignIn::ScramSha512(login())).await, Some(SaslMechanism::ScramSha512));
        assert!(to("broker:9092", None, SignIn::Nobody).auth().await.unwrap().is_none());
        let only_tls = to("broker:9092", Some(Tls::default()), SignIn::Nobody).auth().await.unwrap().unwrap();
        assert!(only_tls.requires_tls() && !only_tls.requires_sasl());
    }

    #[tokio::test]
    async fn a_certificate_is_read_from_its_files_and_a_missing_file_named() {
        let folder = tempfile::tempdir().unwrap();
        let [authority, certificate, key] = ["ca.pem", "client.pem", "client.key"].map(|name| folder.path().join(name));
        for path in [&authority, &certificate, &key] {
            fs::write(path, "-----BEGIN").unwrap();
        }
        let tls = Tls {
            ca_file: Some(authority),
            certificate: Some(ClientCertificate { certificate_file: certificate, key_file: key.clone() }),
        };
        assert!(to("broker:9092", Some(tls.clone()), SignIn::Nobody).auth().await.unwrap().unwrap().requires_tls());
        fs::remove_file(&key).unwrap();
        let missing = to("broker:9092", Some(tls), SignIn::Nobody).auth().await.unwrap_err().to_string();
        assert!(missing.starts_with(&format!("--key-file {} cannot be read: ", key.display())), "{missing}");
        let tls = Tls { ca_file: Some("/no/such/file.pem".into()), certificate: None };
        let missing = to("broker:9092", Some(tls), SignIn::Nobody).auth().await.unwrap_err().to_string();
        assert!(missing.starts_with("--ca-file /no/such/file.pem cannot be read: "), "{missing}");
    }

    #[test]
    fn a_login_is_not_shown() {
        let shown = format!("{:?}", to("broker:9092", None, SignIn::ScramSha512(login())));
        assert!(!shown.contains("hunter2") && !shown.contains("somebody"), "{shown}");
    }
}
