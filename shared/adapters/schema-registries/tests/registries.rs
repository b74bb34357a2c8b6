//! One contract for every registry, and what only the HTTP client can run into.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use avro_decode::{AvroRead, Limits};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use schema_registries::{Auth, ConfluentConfig, ConfluentRegistry, Secret};
use schema_registry::{
    CachePolicy, PlanCache, RegistryError, RegistryErrorKind, RegistryTarget, SchemaCache, SchemaId, SchemaRef,
    Schemas, Subjects, Version,
    testing::{GUID, Health, INNER, InMemorySchemas, MIDDLE, OUTER, contract},
};
use tokio::net::TcpListener;

const SEVEN: SchemaRef = SchemaRef::Id(SchemaId(7));
const NOT_FOUND: &str = r#"{"error_code":40403,"message":"Schema not found"}"#;

/// A server on a loopback port that answers from a table of paths. It lives as long as the test's runtime.
#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<HashMap<String, (u16, String)>>>,
    weather: Arc<Mutex<Health>>,
    authorizations: Arc<Mutex<Vec<String>>>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        url
    }

    fn put(&self, path: &str, status: u16, body: impl Into<String>) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status, body.into()));
    }

    /// What the contract expects to be registered.
    fn with_contract_schemas() -> Self {
        let schema = |text: &str, references: &str| {
            format!(r#"{{"schema":{},"references":[{references}]}}"#, serde_json::to_string(text).unwrap())
        };
        let server = Server::default();
        let outer = schema(OUTER, r#"{"name":"Middle","subject":"middle","version":1}"#);
        server.put("/schemas/ids/7", 200, outer.clone());
        server.put(&format!("/schemas/guids/{GUID}"), 200, outer);
        let middle = schema(MIDDLE, r#"{"name":"Inner","subject":"inner/of it","version":2}"#);
        server.put("/subjects/middle/versions/1?deleted=true", 200, middle);
        server.put("/subjects/inner%2Fof%20it/versions/2?deleted=true", 200, schema(INNER, ""));
        server
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap, request: Request) -> Response {
    server.requests.fetch_add(1, Ordering::SeqCst);
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        server.authorizations.lock().unwrap().push(value.to_str().unwrap().to_owned());
    }
    match *server.weather.lock().unwrap() {
        Health::Up => {}
        Health::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Health::Throttling(seconds) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response();
        }
    }
    let path = request.uri().path_and_query().unwrap().as_str();
    let found = server.answers.lock().unwrap().get(path).cloned();
    let (status, body) = found.unwrap_or((404, NOT_FOUND.to_owned()));
    let location = [(header::LOCATION, "/schemas/ids/7")];
    (StatusCode::from_u16(status).unwrap(), location, body).into_response()
}

fn registry(url: &str) -> ConfluentRegistry {
    ConfluentRegistry::new(ConfluentConfig::new(url)).unwrap()
}

async fn error(server: &Server) -> RegistryError {
    registry(&server.start().await).by_id(SEVEN).await.unwrap_err()
}

#[tokio::test]
async fn the_registry_in_memory_keeps_the_contract() {
    let schemas = InMemorySchemas::default();
    schemas.put(SEVEN, OUTER, &[INNER, MIDDLE]);
    schemas.put(SchemaRef::Guid(GUID), OUTER, &[INNER, MIDDLE]);
    contract(&schemas, |weather| schemas.set_health(weather)).await;
}

#[tokio::test]
async fn the_confluent_client_keeps_the_contract() {
    let server = Server::with_contract_schemas();
    let url = server.start().await;
    contract(&registry(&url), |weather| *server.weather.lock().unwrap() = weather).await;
}

#[tokio::test]
async fn an_api_below_a_path_is_found_with_and_without_a_slash() {
    let server = Server::default();
    server.put("/apis/ccompat/v7/schemas/ids/7", 200, r#"{"schema":"\"string\""}"#);
    let url = server.start().await;
    for base in [format!("{url}/apis/ccompat/v7"), format!("{url}/apis/ccompat/v7/")] {
        assert_eq!(registry(&base).by_id(SEVEN).await.unwrap().text, "\"string\"");
    }
}

#[tokio::test]
async fn every_answer_has_its_kind_of_error() {
    use RegistryErrorKind::{NotFound, Refused, Throttled, Unavailable, Unusable};
    let cases = [
        (404, NOT_FOUND, NotFound),
        (404, r#"{"error_code":40402,"message":"Version not found"}"#, NotFound),
        (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#, Refused),
        (404, "<html>nothing here</html>", Refused),
        (429, "", Throttled),
        (500, r#"{"error_code":50001}"#, Unavailable),
        (502, "<html>", Unavailable),
        (504, "", Unavailable),
        (401, r#"{"error_code":401}"#, Refused),
        (403, "", Refused),
        (400, "", Refused),
        (302, "", Refused),
        (204, "", Refused),
        (200, "<html>log in</html>", Refused),
        (200, "{}", Refused),
        (200, r#"{"schema":7}"#, Refused),
        (200, r#"{"schema":"syntax = \"proto3\";","schemaType":"PROTOBUF"}"#, Unusable),
        (200, r#"{"schema":"{}","schemaType":"JSON"}"#, Unusable),
    ];
    for (status, body, kind) in cases {
        let server = Server::default();
        server.put("/schemas/ids/7", status, body);
        let error = error(&server).await;
        assert_eq!(error.kind(), kind, "{status} {body}");
        let lasting = matches!(kind, NotFound | Unusable);
        assert_eq!(error.is_transient(), !lasting, "{status} {body}");
    }
}

#[tokio::test]
async fn an_explicit_avro_type_and_unknown_members_are_fine() {
    let server = Server::default();
    server.put("/schemas/ids/7", 200, r#"{"schemaType":"AVRO","schema":"\"int\"","metadata":{},"maxId":9}"#);
    let found = registry(&server.start().await).by_id(SEVEN).await.unwrap();
    assert_eq!((found.text.as_str(), found.references.len()), ("\"int\"", 0));
}

#[tokio::test]
async fn a_subjects_version_comes_with_its_id_and_its_references() {
    let server = Server::with_contract_schemas();
    let outer = serde_json::to_string(OUTER).unwrap();
    let answer = format!(
        r#"{{"subject":"outer","version":3,"id":7,"guid":"{GUID}","schema":{outer},
            "references":[{{"name":"Middle","subject":"middle","version":1}}]}}"#
    );
    server.put("/subjects/outer/versions/3", 200, answer.clone());
    server.put("/subjects/outer/versions/latest", 200, answer);
    server.put("/subjects/outer/versions/4", 404, r#"{"error_code":40402,"message":"Version 4 not found."}"#);
    let registry = registry(&server.start().await);
    for version in [Version::Latest, Version::Number(3)] {
        let found = registry.version("outer", version).await.unwrap();
        assert_eq!((found.id, found.version, found.guid), (SchemaId(7), 3, Some(GUID)));
        assert_eq!(found.schema.references, [INNER, MIDDLE]);
    }
    let error = registry.version("outer", Version::Number(4)).await.unwrap_err();
    assert_eq!(error.target(), &RegistryTarget::Version("outer".to_owned(), Version::Number(4)));
    assert_eq!((error.kind(), error.code()), (RegistryErrorKind::NotFound, "version_not_found"));
    assert!(error.to_string().starts_with("subject outer, version 4: "), "{error}");
}

#[tokio::test]
async fn nobody_listening_is_an_outage() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = registry(&url).by_id(SEVEN).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unavailable);
}

#[tokio::test]
async fn a_registry_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = ConfluentConfig::new(format!("http://{}", listener.local_addr().unwrap()));
    config.request_timeout = Duration::from_millis(50);
    config.max_pause = Duration::from_millis(5);
    let error = ConfluentRegistry::new(config).unwrap().by_id(SEVEN).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unavailable);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_it() {
    let server = Server::default();
    server.put("/schemas/ids/7", 200, format!(r#"{{"schema":"{}"}}"#, "x".repeat(10_000)));
    let mut config = ConfluentConfig::new(server.start().await);
    config.max_answer_bytes = 10_000;
    let error = ConfluentRegistry::new(config).unwrap().by_id(SEVEN).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unusable);
}

#[tokio::test]
async fn circular_and_endless_references_are_bounded() {
    let server = Server::default();
    let refers = |subject: &str| {
        format!(r#"{{"schema":"\"{subject}\"","references":[{{"name":"x","subject":"{subject}","version":1}}]}}"#)
    };
    server.put("/schemas/ids/7", 200, refers("a"));
    server.put("/subjects/a/versions/1?deleted=true", 200, refers("b"));
    server.put("/subjects/b/versions/1?deleted=true", 200, refers("a"));
    let url = server.start().await;
    assert_eq!(registry(&url).by_id(SEVEN).await.unwrap().references.len(), 2);

    for n in 0..20 {
        server.put(&format!("/subjects/s{n}/versions/1?deleted=true"), 200, refers(&format!("s{}", n + 1)));
    }
    server.put("/schemas/ids/7", 200, refers("s0"));
    let mut config = ConfluentConfig::new(url);
    config.max_references = 10;
    let error = ConfluentRegistry::new(config).unwrap().by_id(SEVEN).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unusable);
}

#[tokio::test]
async fn a_schema_that_is_referred_to_twice_is_defined_once() {
    let server = Server::default();
    let schema = |name: &str, fields: &str, references: &[&str]| {
        let text = format!(r#"{{"type":"record","name":"{name}","namespace":"com.shop","fields":[{fields}]}}"#);
        let references: Vec<_> = references
            .iter()
            .map(|subject| serde_json::json!({"name": format!("com.shop.{subject}"), "subject": subject, "version": 1}))
            .collect();
        serde_json::json!({"schema": text, "references": references}).to_string()
    };
    let field = |name: &str, ty: &str| format!(r#"{{"name":"{name}","type":"{ty}"}}"#);
    let (left, right) = (field("l", "com.shop.Left"), field("r", "com.shop.Right"));
    // Both refer to Money, and Copy is Money under another subject.
    server.put("/schemas/ids/7", 200, schema("Order", &format!("{left},{right}"), &["Left", "Right", "Copy"]));
    let money = field("m", "com.shop.Money");
    server.put("/subjects/Left/versions/1?deleted=true", 200, schema("Left", &money, &["Money"]));
    server.put("/subjects/Right/versions/1?deleted=true", 200, schema("Right", &money, &["Money"]));
    for subject in ["Money", "Copy"] {
        let path = format!("/subjects/{subject}/versions/1?deleted=true");
        server.put(&path, 200, schema("Money", &field("cents", "long"), &[]));
    }
    let found = registry(&server.start().await).by_id(SEVEN).await.unwrap();
    assert_eq!(found.references.len(), 3);
    let references: Vec<&str> = found.references.iter().map(String::as_str).collect();
    avro_decode::Schema::parse_with_references(&found.text, &references).unwrap();
}

#[tokio::test]
async fn credentials_are_sent_and_never_shown() {
    let server = Server::with_contract_schemas();
    let url = server.start().await;
    let basic = Auth::Basic { user: Secret::new("key"), password: Secret::new("hush") };
    for auth in [basic, Auth::Bearer(Secret::new("hush"))] {
        let mut config = ConfluentConfig::new(&url);
        config.auth = auth;
        assert!(!format!("{config:?}").contains("hush"));
        let registry = ConfluentRegistry::new(config).unwrap();
        assert!(!format!("{registry:?}").contains("hush"));
        registry.by_id(SchemaRef::Guid(GUID)).await.unwrap();
    }
    let sent = server.authorizations.lock().unwrap().clone();
    assert_eq!(sent.len(), 6, "also with each reference");
    assert_eq!((sent[0].as_str(), sent[5].as_str()), ("Basic a2V5Omh1c2g=", "Bearer hush"));
}

#[tokio::test]
async fn an_error_names_its_cause_but_no_secret_and_no_schema() {
    let server = Server::default();
    server.put("/schemas/ids/7", 200, r#"{"schema":{"secret":"hush"}}"#);
    let error = error(&server).await;
    let chain = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(chain.starts_with("id:7: ") && !chain.contains("hush"), "{chain}");
}

#[test]
fn a_url_must_be_valid_and_without_credentials() {
    for url in ["", ",", "https://x,", "registry:8081", "ftp://x", "http://user:hush@x", "https://user@x", "mailto:a@b"]
    {
        let error = ConfluentRegistry::new(ConfluentConfig::new(url)).unwrap_err();
        assert!(error.to_string().contains("https://host:port") && !error.to_string().contains("hush"), "{url}");
    }
}

#[tokio::test]
async fn glue_versions_are_not_looked_up_in_a_confluent_registry() {
    let error = registry("http://127.0.0.1:1").by_id(SchemaRef::GlueVersion(GUID)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Unsupported, false));
}

#[derive(AvroRead, Debug, PartialEq)]
struct Order {
    number: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_first_decodes_of_one_schema_cost_one_request() {
    let server = Server::default();
    let schema = r#"{"type":"record","name":"Order","fields":[{"name":"number","type":"long"}]}"#;
    server.put("/schemas/ids/7", 200, serde_json::json!({ "schema": schema }).to_string());
    let cache = SchemaCache::new(registry(&server.start().await), CachePolicy::default());
    let plans = Arc::new(PlanCache::<Order>::new(Arc::new(cache), Limits::default()));
    let decode = |plans: Arc<PlanCache<Order>>| async move { plans.plan(SEVEN).await.unwrap().decode(&[84]).unwrap() };
    let decoded: Vec<_> = (0..1_000).map(|_| tokio::spawn(decode(Arc::clone(&plans)))).collect();
    for order in decoded {
        assert_eq!(order.await.unwrap(), Order { number: 42 });
    }
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);

    *server.weather.lock().unwrap() = Health::Down;
    assert_eq!(decode(Arc::clone(&plans)).await, Order { number: 42 }, "decoding goes on without the registry");
}

const SUBJECTS: &str = "/subjects?deleted=true&limit=1";

#[tokio::test]
async fn not_found_counts_only_from_a_healthy_registry() {
    use RegistryErrorKind::{Lost, NotFound, Refused, Throttled, Unavailable, Unusable};
    let denials = [
        (404, NOT_FOUND, NotFound),
        (404, r#"{"error_code":"40403","message":"Schema not found"}"#, NotFound),
        // Apicurio's answers for an unknown schema and for one that it cannot parse.
        (404, r#"{"message":"No content with id/hash '7' was found.","error_code":404}"#, NotFound),
        (400, r#"{"message":"Failed to discover artifact type from content.","error_code":0}"#, Unusable),
    ];
    for (status, body, meant) in denials {
        let own_code = if body.contains("4040") { NotFound } else { Refused };
        for (subjects, answer, kind) in [
            (200, r#"["orders-value"]"#.to_owned(), meant),
            // The answer is too long to read.
            (200, format!("[{}\"orders-value\"]", "\"orders-value\",".repeat(500_000)), meant),
            (200, "[]".to_owned(), Lost),
            (503, String::new(), Unavailable),
            (429, String::new(), Throttled),
            (403, r#"{"error_code":403}"#.to_owned(), own_code),
            (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#.to_owned(), own_code),
            (200, "<html>log in</html>".to_owned(), own_code),
        ] {
            let server = Server::default();
            server.put("/schemas/ids/7", status, body);
            server.put(SUBJECTS, subjects, answer);
            let error = error(&server).await;
            let told = &error.to_string()[..];
            assert_eq!(error.kind(), kind, "{body}, subjects {subjects}: {told}");
            assert_eq!(error.is_transient(), !matches!(kind, NotFound | Unusable), "{body}, subjects {subjects}");
            assert_eq!(error.target(), &RegistryTarget::Schema(SEVEN));
        }
    }
    // An answer that no registry gives for a schema means nothing, even from a healthy one.
    for (status, body) in [(404, "<html>nothing here</html>"), (404, "{}"), (400, r#"{"error_code":40001}"#), (403, "")]
    {
        let server = Server::default();
        server.put("/schemas/ids/7", status, body);
        server.put(SUBJECTS, 200, r#"["orders-value"]"#);
        assert_eq!(error(&server).await.kind(), Refused, "{status} {body}");
    }
}

#[tokio::test]
async fn a_registry_that_has_no_subjects_yet_is_asked_again() {
    let server = Server::default();
    server.put(SUBJECTS, 200, "[]");
    let cache = SchemaCache::new(registry(&server.start().await), CachePolicy::default());
    let error = cache.by_id(SEVEN).await.unwrap_err();
    assert_eq!((error.code(), error.is_transient()), ("registry_lost_schemas", true));
    server.put(SUBJECTS, 200, r#"["orders-value"]"#);
    server.put("/schemas/ids/7", 200, r#"{"schema":"\"int\""}"#);
    assert_eq!(cache.by_id(SEVEN).await.unwrap().text, "\"int\"", "nothing of that was remembered");
}

#[tokio::test]
async fn a_schema_with_encrypted_fields_is_refused() {
    let rule = |rule: &str| format!(r#""ruleSet":{{"domainRules":[{rule}]}}"#);
    let encrypts = r#"{"name":"pii","kind":"TRANSFORM","mode":"WRITEREAD","type":"ENCRYPT","tags":["PII"],
        "params":{"encrypt.kek.name":"k"},"onFailure":"ERROR,NONE"}"#;
    let payload = r#"{"name":"all","kind":"TRANSFORM","mode":"WRITEREAD","type":"ENCRYPT_PAYLOAD"}"#;
    let refused = [
        (rule(encrypts), "ENCRYPT"),
        (rule(r#"{"type":"ENCRYPT"}"#), "ENCRYPT"),
        (rule(r#"{"type":"encrypt_field","mode":"WRITE"}"#), "encrypt_field"),
        (format!(r#""ruleSet":{{"migrationRules":null,"encodingRules":[{payload}]}}"#), "ENCRYPT_PAYLOAD"),
        // A custom rule that transforms the data on reading.
        (rule(r#"{"type":"TOKENIZE","kind":"TRANSFORM","mode":"READ"}"#), "TOKENIZE"),
        (rule(r#"{"kind":"TRANSFORM"}"#), ""),
    ];
    for (rules, named) in refused {
        let server = Server::default();
        let answer = format!(r#"{{"schema":"\"string\"",{rules},"id":7,"version":1,"subject":"s"}}"#);
        server.put("/schemas/ids/7", 200, answer.clone());
        server.put("/subjects/s/versions/latest", 200, answer);
        let registry = registry(&server.start().await);
        for error in
            [registry.by_id(SEVEN).await.unwrap_err(), registry.version("s", Version::Latest).await.unwrap_err()]
        {
            assert_eq!((error.code(), error.is_transient()), ("schema_rules_unsupported", false), "{rules}");
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, format!("the schema has a rule of type {named}"));
        }
    }
    let harmless = [
        r#""metadata":{"tags":{"**.ssn":["PII"]},"properties":{"owner":"x"}},"ruleSet":null"#.to_owned(),
        r#""ruleSet":{}"#.to_owned(),
        r#""ruleSet":{"migrationRules":[{"type":"JSONATA","kind":"TRANSFORM","mode":"UPGRADE"}],"domainRules":[]}"#
            .to_owned(),
        rule(r#"{"type":"CEL","kind":"CONDITION","mode":"WRITEREAD"}"#),
        rule(r#"{"type":"CEL_FIELD","kind":"TRANSFORM","mode":"WRITE"}"#),
        rule(r#"{"type":"ENCRYPT","disabled":true}"#),
    ];
    for rules in harmless {
        let server = Server::default();
        server.put("/schemas/ids/7", 200, format!(r#"{{"schema":"\"string\"",{rules}}}"#));
        assert!(registry(&server.start().await).by_id(SEVEN).await.is_ok(), "{rules}");
    }
}

#[tokio::test]
async fn a_schema_is_bounded_together_with_its_references() {
    let server = Server::default();
    let schema = |length: usize, next: &str| {
        let references = format!(r#"[{{"name":"x","subject":"{next}","version":1}}]"#);
        format!(
            r#"{{"schema":"{}","references":{}}}"#,
            if next.is_empty() { "z" } else { next }.repeat(length),
            if next.is_empty() { "[]" } else { &references }
        )
    };
    server.put("/schemas/ids/7", 200, schema(400, "a"));
    server.put("/subjects/a/versions/1?deleted=true", 200, schema(300, "b"));
    server.put("/subjects/b/versions/1?deleted=true", 200, schema(300, ""));
    let url = server.start().await;
    for (most, fits) in [(1_000, true), (999, false), (699, false), (399, false)] {
        let mut config = ConfluentConfig::new(&url);
        config.max_schema_bytes = most;
        let found = ConfluentRegistry::new(config).unwrap().by_id(SEVEN).await;
        match found {
            Ok(schema) => assert!(fits && schema.size() == 1_000, "{most}"),
            Err(error) => assert!(!fits && error.kind() == RegistryErrorKind::Unusable, "{most}: {error}"),
        }
    }
}
