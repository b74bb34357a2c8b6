//! A schema is fetched and compiled once for each type that reads it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use avro_decode::{AvroRead, Limits};
use schema_registry::{
    CachePolicy, FetchCounter, PlanCache, RegistryErrorKind, SchemaCache, SchemaId, SchemaRef,
    testing::{Health, INNER, InMemorySchemas, MIDDLE, OUTER},
};

#[derive(AvroRead, Debug, PartialEq)]
struct Account<'a> {
    email: Option<&'a str>,
}

#[derive(AvroRead, Debug, PartialEq)]
struct Outer {
    middle: Middle,
}

#[derive(AvroRead, Debug, PartialEq)]
struct Middle {
    inner: Inner,
}

#[derive(AvroRead, Debug, PartialEq)]
enum Inner {
    #[avro(rename = "ONE")]
    One,
}

fn id(number: u32) -> SchemaRef {
    SchemaRef::Id(SchemaId(number))
}

fn registry() -> Arc<InMemorySchemas> {
    let registry = InMemorySchemas::default();
    let account = |ty: &str| format!(r#"{{"type":"record","name":"A","fields":[{{"name":"email","type":{ty}}}]}}"#);
    registry.put(id(1), account(r#""string""#), &[]);
    registry.put(id(2), account(r#"["null","string"]"#), &[]);
    registry.put(id(3), account(r#""int""#), &[]);
    registry.put(id(4), r#"{"type":"recrod"}"#, &[]);
    registry.put(id(5), OUTER, &[INNER, MIDDLE]);
    Arc::new(registry)
}

#[tokio::test]
async fn versions_of_a_schema_are_read_as_one_type() {
    let plans = PlanCache::<Account<'static>>::new(registry(), Limits::default());
    assert!(plans.known(id(1)).is_none());
    let plan = plans.plan(id(1)).await.unwrap();
    assert_eq!(plan.decode(b"\x06a@b").unwrap(), Account { email: Some("a@b") });
    let plan = plans.plan(id(2)).await.unwrap();
    assert_eq!(plan.decode(b"\x00").unwrap(), Account { email: None });
    assert!(plans.known(id(1)).is_some_and(|plan| plan.is_ok()));
}

#[tokio::test]
async fn each_of_many_schemas_is_fetched_once() {
    let registry = registry();
    let schemas = 100..130;
    for schema in schemas.clone() {
        let (field, ty) = (format!("f{schema}"), r#"["null","string"]"#);
        let text = format!(
            r#"{{"type":"record","name":"A","fields":[{{"name":"{field}","type":"int"}},{{"name":"email","type":{ty}}}]}}"#
        );
        registry.put(id(schema), text, &[]);
    }
    let plans = PlanCache::<Account<'static>>::new(Arc::clone(&registry) as _, Limits::default());
    for _ in 0..2 {
        for schema in schemas.clone() {
            plans.plan(id(schema)).await.unwrap();
            let known = plans.known(id(schema)).unwrap().unwrap();
            assert_eq!(known.decode(b"\x08\x02\x06a@b").unwrap(), Account { email: Some("a@b") });
        }
    }
    assert!(plans.known(id(130)).is_none());
    assert_eq!(registry.requests(), schemas.len());
}

#[tokio::test]
async fn a_schema_that_does_not_resolve_is_permanent_and_fetched_once() {
    let registry = registry();
    let plans = PlanCache::<Account<'static>>::new(Arc::clone(&registry) as _, Limits::default());
    for schema in [3, 4] {
        let first = plans.plan(id(schema)).await.unwrap_err();
        assert!(first.registry().is_none(), "{first}");
        assert_eq!(plans.plan(id(schema)).await.unwrap_err().code(), first.code());
        assert!(first.to_string().starts_with(&format!("id:{schema}: ")), "{first}");
    }
    assert_eq!(registry.requests(), 2);
}

#[tokio::test]
async fn an_error_of_the_registry_is_not_kept() {
    let registry = registry();
    registry.set_health(Health::Down);
    let plans = PlanCache::<Account<'static>>::new(Arc::clone(&registry) as _, Limits::default());
    let error = plans.plan(id(1)).await.unwrap_err();
    assert!(error.registry().unwrap().is_transient());
    registry.set_health(Health::Up);
    plans.plan(id(1)).await.unwrap();
    registry.set_health(Health::Down);
    plans.plan(id(1)).await.unwrap();
    assert_eq!(plans.plan(id(9)).await.unwrap_err().registry().unwrap().kind(), RegistryErrorKind::Unavailable);
}

#[tokio::test]
async fn referenced_schemas_are_resolved() {
    let schemas = SchemaCache::new(registry(), CachePolicy::default());
    let plans = PlanCache::<Outer>::new(Arc::new(schemas), Limits::default());
    let plan = plans.plan(id(5)).await.unwrap();
    assert_eq!(plan.decode(b"\x00").unwrap(), Outer { middle: Middle { inner: Inner::One } });
}

#[tokio::test]
async fn more_schemas_than_are_kept_still_resolve() {
    let registry = registry();
    for number in 100..2_200 {
        registry.put(id(number), r#"{"type":"record","name":"A","fields":[]}"#, &[]);
    }
    let plans = PlanCache::<Account<'static>>::new(registry, Limits::default());
    for number in 100..2_200 {
        assert_eq!(plans.plan(id(number)).await.unwrap().decode(b"").unwrap().email, None);
    }
}

#[tokio::test]
async fn a_miss_is_counted_until_the_plan_is_known() {
    let schemas = Arc::new(SchemaCache::new(registry(), CachePolicy::default()));
    let (accounts, outers) = (
        PlanCache::<Account<'static>>::new(schemas.clone(), Limits::default()),
        PlanCache::<Outer>::new(schemas, Limits::default()),
    );
    let counter = FetchCounter::default();
    for _ in 0..3 {
        accounts.plan_counted(id(1), &counter).await.unwrap();
    }
    // The other type misses its plan, and finds the schema in the cache.
    outers.plan_counted(id(1), &counter).await.unwrap_err();
    assert_eq!((counter.stats().misses, counter.stats().fetches), (2, 1));
}
