//! Our registry client with a real registry: Apicurio, through its interface for Confluent's clients.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::error::Error;
use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jvm_peers::jars;
use schema_registries::{Auth, ConfluentConfig, ConfluentRegistry, NewSchema, SchemaReference, Secret};
use schema_registry::compatibility::Level;
use schema_registry::{
    CachePolicy, RegistryErrorKind, RegistryTarget, SchemaCache, SchemaId, SchemaRef, Schemas, Subjects, Version,
};

/// Apicurio in a process of its own, which ends when this value is dropped. It keeps its schemas in memory.
struct Apicurio {
    url: String,
    process: Child,
}

const USER: &str = "reader";
const PASSWORD: &str = "hush";

impl Apicurio {
    /// Starts Apicurio so that only [`USER`] can sign in.
    async fn start() -> Self {
        let folder = jars("apicurio").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = File::create(folder.join(format!("apicurio-{port}.log"))).unwrap();
        let set = |name: &str, value: &str| format!("-Dquarkus.{name}={value}");
        let process = Command::new("java")
            .arg("-Xmx400m")
            .arg(set("http.host", "127.0.0.1"))
            .arg(set("http.port", &port.to_string()))
            .arg(set("management.port", "0"))
            .arg(set("http.auth.basic", "true"))
            .arg(set("security.users.embedded.plain-text", "true"))
            .arg(set(&format!("security.users.embedded.users.{USER}"), PASSWORD))
            .arg(set(&format!("security.users.embedded.roles.{USER}"), "sr-admin"))
            .arg(set("http.auth.permission.all.paths", "/apis/*"))
            .arg(set("http.auth.permission.all.policy", "authenticated"))
            .args(["-jar", "apicurio-registry-app-3.0.9-runner.jar"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}/apis/ccompat/v7");
        let mut apicurio = Apicurio { url, process };
        let (client, begun) = (apicurio.client(PASSWORD), Instant::now());
        while let Err(error) = client.subjects().await {
            let ended = apicurio.process.try_wait().unwrap();
            let late = begun.elapsed() > Duration::from_secs(120);
            assert!(ended.is_none() && !late, "Apicurio does not start: {error}; see .local/jvm/apicurio/*.log");
        }
        apicurio
    }

    /// A client with this password.
    fn client(&self, password: &str) -> ConfluentRegistry {
        let auth = Auth::Basic { user: Secret::new(USER), password: Secret::new(password) };
        ConfluentRegistry::new(ConfluentConfig { auth, ..ConfluentConfig::new(&self.url) }).unwrap()
    }
}

impl Drop for Apicurio {
    fn drop(&mut self) {
        // The test is over, so a failure does not matter.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn avro(schema: &str, references: &[(&str, &str, u32)]) -> NewSchema {
    let references = references.iter().map(|(name, subject, version)| SchemaReference {
        name: (*name).to_owned(),
        subject: (*subject).to_owned(),
        version: *version,
    });
    NewSchema { schema: schema.to_owned(), references: references.collect() }
}

fn record(name: &str, fields: &str) -> String {
    format!(r#"{{"type":"record","name":"{name}","namespace":"com.shop","fields":[{fields}]}}"#)
}

fn field(name: &str, ty: &str) -> String {
    format!(r#"{{"name":"{name}","type":"{ty}"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_works_with_apicurio() {
    let apicurio = Apicurio::start().await;
    let registry = apicurio.client(PASSWORD);
    registering_and_finding(&registry).await;
    references(&registry).await;
    compatibility(&registry).await;
    what_is_not_there(&registry).await;
    who_is_not_let_in(&apicurio).await;
    an_outage(apicurio).await;
}

async fn registering_and_finding(registry: &ConfluentRegistry) {
    let (first, second) = (record("Order", &field("id", "string")), record("Order", &field("number", "long")));
    let id = registry.register("orders-value", &avro(&first, &[])).await.unwrap();
    assert_eq!(registry.register("orders-value", &avro(&first, &[])).await.unwrap(), id, "the same schema again");
    let newer = registry.register("orders-value", &avro(&second, &[])).await.unwrap();
    assert_ne!(newer, id);
    assert_eq!(registry.by_id(SchemaRef::Id(id)).await.unwrap().text, first);
    for (version, expected) in
        [(Version::Number(1), (id, 1)), (Version::Number(2), (newer, 2)), (Version::Latest, (newer, 2))]
    {
        let found = registry.version("orders-value", version).await.unwrap();
        assert_eq!((found.id, found.version), expected, "{version}");
    }
    let found = registry.find("orders-value", &avro(&first, &[])).await.unwrap().unwrap();
    assert_eq!((found.id, found.version), (id, 1));
    assert_eq!(registry.find("orders-value", &avro("\"int\"", &[])).await.unwrap(), None);
    assert_eq!(registry.versions("orders-value").await.unwrap(), [1, 2]);
    assert!(registry.subjects().await.unwrap().contains(&"orders-value".to_owned()));
}

/// Two fields of another namespace use one type, by its full name.
async fn references(registry: &ConfluentRegistry) {
    let money = record("Money", &field("cents", "long"));
    registry.register("money", &avro(&money, &[])).await.unwrap();
    let needs_money = [("com.shop.Money", "money", 1)];
    let (price, tax) = (record("Price", &field("m", "Money")), record("Tax", &field("m", "Money")));
    registry.register("price", &avro(&price, &needs_money)).await.unwrap();
    registry.register("tax", &avro(&tax, &needs_money)).await.unwrap();
    let line = r#"{"type":"record","name":"Line","namespace":"com.bill","fields":[
        {"name":"price","type":"com.shop.Price"},{"name":"tax","type":"com.shop.Tax"}]}"#;
    let needs_all = [("com.shop.Money", "money", 1), ("com.shop.Price", "price", 1), ("com.shop.Tax", "tax", 1)];
    let id = registry.register("line", &avro(line, &needs_all)).await.unwrap();
    let found = registry.by_id(SchemaRef::Id(id)).await.unwrap();
    assert_eq!(found.references, [money, price, tax], "each once, after what it needs");
    let texts: Vec<&str> = found.references.iter().map(String::as_str).collect();
    avro_decode::Schema::parse_with_references(&found.text, &texts).unwrap();
}

async fn compatibility(registry: &ConfluentRegistry) {
    let first = avro(&record("User", &field("id", "string")), &[]);
    registry.register("users-value", &first).await.unwrap();
    registry.set_level(Some("users-value"), Level::Backward).await.unwrap();
    assert_eq!(registry.level(Some("users-value")).await.unwrap(), Some(Level::Backward));
    let added = format!("{},{}", field("id", "string"), field("email", "string"));
    let without_default = avro(&record("User", &added), &[]);
    let verdict = registry.compatibility("users-value", Version::Latest, &without_default).await.unwrap().unwrap();
    assert!(!verdict.compatible);
    let verdict = registry.compatibility("users-value", Version::Number(1), &first).await.unwrap().unwrap();
    assert!(verdict.compatible);
    let error = registry.register("users-value", &without_default).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Incompatible, false));
    assert!(error.source().unwrap().to_string().contains("ncompatible"), "the registry's reason is kept");
    assert_eq!(registry.versions("users-value").await.unwrap(), [1]);
    let error = registry.register("broken", &avro(r#"{"type":"recrod"}"#, &[])).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Invalid);
}

async fn what_is_not_there(registry: &ConfluentRegistry) {
    let unknown = SchemaRef::Id(SchemaId(999_999));
    let error = registry.by_id(unknown).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (RegistryErrorKind::NotFound, "schema_not_found"));
    for (subject, version) in [("nobody", Version::Latest), ("orders-value", Version::Number(9))] {
        let error = registry.version(subject, version).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.target()),
            (RegistryErrorKind::NotFound, &RegistryTarget::Version(subject.into(), version))
        );
    }
    assert_eq!(registry.versions("nobody").await.unwrap(), [] as [u32; 0]);
}

async fn who_is_not_let_in(apicurio: &Apicurio) {
    let error = apicurio.client("wrong").by_id(SchemaRef::Id(SchemaId(1))).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (RegistryErrorKind::Refused, true), "no fault of a record");
    let nobody = ConfluentRegistry::new(ConfluentConfig::new(&apicurio.url)).unwrap();
    assert_eq!(nobody.by_id(SchemaRef::Id(SchemaId(1))).await.unwrap_err().kind(), RegistryErrorKind::Refused);
}

async fn an_outage(mut apicurio: Apicurio) {
    let cache = SchemaCache::new(apicurio.client(PASSWORD), CachePolicy::default());
    let (met, never_met) = (SchemaRef::Id(SchemaId(1)), SchemaRef::Id(SchemaId(2)));
    cache.by_id(met).await.unwrap();
    apicurio.process.kill().unwrap();
    apicurio.process.wait().unwrap();
    cache.by_id(met).await.unwrap();
    assert_eq!(cache.by_id(never_met).await.unwrap_err().kind(), RegistryErrorKind::Unavailable);
}
