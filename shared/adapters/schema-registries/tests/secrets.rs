//! Secrets that are replaced while a client runs: a refusal reads them again, once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use environment::{Env, FetchError, SecretArn, SecretError, SecretSource, secret};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use schema_registries::{Auth, ClientCredentials, ConfluentConfig, ConfluentRegistry, Secret};
use schema_registry::{RegistryErrorKind, SchemaId, SchemaRef, Schemas};
use tokio::net::TcpListener;

/// A registry and token endpoint that accept one secret, and the place where that secret is kept.
#[derive(Clone)]
struct World {
    accepted: Arc<Mutex<String>>,
    refusal: StatusCode,
    refused: Arc<AtomicUsize>,
    kept: Arc<Mutex<Option<String>>>,
    fetched: Arc<AtomicUsize>,
}

impl World {
    fn refusing_by(refusal: StatusCode) -> Self {
        let first = || "first".to_owned();
        World {
            accepted: Arc::new(Mutex::new(first())),
            refusal,
            refused: Arc::default(),
            kept: Arc::new(Mutex::new(Some(first()))),
            fetched: Arc::default(),
        }
    }

    async fn registry(&self, auth: impl FnOnce(Secret, &str) -> Auth) -> ConfluentRegistry {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new()
            .route(
                "/schemas/ids/{id}",
                get(async |world: State<World>, headers: HeaderMap| world.answer(&headers, r#"{"schema":"\"int\""}"#)),
            )
            .route(
                "/token",
                post(async |world: State<World>, headers: HeaderMap| {
                    world.answer(&headers, r#"{"access_token":"granted","expires_in":0}"#)
                }),
            )
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf";
        let env = Env::from_pairs([("TOKEN_SECRET_ARN", arn)]);
        let secret = env.read(|env| env.required("TOKEN", "", secret())).unwrap();
        env.secrets().fill(Arc::new(self.clone())).await.unwrap();
        let mut config = ConfluentConfig::new(&url);
        config.auth = auth(secret, &url);
        ConfluentRegistry::new(config).unwrap()
    }

    fn answer(&self, headers: &HeaderMap, body: &'static str) -> Result<&'static str, StatusCode> {
        let sent = headers["authorization"].to_str().unwrap();
        // `user` with `first` and `second`, as HTTP writes them.
        let known = [("first", "Basic dXNlcjpmaXJzdA=="), ("second", "Basic dXNlcjpzZWNvbmQ=")];
        let accepted = self.accepted.lock().unwrap().clone();
        let basic = known.iter().any(|(secret, header)| *secret == accepted && *header == sent);
        if basic || sent == format!("Bearer {accepted}") || sent == "Bearer granted" {
            return Ok(body);
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(self.refusal)
    }

    fn rotate(&self) {
        *self.accepted.lock().unwrap() = "second".to_owned();
        *self.kept.lock().unwrap() = Some("second".to_owned());
    }

    fn counts(&self) -> (usize, usize) {
        (self.refused.load(Ordering::SeqCst), self.fetched.load(Ordering::SeqCst))
    }
}

impl SecretSource for World {
    fn fetch<'a>(&'a self, arn: &'a SecretArn) -> BoxFuture<'a, Result<String, SecretError>> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let kept = self.kept.lock().unwrap().clone();
        let gone = || SecretError::fetch(arn, FetchError::Denied, std::io::Error::other("no longer allowed"));
        async move { kept.ok_or_else(gone) }.boxed()
    }
}

fn basic(password: Secret, _: &str) -> Auth {
    Auth::Basic { user: "user".to_owned(), password }
}

fn bearer(token: Secret, _: &str) -> Auth {
    Auth::Bearer(token)
}

fn oauth(client_secret: Secret, url: &str) -> Auth {
    Auth::OAuth(ClientCredentials {
        token_url: format!("{url}/token"),
        client_id: "user".to_owned(),
        client_secret,
        scope: None,
        logical_cluster: None,
        identity_pool: None,
    })
}

async fn look_up(registry: &ConfluentRegistry, id: u32) -> Result<(), RegistryErrorKind> {
    registry.by_id(SchemaRef::Id(SchemaId(id))).await.map(drop).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_replaced_secret_is_read_again_when_it_is_refused() {
    let ways: [fn(Secret, &str) -> Auth; 3] = [basic, bearer, oauth];
    for auth in ways {
        for refusal in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
            let world = World::refusing_by(refusal);
            let registry = world.registry(auth).await;
            assert_eq!((look_up(&registry, 1).await, world.counts()), (Ok(()), (0, 1)));
            world.rotate();
            assert_eq!((look_up(&registry, 2).await, world.counts()), (Ok(()), (1, 2)));
            assert_eq!((look_up(&registry, 3).await, world.counts()), (Ok(()), (1, 2)));
        }
    }
}

#[tokio::test]
async fn lookups_that_are_refused_together_read_it_once() {
    let world = World::refusing_by(StatusCode::UNAUTHORIZED);
    let registry = world.registry(bearer).await;
    world.rotate();
    let answers = join_all((1..=50).map(|id| look_up(&registry, id))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(world.counts().1, 2);
}

#[tokio::test]
async fn a_secret_that_stays_refused_is_not_read_for_every_record() {
    let world = World::refusing_by(StatusCode::UNAUTHORIZED);
    let registry = world.registry(basic).await;
    *world.accepted.lock().unwrap() = "known to nobody".to_owned();
    for id in 1..=5 {
        assert_eq!(look_up(&registry, id).await, Err(RegistryErrorKind::Refused));
    }
    assert_eq!(world.counts(), (5, 2));
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_again_is_named() {
    let world = World::refusing_by(StatusCode::UNAUTHORIZED);
    let registry = world.registry(bearer).await;
    world.rotate();
    *world.kept.lock().unwrap() = None;
    let error = registry.by_id(SchemaRef::Id(SchemaId(1))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Refused, true));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("secret:registry-AbCdEf may not be read"), "{cause}");
}
