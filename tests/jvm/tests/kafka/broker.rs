//! One Apache Kafka broker for all tests of this program; it ends with it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jvm_peers::{class_path, jars};
use kafka_producer::{KafkaConfig, ScramMechanism, Security};
use local_stack::{Process, Program, Workspace};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::peer;

/// A user that the broker knows.
pub(crate) const USER: (&str, &str) = ("profiles", "local-secret");
/// Of the key store, which holds nothing worth a better one.
const STORE_PASSWORD: &str = "local-secret";
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A listener whose clients are told another port than the broker listens on: a proxy goes between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proxied {
    /// Where the broker listens.
    pub(crate) broker: u16,
    /// What it tells its clients.
    pub(crate) told: u16,
}

/// The broker. Its process is ended by a guard when this program ends, however it ends.
pub(crate) struct Broker {
    /// Without TLS and password.
    pub(crate) direct: String,
    /// SCRAM over TLS.
    pub(crate) secure: String,
    /// For the tests that cut connections, one each.
    pub(crate) proxied: [Proxied; 3],
    /// The certificate to trust, in PEM.
    pub(crate) certificate: Vec<u8>,
    _process: Process,
    _folder: TempDir,
}

impl Broker {
    /// The broker, started by the first test that asks.
    pub(crate) async fn running() -> &'static Broker {
        static BROKER: OnceCell<Broker> = OnceCell::const_new();
        BROKER.get_or_init(Broker::start).await
    }

    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let jars = jars("kafka").unwrap();
        let certificate = make_certificate(folder.path()).await;
        let [controller, direct, secure] = free_ports();
        let proxied = free_ports::<6>();
        let proxied = [0, 2, 4].map(|at| Proxied { broker: proxied[at], told: proxied[at + 1] });
        let settings = folder.path().join("server.properties");
        std::fs::write(&settings, properties(folder.path(), controller, direct, secure, &proxied)).unwrap();

        let (user, password) = USER;
        let scram = format!("SCRAM-SHA-512=[name={user},password={password}]");
        let mut format = Command::new("java");
        format.args(["-cp", &class_path(&jars), "kafka.tools.StorageTool", "format", "--cluster-id"]);
        format.args(["MkU3OEVBNTcwNTJENDM2Qg", "--add-scram", &scram, "--config"]).arg(&settings);
        let formatted = format.output().await.unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));

        let log = Workspace::find().unwrap().local(format!("logs/kafka-{direct}.log"));
        let program = Program::new(java().await, &log).args(["-Xmx512m", "-cp", &class_path(&jars), "kafka.Kafka"]);
        let mut process = Process::start(&program.args([&settings])).unwrap();
        let deadline = Instant::now() + READY_WITHIN;
        while tokio::net::TcpStream::connect(("127.0.0.1", direct)).await.is_err() {
            assert!(process.ended().unwrap().is_none(), "Kafka ended; its output is in {}", log.display());
            assert!(Instant::now() < deadline, "Kafka did not get ready; its output is in {}", log.display());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let direct = format!("127.0.0.1:{direct}");
        let secure = format!("127.0.0.1:{secure}");
        Broker { direct, secure, proxied, certificate, _process: process, _folder: folder }
    }

    /// Creates an empty topic.
    pub(crate) async fn topic(&self, name: &str, partitions: u32) {
        peer::run(&["create", &self.direct, &partitions.to_string(), name]).await;
    }
}

/// How our producer reaches an address without TLS.
pub(crate) fn plaintext(bootstrap: impl Into<String>) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: bootstrap.into(),
        client_id: "jvm-peers".to_owned(),
        security: Security::Plaintext,
        ca_certificates: None,
        delivery_timeout: Duration::from_secs(60),
    }
}

/// How our producer reaches it by user and password over TLS.
pub(crate) fn scram(broker: &Broker, password: &str) -> KafkaConfig {
    let (mechanism, user) = (ScramMechanism::Sha512, USER.0.to_owned());
    KafkaConfig {
        security: Security::Scram { mechanism, user, password: password.to_owned() },
        ca_certificates: Some(broker.certificate.clone()),
        ..plaintext(&broker.secure)
    }
}

fn properties(folder: &Path, controller: u16, direct: u16, secure: u16, proxied: &[Proxied]) -> String {
    let mut listeners = vec![
        format!("CONTROLLER://127.0.0.1:{controller}"),
        format!("DIRECT://127.0.0.1:{direct}"),
        format!("SECURE://127.0.0.1:{secure}"),
    ];
    let mut told = vec![format!("DIRECT://127.0.0.1:{direct}"), format!("SECURE://127.0.0.1:{secure}")];
    let mut protocols =
        vec!["CONTROLLER:PLAINTEXT".to_owned(), "DIRECT:PLAINTEXT".to_owned(), "SECURE:SASL_SSL".to_owned()];
    for (number, proxied) in proxied.iter().enumerate() {
        listeners.push(format!("PROXIED{number}://127.0.0.1:{}", proxied.broker));
        told.push(format!("PROXIED{number}://127.0.0.1:{}", proxied.told));
        protocols.push(format!("PROXIED{number}:PLAINTEXT"));
    }
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    [
        "process.roles=broker,controller".to_owned(),
        "node.id=1".to_owned(),
        format!("controller.quorum.voters=1@127.0.0.1:{controller}"),
        "controller.listener.names=CONTROLLER".to_owned(),
        "inter.broker.listener.name=DIRECT".to_owned(),
        format!("listeners={}", listeners.join(",")),
        format!("advertised.listeners={}", told.join(",")),
        format!("listener.security.protocol.map={}", protocols.join(",")),
        format!("log.dirs={}", folder.join("data").display()),
        "auto.create.topics.enable=false".to_owned(),
        // Records carry the times of their tests, which age.
        "log.retention.ms=-1".to_owned(),
        "offsets.topic.replication.factor=1".to_owned(),
        "transaction.state.log.replication.factor=1".to_owned(),
        "transaction.state.log.min.isr=1".to_owned(),
        "message.max.bytes=1000000".to_owned(),
        "sasl.enabled.mechanisms=SCRAM-SHA-512".to_owned(),
        format!("listener.name.secure.scram-sha-512.sasl.jaas.config={scram}"),
        format!("ssl.keystore.location={}", folder.join("broker.p12").display()),
        "ssl.keystore.type=PKCS12".to_owned(),
        format!("ssl.keystore.password={STORE_PASSWORD}"),
        String::new(),
    ]
    .join("\n")
}

/// A key and a certificate for the loopback address; the certificate in PEM.
async fn make_certificate(folder: &Path) -> Vec<u8> {
    let store = folder.join("broker.p12");
    let names = "SAN=ip:127.0.0.1,dns:localhost";
    let make = ["-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", names];
    keytool(&store, &make).await;
    keytool(&store, &["-exportcert", "-rfc", "-alias", "broker"]).await
}

async fn keytool(store: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut keytool = Command::new("keytool");
    keytool.args(arguments).arg("-keystore").arg(store).args(["-storetype", "PKCS12", "-storepass", STORE_PASSWORD]);
    let done = keytool.output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    done.stdout
}

/// `Process` wants a path; the shell knows it.
async fn java() -> PathBuf {
    let found = Command::new("sh").args(["-c", "command -v java"]).output().await.unwrap();
    assert!(found.status.success(), "java is not on the path; install Java 17");
    String::from_utf8(found.stdout).unwrap().trim().into()
}

/// Free a moment ago; all are held until the last is found, so they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
