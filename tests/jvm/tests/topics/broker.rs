//! Starts one Apache Kafka broker for all tests of this program: without a login everything is allowed, with one only what
//! access control lists say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jvm_peers::{class_path, free_ports, jars, java};
use local_stack::{Process, Program, Workspace};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// A user that the broker knows by its password.
pub(crate) const CLERK: (&str, &str) = ("clerk", "local-secret");
/// A client that the broker knows by its certificate.
pub(crate) const HOLDER: &str = "holder";
const READY_WITHIN: Duration = Duration::from_secs(120);

pub(crate) struct Broker {
    /// Without TLS and without a password.
    pub(crate) direct: String,
    /// SCRAM without TLS.
    pub(crate) scram: String,
    /// TLS that asks for a certificate.
    pub(crate) mutual: String,
    /// The certificate of the authority, as a file.
    pub(crate) authority: PathBuf,
    /// The certificate and key of [`HOLDER`], as files.
    pub(crate) holder: [PathBuf; 2],
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
        let ports = free_ports::<4>().unwrap();
        let (authority, holder) = certificates(folder.path());
        let settings = folder.path().join("server.properties");
        std::fs::write(&settings, properties(folder.path(), ports)).unwrap();
        let jars = class_path(&jars("kafka").unwrap());
        let scram = format!("SCRAM-SHA-512=[name={},password={}]", CLERK.0, CLERK.1);
        let mut format = Command::new(java().unwrap());
        format.args(["-cp", &jars, "kafka.tools.StorageTool", "format", "--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg"]);
        format.args(["--add-scram", &scram, "--config"]).arg(&settings);
        let formatted = format.output().await.unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));

        let [direct, scram, mutual] = [1, 2, 3].map(|at| format!("127.0.0.1:{}", ports[at]));
        let log = Workspace::find().unwrap().local(format!("logs/kafka-{}.log", direct.replace(':', "-")));
        let program = Program::new(java().unwrap(), &log).args(["-Xmx320m", "-cp", &jars, "kafka.Kafka"]);
        let mut process = Process::start(&program.args([&settings])).unwrap();
        let deadline = Instant::now() + READY_WITHIN;
        while tokio::net::TcpStream::connect(&direct).await.is_err() {
            assert!(process.ended().unwrap().is_none(), "Kafka ended; its output is in {}", log.display());
            assert!(Instant::now() < deadline, "Kafka did not get ready; its output is in {}", log.display());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Broker { direct, scram, mutual, authority, holder, _process: process, _folder: folder }
    }
}

fn properties(folder: &Path, [controller, direct, scram, mutual]: [u16; 4]) -> String {
    [
        "process.roles=broker,controller".to_owned(),
        "node.id=1".to_owned(),
        format!("controller.quorum.voters=1@127.0.0.1:{controller}"),
        "controller.listener.names=CONTROLLER".to_owned(),
        "inter.broker.listener.name=DIRECT".to_owned(),
        format!(
            "listeners=CONTROLLER://127.0.0.1:{controller},DIRECT://127.0.0.1:{direct},SCRAM://127.0.0.1:{scram},MUTUAL://127.0.0.1:{mutual}"
        ),
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT,SCRAM:SASL_PLAINTEXT,MUTUAL:SSL".to_owned(),
        format!("log.dirs={}", folder.join("data").display()),
        "auto.create.topics.enable=false".to_owned(),
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        "super.users=User:ANONYMOUS".to_owned(),
        "sasl.enabled.mechanisms=SCRAM-SHA-512".to_owned(),
        "listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;".to_owned(),
        "listener.name.mutual.ssl.client.auth=required".to_owned(),
        format!("listener.name.mutual.ssl.keystore.location={}", folder.join("broker.pem").display()),
        "listener.name.mutual.ssl.keystore.type=PEM".to_owned(),
        format!("listener.name.mutual.ssl.truststore.location={}", folder.join("authority.pem").display()),
        "listener.name.mutual.ssl.truststore.type=PEM".to_owned(),
        String::new(),
    ]
    .join("\n")
}

/// An authority, a broker's certificate and a client's, as files; returns those that a client needs.
fn certificates(folder: &Path) -> (PathBuf, [PathBuf; 2]) {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let signed = |names: Vec<String>, name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        (parameters.signed_by(&key, &authority).unwrap().pem(), key.serialize_pem())
    };
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (certificate, key) = signed(vec!["127.0.0.1".to_owned(), "localhost".to_owned()], "broker");
    write("broker.pem", &format!("{key}\n{certificate}\n{}", authority.pem()));
    let (certificate, key) = signed(Vec::new(), HOLDER);
    let authority = write("authority.pem", &authority.pem());
    (authority, [write("holder.pem", &certificate), write("holder.key", &key)])
}
