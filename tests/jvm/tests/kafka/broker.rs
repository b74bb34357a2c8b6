//! Starts one Apache Kafka broker for all tests of this program; it ends with the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jvm_peers::{class_path, free_ports, jars, java};
use kafka_producer::{CaCertificates, KafkaConfig, Login, ScramMechanism, Security};
use local_stack::{Process, Program, Workspace};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::peer;

/// A user that the broker knows.
pub(crate) const USER: (&str, &str) = ("profiles", "local-secret");
/// A role that the broker knows, for AWS_MSK_IAM: access key, secret.
pub(crate) const ROLE: (&str, &str) = ("AKIDLOCALROLE", "local/role+secret");
/// A role with a session token: access key, secret, token.
pub(crate) const SESSION: (&str, &str, &str) =
    ("ASIALOCALSESSION", "local/session+secret", "local/token+with=odd&signs");
/// The cluster's region.
pub(crate) const REGION: &str = "eu-central-1";
/// The password of the key store, which holds test keys only.
const STORE_PASSWORD: &str = "local-secret";
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A listener that advertises the port of a proxy in place of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proxied {
    /// The address on which the broker listens.
    pub(crate) broker: u16,
    /// The port that it advertises to clients.
    pub(crate) told: u16,
}

/// The broker. A guard ends its process when this program ends, also when it is killed.
pub(crate) struct Broker {
    /// Listener without TLS and without a password.
    pub(crate) direct: String,
    /// Listener with SCRAM over TLS.
    pub(crate) secure: String,
    /// Listener with SCRAM over TLS, for the test that cuts connections.
    pub(crate) secure_proxied: Proxied,
    /// Listener with AWS_MSK_IAM over TLS.
    pub(crate) iam: String,
    /// Listeners for the tests that cut connections, one for each.
    pub(crate) proxied: [Proxied; 4],
    /// The certificate of the authority that signed the broker's certificate, in PEM.
    pub(crate) authority: Vec<u8>,
    /// The same as a file.
    pub(crate) authority_file: PathBuf,
    /// The certificate of another authority.
    pub(crate) foreign_authority_file: PathBuf,
    _process: Process,
    _folder: TempDir,
}

impl Broker {
    /// The broker; the first test that needs it starts it.
    pub(crate) async fn running() -> &'static Broker {
        static BROKER: OnceCell<Broker> = OnceCell::const_new();
        BROKER.get_or_init(Broker::start).await
    }

    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let jars = jars("kafka").unwrap();
        let [authority_file, foreign_authority_file] =
            ["authority", "foreign"].map(|name| folder.path().join(format!("{name}.pem")));
        let authority = make_certificates(folder.path()).await;
        std::fs::write(&authority_file, &authority).unwrap();
        std::fs::write(&foreign_authority_file, make_authority(&folder.path().join("foreign.p12")).await).unwrap();
        let classes = iam_server(folder.path(), &jars).await;
        let ports = free_ports::<14>().unwrap();
        let [controller, direct, secure, iam] = [10, 11, 12, 13].map(|at| ports[at]);
        let pair = |at: usize| Proxied { broker: ports[at], told: ports[at + 1] };
        let (proxied, secure_proxied) = ([0, 2, 4, 6].map(pair), pair(8));
        let mut listeners = vec![
            Listener::on("CONTROLLER", "PLAINTEXT", controller),
            Listener::on("DIRECT", "PLAINTEXT", direct),
            Listener::on("SECURE", "SASL_SSL", secure),
            Listener::on("IAM", "SASL_SSL", iam),
            Listener { told: secure_proxied.told, ..Listener::on("SECURED", "SASL_SSL", secure_proxied.broker) },
        ];
        let names = ["PROXIED0", "PROXIED1", "PROXIED2", "PROXIED3"];
        listeners.extend(
            names.into_iter().zip(&proxied).map(|(name, proxied)| Listener {
                told: proxied.told,
                ..Listener::on(name, "PLAINTEXT", proxied.broker)
            }),
        );
        let settings = folder.path().join("server.properties");
        std::fs::write(&settings, properties(folder.path(), controller, &listeners)).unwrap();

        let (user, password) = USER;
        let scram = format!("SCRAM-SHA-512=[name={user},password={password}]");
        let mut format = Command::new("java");
        format.args(["-cp", &class_path(&jars), "kafka.tools.StorageTool", "format", "--cluster-id"]);
        format.args(["MkU3OEVBNTcwNTJENDM2Qg", "--add-scram", &scram, "--config"]).arg(&settings);
        let formatted = format.output().await.unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));

        let log = Workspace::find().unwrap().local(format!("logs/kafka-{direct}.log"));
        let program = Program::new(java().unwrap(), &log).args(["-Xmx512m"]).args(iam_identities());
        let program = program.args(["-cp", &format!("{}:{classes}", class_path(&jars)), "kafka.Kafka"]);
        let mut process = Process::start(&program.args([&settings])).unwrap();
        let deadline = Instant::now() + READY_WITHIN;
        while tokio::net::TcpStream::connect(("127.0.0.1", direct)).await.is_err() {
            assert!(process.ended().unwrap().is_none(), "Kafka ended; its output is in {}", log.display());
            assert!(Instant::now() < deadline, "Kafka did not get ready; its output is in {}", log.display());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let direct = format!("127.0.0.1:{direct}");
        let secure = format!("127.0.0.1:{secure}");
        let iam = format!("127.0.0.1:{iam}");
        Broker {
            direct,
            secure,
            secure_proxied,
            iam,
            proxied,
            authority,
            authority_file,
            foreign_authority_file,
            _process: process,
            _folder: folder,
        }
    }

    /// Creates an empty topic.
    pub(crate) async fn topic(&self, name: &str, partitions: u32) {
        self.topic_with(name, partitions, &[]).await;
    }

    /// Creates an empty topic with settings, each as `name=value`.
    pub(crate) async fn topic_with(&self, name: &str, partitions: u32, settings: &[&str]) {
        let partitions = partitions.to_string();
        let create = ["create", &self.direct, &partitions, name];
        peer::run(&create.into_iter().chain(settings.iter().copied()).collect::<Vec<_>>()).await;
    }
}

/// Configures our producer for an address without TLS.
pub(crate) fn plaintext(bootstrap: impl Into<String>) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: bootstrap.into(),
        client_id: "jvm-peers".to_owned(),
        security: Security::Plaintext,
        ca_certificates: None,
        delivery_timeout: Duration::from_secs(60),
    }
}

/// Configures our producer for user and password over TLS.
pub(crate) fn scram(broker: &Broker, password: &str) -> KafkaConfig {
    let login = Login { user: USER.0.to_owned(), password: password.to_owned() };
    KafkaConfig {
        security: Security::Scram { mechanism: ScramMechanism::Sha512, logins: Arc::new(login) },
        ca_certificates: Some(authorities(broker)),
        ..plaintext(&broker.secure)
    }
}

/// Configures our producer for the credentials of a role.
pub(crate) fn iam(broker: &Broker, key: &str, secret: &str, token: Option<&str>) -> KafkaConfig {
    let credentials = Credentials::new(key, secret, token.map(str::to_owned), None, "test");
    let credentials = SharedCredentialsProvider::new(credentials);
    KafkaConfig {
        security: Security::MskIam { region: REGION.to_owned(), credentials },
        ca_certificates: Some(authorities(broker)),
        ..plaintext(&broker.iam)
    }
}

fn authorities(broker: &Broker) -> CaCertificates {
    CaCertificates { origin: "the test".to_owned(), pem: broker.authority.clone() }
}

/// The address on which the broker listens, and the port that it advertises to clients.
struct Listener {
    name: &'static str,
    protocol: &'static str,
    port: u16,
    told: u16,
}

impl Listener {
    fn on(name: &'static str, protocol: &'static str, port: u16) -> Self {
        Listener { name, protocol, port, told: port }
    }
}

fn properties(folder: &Path, controller: u16, all: &[Listener]) -> String {
    let listeners: Vec<_> = all.iter().map(|it| format!("{}://127.0.0.1:{}", it.name, it.port)).collect();
    let told = all.iter().filter(|it| it.name != "CONTROLLER");
    let told: Vec<_> = told.map(|it| format!("{}://127.0.0.1:{}", it.name, it.told)).collect();
    let protocols: Vec<_> = all.iter().map(|it| format!("{}:{}", it.name, it.protocol)).collect();
    // The broker requires a login module; the mechanism does not use it.
    let unused = "org.apache.kafka.common.security.plain.PlainLoginModule required;";
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
        "log.retention.ms=-1".to_owned(),
        // Needed by topics with a retention of their own.
        "log.retention.check.interval.ms=200".to_owned(),
        "log.initial.task.delay.ms=200".to_owned(),
        "offsets.topic.replication.factor=1".to_owned(),
        "transaction.state.log.replication.factor=1".to_owned(),
        "transaction.state.log.min.isr=1".to_owned(),
        "message.max.bytes=1000000".to_owned(),
        "sasl.enabled.mechanisms=SCRAM-SHA-512".to_owned(),
        format!("listener.name.secure.scram-sha-512.sasl.jaas.config={scram}"),
        format!("listener.name.secured.scram-sha-512.sasl.jaas.config={scram}"),
        "security.providers=MskIamServer".to_owned(),
        "listener.name.iam.sasl.enabled.mechanisms=AWS_MSK_IAM".to_owned(),
        format!("listener.name.iam.aws_msk_iam.sasl.jaas.config={unused}"),
        format!("ssl.keystore.location={}", folder.join("broker.p12").display()),
        "ssl.keystore.type=PKCS12".to_owned(),
        format!("ssl.keystore.password={STORE_PASSWORD}"),
        String::new(),
    ]
    .join("\n")
}

/// Creates an authority, and a key whose certificate it signed for the loopback address; returns the authority's
/// certificate in PEM.
async fn make_certificates(folder: &Path) -> Vec<u8> {
    let (authority, store) = (folder.join("authority.p12"), folder.join("broker.p12"));
    let certificate = make_authority(&authority).await;
    keytool(&store, &["-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=localhost"]).await;
    let [request, signed, trusted] = ["broker.csr", "broker.pem", "trusted.pem"].map(|name| folder.join(name));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    std::fs::write(&request, keytool(&store, &["-certreq", "-alias", "broker"]).await).unwrap();
    let names = "SAN=ip:127.0.0.1,dns:localhost";
    let sign = ["-gencert", "-rfc", "-alias", "authority", "-ext", names, "-infile", &text(&request)];
    std::fs::write(&signed, keytool(&authority, &sign).await).unwrap();
    std::fs::write(&trusted, &certificate).unwrap();
    keytool(&store, &["-importcert", "-noprompt", "-alias", "authority", "-file", &text(&trusted)]).await;
    keytool(&store, &["-importcert", "-noprompt", "-alias", "broker", "-file", &text(&signed)]).await;
    certificate
}

async fn make_authority(store: &Path) -> Vec<u8> {
    let name = format!("CN={}", store.file_stem().unwrap().display());
    let make = ["-genkeypair", "-alias", "authority", "-keyalg", "EC", "-dname", &name, "-ext", "bc:c"];
    keytool(store, &make).await;
    keytool(store, &["-exportcert", "-rfc", "-alias", "authority"]).await
}

/// Compiles the broker's side of AWS_MSK_IAM; returns the folder to add to the broker's class path.
async fn iam_server(folder: &Path, kafka: &Path) -> String {
    let aws = class_path(&jars("msk-iam").unwrap());
    let classes = folder.join("classes");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("msk-iam/MskIamServer.java");
    let mut javac = Command::new("javac");
    javac.args(["-nowarn", "-cp", &format!("{}:{aws}", class_path(kafka)), "-d"]).arg(&classes).arg(source);
    let compiled = javac.output().await.unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    format!("{}:{aws}", classes.display())
}

fn iam_identities() -> [String; 6] {
    let ((key, secret), (session, session_secret, token)) = (ROLE, SESSION);
    [
        format!("-Diam.region={REGION}"),
        format!("-Diam.key={key}"),
        format!("-Diam.secret={secret}"),
        format!("-Diam.session.key={session}"),
        format!("-Diam.session.secret={session_secret}"),
        format!("-Diam.session.token={token}"),
    ]
}

async fn keytool(store: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut keytool = Command::new("keytool");
    keytool.args(arguments).arg("-keystore").arg(store).args(["-storetype", "PKCS12", "-storepass", STORE_PASSWORD]);
    let done = keytool.output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    done.stdout
}
