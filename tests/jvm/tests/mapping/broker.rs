//! Starts one Apache Kafka broker for all tests of this program. One test kills it and starts it again on the same data,
//! and has it for itself meanwhile.

use std::path::PathBuf;
use std::time::Duration;

use jvm_peers::{class_path, free_ports, jars, java};
use local_stack::{Process, Program, Workspace};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::{RwLock, RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard};
use tokio::time::Instant;

const READY_WITHIN: Duration = Duration::from_secs(120);

static BROKER: RwLock<Option<Broker>> = RwLock::const_new(None);

/// A broker with one listener, without TLS and without a password.
pub(crate) struct Broker {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    settings: PathBuf,
    process: Process,
    _folder: TempDir,
}

impl Broker {
    /// The broker, beside other tests; the first test that needs it starts it.
    pub(crate) async fn shared() -> RwLockReadGuard<'static, Broker> {
        loop {
            if let Ok(broker) = RwLockReadGuard::try_map(BROKER.read().await, Option::as_ref) {
                return broker;
            }
            drop(Broker::alone().await);
        }
    }

    /// The broker, without other tests.
    pub(crate) async fn alone() -> RwLockMappedWriteGuard<'static, Broker> {
        let mut broker = BROKER.write().await;
        if broker.is_none() {
            *broker = Some(Broker::start().await);
        }
        RwLockWriteGuard::map(broker, |broker| broker.as_mut().unwrap())
    }

    /// Kills it with SIGKILL.
    pub(crate) async fn kill(&self) {
        // Its `Process` belongs to the runtime of the test that started it.
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).unwrap();
        while tokio::net::TcpStream::connect(&self.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it again on the data that it left.
    pub(crate) async fn restart(&mut self) {
        self.process = run(&self.settings, &self.address).await;
    }

    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [controller, direct] = free_ports().unwrap();
        let settings = folder.path().join("server.properties");
        let text = [
            "process.roles=broker,controller".to_owned(),
            "node.id=1".to_owned(),
            format!("controller.quorum.voters=1@127.0.0.1:{controller}"),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("listeners=CONTROLLER://127.0.0.1:{controller},PLAINTEXT://127.0.0.1:{direct}"),
            format!("advertised.listeners=PLAINTEXT://127.0.0.1:{direct}"),
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT".to_owned(),
            format!("log.dirs={}", folder.path().join("data").display()),
            "auto.create.topics.enable=false".to_owned(),
            "log.retention.ms=-1".to_owned(),
            "offsets.topic.num.partitions=1".to_owned(),
            "offsets.topic.replication.factor=1".to_owned(),
            // A group of one test begins at once, and a broker that was killed registers again at once.
            "group.initial.rebalance.delay.ms=0".to_owned(),
            "broker.session.timeout.ms=2000".to_owned(),
            String::new(),
        ];
        std::fs::write(&settings, text.join("\n")).unwrap();
        let mut format = Command::new(java().unwrap());
        format.args(["-cp", &class_path(&jars("kafka").unwrap()), "kafka.tools.StorageTool", "format"]);
        format.args(["--cluster-id", "MkU3OEVBNTcwNTJENDM2Qg", "--config"]).arg(&settings);
        let formatted = format.output().await.unwrap();
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        let address = format!("127.0.0.1:{direct}");
        Broker { process: run(&settings, &address).await, address, settings, _folder: folder }
    }
}

async fn run(settings: &PathBuf, address: &str) -> Process {
    let log = Workspace::find().unwrap().local(format!("logs/kafka-{}.log", address.replace(':', "-")));
    let jars = class_path(&jars("kafka").unwrap());
    let program = Program::new(java().unwrap(), &log).args(["-Xmx320m", "-cp", &jars, "kafka.Kafka"]);
    let mut process = Process::start(&program.args([settings])).unwrap();
    let deadline = Instant::now() + READY_WITHIN;
    while tokio::net::TcpStream::connect(address).await.is_err() {
        assert!(process.ended().unwrap().is_none(), "Kafka ended; its output is in {}", log.display());
        assert!(Instant::now() < deadline, "Kafka did not get ready; its output is in {}", log.display());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    process
}
