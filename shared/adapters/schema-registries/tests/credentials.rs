//! Tokens that are fetched, and certificates on both sides.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use schema_registries::{
    Auth, ClientCredentials, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, Secret, Tls,
};
use schema_registry::{RegistryErrorKind, SchemaId, SchemaRef, Schemas};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

fn id(number: u32) -> SchemaRef {
    SchemaRef::Id(SchemaId(number))
}

/// A registry and the token endpoint that it trusts.
#[derive(Clone, Default)]
struct Realm {
    state: Arc<Mutex<RealmState>>,
}

#[derive(Default)]
struct RealmState {
    /// How many tokens were issued; the last one is `token-<that many>`.
    given: usize,
    /// As the endpoint writes it.
    life: Option<&'static str>,
    /// What the endpoint answers in place of a token.
    refusal: Option<u16>,
    revoked: Vec<String>,
    forms: Vec<(String, String)>,
    /// The `authorization` and Confluent Cloud headers of requests.
    asked: Vec<String>,
}

impl Realm {
    async fn start(&self) -> ConfluentRegistry {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes =
            Router::new().route("/token", post(token)).route("/schemas/ids/{id}", get(schema)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let auth = Auth::OAuth(ClientCredentials {
            token_url: format!("{url}/token"),
            client_id: "reader".to_owned(),
            client_secret: Secret::new("hush"),
            scope: Some("schemas:read all".to_owned()),
            logical_cluster: Some("lsrc-1".to_owned()),
            identity_pool: Some("pool-1".to_owned()),
        });
        let config = ConfluentConfig { auth, max_pause: Duration::from_millis(5), ..ConfluentConfig::new(&url) };
        assert!(!format!("{config:?}").contains("hush"));
        ConfluentRegistry::new(config).unwrap()
    }

    fn with<T>(&self, change: impl FnOnce(&mut RealmState) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }
}

async fn token(State(realm): State<Realm>, headers: HeaderMap, form: String) -> Result<String, StatusCode> {
    realm.with(|state| {
        let authorization = headers["authorization"].to_str().unwrap().to_owned();
        state.forms.push((authorization, form));
        if let Some(status) = state.refusal {
            return Err(StatusCode::from_u16(status).unwrap());
        }
        state.given += 1;
        let life = state.life.map_or(String::new(), |life| format!(r#","expires_in":{life}"#));
        Ok(format!(r#"{{"access_token":"token-{}","token_type":"Bearer"{life}}}"#, state.given))
    })
}

async fn schema(State(realm): State<Realm>, headers: HeaderMap) -> Result<String, StatusCode> {
    realm.with(|state| {
        let sent = |name: &str| headers[name].to_str().unwrap().to_owned();
        let authorization = sent("authorization");
        let cloud = (sent("target-sr-cluster"), sent("confluent-identity-pool-id"));
        assert_eq!(cloud, ("lsrc-1".to_owned(), "pool-1".to_owned()));
        state.asked.push(authorization.clone());
        if state.revoked.contains(&authorization) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        Ok(r#"{"schema":"\"int\""}"#.to_owned())
    })
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_that_wait() {
    let realm = Realm::default();
    realm.with(|state| state.life = Some("3600"));
    let registry = realm.start().await;
    let answers = join_all((1..=100).map(|number| registry.by_id(id(number)))).await;
    assert!(answers.iter().all(Result::is_ok));
    realm.with(|state| {
        assert_eq!((state.given, state.asked.len()), (1, 100));
        let form = "grant_type=client_credentials&scope=schemas%3Aread+all".to_owned();
        assert_eq!(state.forms, [("Basic cmVhZGVyOmh1c2g=".to_owned(), form)]);
        assert!(state.asked.iter().all(|authorization| authorization == "Bearer token-1"));
    });
}

#[tokio::test]
async fn a_token_is_renewed_early_and_used_until_it_expires() {
    let realm = Realm::default();
    realm.with(|state| state.life = Some("100"));
    let registry = realm.start().await;
    registry.by_id(id(1)).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(79)).await;
    tokio::time::resume();
    registry.by_id(id(2)).await.unwrap();
    realm.with(|state| assert_eq!(state.given, 1, "four fifths of its life have not passed"));

    realm.with(|state| state.refusal = Some(503));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    registry.by_id(id(3)).await.unwrap();
    realm.with(|state| assert_eq!((state.given, state.forms.len()), (1, 2), "requested, not received, old one used"));

    realm.with(|state| state.refusal = None);
    registry.by_id(id(4)).await.unwrap();
    realm.with(|state| assert_eq!((state.given, state.asked.last().unwrap().as_str()), (2, "Bearer token-2")));
}

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let realm = Realm::default();
    let registry = realm.start().await;
    registry.by_id(id(1)).await.unwrap();
    realm.with(|state| state.revoked = vec!["Bearer token-1".to_owned()]);
    registry.by_id(id(2)).await.unwrap();
    realm.with(|state| state.revoked = (2..10).map(|number| format!("Bearer token-{number}")).collect());
    let error = registry.by_id(id(3)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Refused, true));
    realm.with(|state| assert_eq!(state.given, 3));
}

#[tokio::test]
async fn without_a_token_nothing_is_requested_and_the_record_is_retried() {
    for (status, kind) in [(401, RegistryErrorKind::Refused), (503, RegistryErrorKind::Unavailable)] {
        let realm = Realm::default();
        realm.with(|state| state.refusal = Some(status));
        let registry = realm.start().await;
        let answers = join_all((1..=50).map(|number| registry.by_id(id(number)))).await;
        for error in answers.into_iter().map(Result::unwrap_err) {
            assert_eq!((error.kind(), error.is_transient()), (kind, true));
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, "the token endpoint returned no token");
        }
        realm.with(|state| {
            assert!(state.asked.is_empty());
            // Second rounds begin after pauses of their own, so that not all of them meet.
            assert!(state.forms.len() < 50, "those who wait share the failure: {}", state.forms.len());
        });
    }
}

/// A certificate authority, and a registry behind TLS that accepts only clients with a certificate of that authority.
struct Guarded {
    url: String,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Guarded {
    async fn start() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                // A refused client fails here.
                let Ok(mut connection) = acceptor.accept(connection).await else { continue };
                let _ = connection.read(&mut [0; 4_096]).await;
                let answer =
                    "HTTP/1.1 200 OK\r\ncontent-length: 20\r\nconnection: close\r\n\r\n{\"schema\":\"\\\"int\\\"\"}";
                let _ = connection.write_all(answer.as_bytes()).await;
                let _ = connection.shutdown().await;
            }
        });
        Guarded { url, authority }
    }

    fn client_pem(&self) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["reader".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &self.authority).unwrap();
        format!("{}\n{}", certificate.pem(), key.serialize_pem()).into_bytes()
    }

    async fn ask(&self, tls: Tls) -> Result<String, RegistryErrorKind> {
        let config = ConfluentConfig { tls, max_pause: Duration::from_millis(5), ..ConfluentConfig::new(&self.url) };
        let registry = ConfluentRegistry::new(config).unwrap();
        registry.by_id(id(1)).await.map(|schema| schema.text.clone()).map_err(|error| error.kind())
    }
}

#[tokio::test]
async fn certificates_are_checked_on_both_sides() {
    let registry = Guarded::start().await;
    let authorities = Some(registry.authority.pem().into_bytes());
    let identity = Some(registry.client_pem());
    let both = Tls { authorities: authorities.clone(), identity: identity.clone() };
    assert_eq!(registry.ask(both).await, Ok("\"int\"".to_owned()));
    let unknown_to_it = Tls { authorities, identity: None };
    assert_eq!(registry.ask(unknown_to_it).await, Err(RegistryErrorKind::Unavailable));
    let unknown_to_us = Tls { authorities: None, identity };
    assert_eq!(registry.ask(unknown_to_us).await, Err(RegistryErrorKind::Unavailable));
}

#[test]
fn an_unusable_configuration_is_refused_before_any_request() {
    let with = |change: fn(&mut ConfluentConfig)| {
        let mut config = ConfluentConfig::new("https://registry.example.com");
        change(&mut config);
        ConfluentRegistry::new(config).unwrap_err()
    };
    let credentials = |token_url: &str, pool: Option<&str>| {
        Auth::OAuth(ClientCredentials {
            token_url: token_url.to_owned(),
            client_id: String::new(),
            client_secret: Secret::new(""),
            scope: None,
            logical_cluster: None,
            identity_pool: pool.map(str::to_owned),
        })
    };
    assert!(matches!(with(|config| config.urls.clear()), ConfluentConfigError::Url));
    let authorities = |pem: &[u8]| Tls { authorities: Some(pem.to_vec()), identity: None };
    for pem in [&b""[..], b"no PEM"] {
        let config = ConfluentConfig { tls: authorities(pem), ..ConfluentConfig::new("https://r.example.com") };
        assert!(matches!(ConfluentRegistry::new(config), Err(ConfluentConfigError::Authorities(_))));
    }
    let error = with(|config| config.tls.identity = Some(b"no PEM".to_vec()));
    assert!(matches!(error, ConfluentConfigError::Identity(_)), "{error}");
    for (auth, expected) in [
        (credentials("login.example.com", None), "the token endpoint's URL"),
        (credentials("https://login.example.com", Some("a\nb")), "the identity pool cannot be sent"),
    ] {
        let config = ConfluentConfig { auth, ..ConfluentConfig::new("https://r.example.com") };
        let error = ConfluentRegistry::new(config).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn a_token_works_however_its_lifetime_is_written() {
    // Text: Microsoft's older endpoints. Unlimited: Long.MAX_VALUE, and larger.
    for (life, fetches) in [
        (r#""3599""#, 1),
        ("3599.0", 1),
        ("null", 1),
        ("-1", 1),
        ("9223372036854775807", 1),
        ("18446744073709551616", 1),
        (r#""9223372036854775807""#, 1),
        (r#""soon""#, 1),
        ("[]", 1),
        // It is used for the request that it was fetched for.
        ("0", 2),
    ] {
        let realm = Realm::default();
        realm.with(|state| state.life = Some(life));
        let registry = realm.start().await;
        for number in [1, 2] {
            assert_eq!(registry.by_id(id(number)).await.unwrap().text, "\"int\"", "{life}");
        }
        realm.with(|state| assert_eq!(state.given, fetches, "{life}"));
    }
}
