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

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf";

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
        let url = self.serve().await;
        let [secret] = self.read([("TOKEN_SECRET_ARN", ARN)], ["TOKEN"]).await;
        registry_at(&url, auth(secret, &url))
    }

    /// What these variables hold, once their secrets are read.
    async fn read<const N: usize>(&self, set: [(&str, &str); N], names: [&'static str; N]) -> [Secret; N] {
        let env = Env::from_pairs(set);
        let secrets = env.read(|env| names.map(|name| env.required(name, "", secret()))).unwrap();
        env.secrets().fill(Arc::new(self.clone())).await.unwrap();
        secrets
    }

    async fn serve(&self) -> String {
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
        url
    }

    fn answer(&self, headers: &HeaderMap, body: &'static str) -> Result<&'static str, StatusCode> {
        let sent = headers["authorization"].to_str().unwrap();
        // `user` with `first` and `second`, and `new-user` with `new`, as HTTP writes them.
        let known = [
            ("first", "Basic dXNlcjpmaXJzdA=="),
            ("second", "Basic dXNlcjpzZWNvbmQ="),
            ("the new pair", "Basic bmV3LXVzZXI6bmV3"),
        ];
        let accepted = self.accepted.lock().unwrap().clone();
        let basic = known.iter().any(|(secret, header)| *secret == accepted && *header == sent);
        if basic || sent == format!("Bearer {accepted}") || sent == "Bearer granted" {
            return Ok(body);
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(self.refusal)
    }

    fn rotate(&self) {
        self.accept("second");
        self.keep("second");
    }

    fn accept(&self, secret: &str) {
        *self.accepted.lock().unwrap() = secret.to_owned();
    }

    fn keep(&self, text: &str) {
        *self.kept.lock().unwrap() = Some(text.to_owned());
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

fn registry_at(url: &str, auth: Auth) -> ConfluentRegistry {
    ConfluentRegistry::new(ConfluentConfig { auth, ..ConfluentConfig::new(url) }).unwrap()
}

fn basic(password: Secret, _: &str) -> Auth {
    Auth::Basic { user: Secret::new("user"), password }
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
async fn a_user_that_is_rotated_with_its_password_is_read_with_it() {
    let world = World::refusing_by(StatusCode::UNAUTHORIZED);
    world.keep(r#"{"user":"user","password":"first"}"#);
    let (user, password) = (format!("{ARN}#user"), format!("{ARN}#password"));
    let set = [("USER_SECRET_ARN", &*user), ("PASSWORD_SECRET_ARN", &*password)];
    let [user, password] = world.read(set, ["USER", "PASSWORD"]).await;
    let registry = registry_at(&world.serve().await, Auth::Basic { user, password });
    assert_eq!((look_up(&registry, 1).await, world.counts()), (Ok(()), (0, 1)));

    world.accept("the new pair");
    world.keep(r#"{"user":"new-user","password":"new"}"#);
    assert_eq!((look_up(&registry, 2).await, world.counts()), (Ok(()), (1, 2)));
}

#[tokio::test]
async fn a_fixed_user_beside_a_rotated_password_is_suspected() {
    let world = World::refusing_by(StatusCode::UNAUTHORIZED);
    let registry = world.registry(basic).await;
    world.accept("the new pair");
    world.keep("new");
    let error = registry.by_id(SchemaRef::Id(SchemaId(1))).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("give the user by its secret too"), "{cause}");
    assert_eq!((error.kind(), world.counts()), (RegistryErrorKind::Refused, (2, 2)));
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
    world.accept("known to nobody");
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
