//! The test environment: the function, the API behind a fault proxy, and a stand-in for the Kafka broker.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use demo::{PROFILE_API_TOKEN, PROFILE_CURSOR_TABLE, ProfileApi, profile_change, serve_broker};
use end_to_end::Scene;
use local_broker::Broker;
use local_stack::{
    FaultProxy, GrowingLog, Invocation, LambdaHost, Nulls, Stack, Target, Workspace, repository_schemas,
};
use recordings::RegisteredSchema;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const FUNCTION: &str = "publish-profile-updates";

/// The name of the secret with the API's token.
pub(crate) const SECRET: &str = "profile-api-token";

/// The operation of the API, as its fault proxy names it.
pub(crate) const PAGE: &str = "GET /v1/profile-changes";

pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) api: ProfileApi,
    /// Between the function and the API.
    pub(crate) way: FaultProxy,
    broker: Broker,
    _folder: TempDir,
}

/// A published event, as a consumer reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Published {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) value: String,
}

impl Stage {
    /// With a feed of this many changes, three to a page.
    pub(crate) async fn with_changes(changes: u64) -> Self {
        let changes = (1..=changes).map(|number| profile_change(number, &format!("u-{}", number % 3), number));
        Stage::set(changes.collect(), &[]).await
    }

    pub(crate) async fn set(changes: Vec<Value>, variables: &[(&str, &str)]) -> Self {
        let schemas = repository_schemas(&Workspace::find().unwrap()).unwrap();
        Stage::beside(schemas, changes, variables).await
    }

    /// With the API's token in a secret, which has this text; or with a token in a secret that does not exist.
    pub(crate) async fn with_secret(changes: Vec<Value>, text: Option<&str>) -> Self {
        let schemas = repository_schemas(&Workspace::find().unwrap()).unwrap();
        let stack = Stack::start(&Workspace::find().unwrap(), schemas).await.unwrap();
        let secret = json!({"Name": SECRET, "SecretString": text.unwrap_or("-")});
        let created = stack.aws.call("secretsmanager.CreateSecret", &secret).await.unwrap();
        let arn = created["ARN"].as_str().unwrap().replace(SECRET, text.map_or("no-such-secret", |_| SECRET));
        let variables = [("PROFILE_API_TOKEN", ""), ("PROFILE_API_TOKEN_SECRET_ARN", arn.as_str())];
        Stage::on(stack, changes, &variables).await
    }

    /// With a registry that holds these schemas.
    pub(crate) async fn beside(
        schemas: BTreeMap<u32, RegisteredSchema>,
        changes: Vec<Value>,
        variables: &[(&str, &str)],
    ) -> Self {
        let stack = Stack::start(&Workspace::find().unwrap(), schemas).await.unwrap();
        Stage::on(stack, changes, variables).await
    }

    async fn on(mut stack: Stack, changes: Vec<Value>, variables: &[(&str, &str)]) -> Self {
        let api = ProfileApi::start(changes).await.unwrap();
        let way = FaultProxy::start(api.url()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let broker = serve_broker(&mut stack, &folder.path().join("records.jsonl")).await.unwrap();
        let own = [
            ("PROFILE_API_URL", way.endpoint()),
            ("PROFILE_API_TOKEN", PROFILE_API_TOKEN),
            ("PROFILE_API_TIMEOUT_MS", "1000"),
            ("PROFILE_PAGE_SIZE", "3"),
            ("PROFILE_LEASE_SKEW_MS", "0"),
            ("PROFILE_CURSOR_TABLE", PROFILE_CURSOR_TABLE),
        ];
        for (name, value) in own.iter().chain(variables) {
            stack.set(name, *value);
        }
        let scene = Scene::on(stack, FUNCTION, &[]).await.unwrap();
        Stage { scene, api, way, broker, _folder: folder }
    }

    /// One run, which must answer.
    pub(crate) async fn run(&self) -> Value {
        run(&self.scene.host).await
    }

    /// Runs until the feed is caught up, and waits for the lease of a killed run if there is one.
    pub(crate) async fn run_until_caught_up(&self) -> u64 {
        let mut published = 0;
        loop {
            let answer = self.run().await;
            published += answer["published"].as_u64().unwrap();
            match answer["ended"].as_str().unwrap() {
                "caught_up" => return published,
                "another_run" => wait_until(answer["until_ms"].as_u64().unwrap()).await,
                other => panic!("a run ended as {other}: {answer}"),
            }
        }
    }

    /// The events in the log, in order.
    pub(crate) async fn published(&self) -> Vec<Published> {
        let mut log = GrowingLog::of_topic(self.broker.log(), "user.profile.updated", Nulls::Written);
        let records = log.poll(usize::MAX);
        assert!(log.broken().is_none(), "{:?}", log.broken());
        records.into_iter().map(published).collect()
    }

    /// Asserts that no event is lost, and that copies of an event are equal.
    pub(crate) async fn assert_all_published(&self, changes: u64) -> Vec<Published> {
        let found = self.published().await;
        let mut by_id: BTreeMap<String, Vec<Published>> = BTreeMap::new();
        for event in &found {
            by_id.entry(event.id.clone()).or_default().push(event.clone());
        }
        assert_eq!(by_id.len() as u64, changes, "{found:#?}");
        assert!(by_id.values().all(|copies| copies.iter().all(|copy| *copy == copies[0])), "{by_id:#?}");
        found
    }

    /// The cursor's item.
    pub(crate) async fn item(&self) -> Value {
        self.scene.stack.aws.items(PROFILE_CURSOR_TABLE).await.unwrap().pop().unwrap_or(json!({}))
    }
}

/// One run on a host, which must answer.
pub(crate) async fn run(host: &LambdaHost) -> Value {
    match host.invoke("{}".into()).await {
        Invocation::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
        other => panic!("expected an answer, got {other:?}: {}", host.output()),
    }
}

/// Waits until the time at which a lease may be taken over.
pub(crate) async fn wait_until(millis: u64) {
    let left = (millis + 1).saturating_sub(now());
    tokio::time::sleep(std::time::Duration::from_millis(left)).await;
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn published(record: local_stack::EventRecord) -> Published {
    let headers = record.headers.unwrap();
    let header = headers.iter().find_map(|header| header.get("ce_id")).unwrap();
    let id = header.iter().map(|byte| u8::try_from(*byte).unwrap()).collect();
    let key = base64_simd::STANDARD.decode_to_vec(record.key.unwrap().unwrap()).unwrap();
    let (id, user) = (String::from_utf8(id).unwrap(), String::from_utf8(key).unwrap());
    Published { id, user, value: record.value.unwrap().unwrap() }
}
