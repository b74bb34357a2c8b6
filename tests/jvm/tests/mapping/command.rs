//! The command `event-source-mapping`: Ctrl-C, metrics, exit codes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use jvm_peers::free_ports;
use local_stack::{Workspace, build};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::OnceCell;

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::function::{Answer, Function, WITHIN};

/// Values of records, which are never printed.
pub(crate) const RECORD_VALUES: [&str; 2] = ["poison", "cG9pc29u"];

pub(crate) struct Command(tokio::process::Command);

impl Command {
    pub(crate) async fn new(arguments: &[&str]) -> Self {
        static BINARY: OnceCell<PathBuf> = OnceCell::const_new();
        let built = async || build(&Workspace::find().unwrap(), &["event-source-mapping"]).await.unwrap().remove(0);
        let mut command = tokio::process::Command::new(BINARY.get_or_init(built).await);
        command.args(arguments).kill_on_drop(true).env("NO_PROXY", "127.0.0.1,localhost").stdin(Stdio::null());
        for name in ["KAFKA_USERNAME", "KAFKA_PASSWORD", "KAFKA_BOOTSTRAP_SERVERS", "AWS_ENDPOINT_URL"] {
            command.env_remove(name);
        }
        Command(command)
    }

    /// A mapping of a topic from its beginning, with its group's name as the topic's.
    async fn mapping(broker: &Broker, topic: &str, url: &str) -> Self {
        let group = format!("SelfManagedKafkaEventSourceConfig={{\"ConsumerGroupId\":\"{topic}\"}}");
        let command = Command::new(&["run", "--function", "hello", "--topic", topic, "--invoke-url", url]).await;
        let command = command.args(&["--bootstrap-servers", &broker.address, "--set", &group]);
        command.args(&["--set", "StartingPosition=TRIM_HORIZON", "--set", "BatchSize=5"])
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.0.args(arguments);
        self
    }

    /// Runs it to its end: its exit code and all its output.
    pub(crate) async fn run(mut self) -> (i32, String) {
        let output = tokio::time::timeout(WITHIN, self.0.output()).await.unwrap().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    fn start(mut self) -> tokio::process::Child {
        self.0.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    }
}

fn interrupt(child: &tokio::process::Child) {
    kill(Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()), Signal::SIGINT).unwrap();
}

/// Waits until a line of its standard error has this text.
async fn line(child: &mut tokio::process::Child, text: &str) {
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    let found = async { while !lines.next_line().await.unwrap().unwrap().contains(text) {} };
    tokio::time::timeout(WITHIN, found).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_finishes_what_is_invoked_and_leaves_the_group() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "command.finishes";
    cluster.topic(topic, 1).await;
    cluster.write(topic, 0, (0..20).map(|nth| nth.to_string())).await;
    let function = Function::start(|_| Answer::Returns).await;
    function.hold(true);
    let [port] = free_ports().unwrap();
    let command = Command::mapping(&broker, topic, function.url()).await;
    let mut child = command.args(&["--metrics-port", &port.to_string()]).start();
    function.until_different(5).await;
    let metrics = metrics(port, "InvokedEventCount{mapping=\"hello\"} 5").await;
    for line in [
        "PolledEventCount{mapping=\"hello\"} 20",
        "SumOffsetLag{mapping=\"hello\"} 20",
        "FailedInvokeEventCount{mapping=\"hello\"} 0",
        "MaxOffsetLag{mapping=\"hello\"} 20",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    interrupt(&child);
    line(&mut child, "finishing what is invoked").await;
    function.hold(false);
    let status = tokio::time::timeout(WITHIN, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(function.records().len(), 5, "no further batch began");
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 5)]));
    assert_eq!(cluster.members(topic).await, 0);

    let (code, output) =
        Command::mapping(&broker, topic, function.url()).await.args(&["--until-caught-up", "-v"]).run().await;
    assert_eq!((code, function.records().len()), (0, 20), "{output}");
    assert!(output.contains("hello: 5 records, command.finishes-0 5..9: returned ("), "{output}");
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 20)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_ctrl_c_abandons_what_is_invoked() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let topic = "command.abandons";
    cluster.topic(topic, 1).await;
    cluster.write(topic, 0, (0..20).map(|nth| nth.to_string())).await;
    let function = Function::start(|_| Answer::Returns).await;
    function.hold(true);
    let mut child = Command::mapping(&broker, topic, function.url()).await.start();
    function.until_different(5).await;
    interrupt(&child);
    line(&mut child, "finishing what is invoked").await;
    interrupt(&child);
    let status = tokio::time::timeout(WITHIN, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 0)]));
    assert_eq!(cluster.members(topic).await, 0);

    function.hold(false);
    let (code, output) =
        Command::mapping(&broker, topic, function.url()).await.args(&["--until-caught-up"]).run().await;
    let offsets: Vec<_> = function.records().iter().map(|got| got.offset).collect();
    assert_eq!((code, offsets), (0, (0..5).chain(0..20).collect()), "{output}");
    assert_eq!(cluster.committed(topic, topic).await, BTreeMap::from([(0, 20)]));
}

#[tokio::test]
async fn what_is_missing_is_one_line_and_an_exit_code() {
    let broker = Broker::shared().await;
    let url = "http://127.0.0.1:9";
    let held = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = held.local_addr().unwrap().port().to_string();
    let [free] = free_ports().unwrap();
    let nobody = format!("127.0.0.1:{free}");
    let scram = r#"SourceAccessConfigurations=[{"Type":"SASL_SCRAM_512_AUTH","URI":"a secret"}]"#;
    let topic = r#"DestinationConfig={"OnFailure":{"Destination":"kafka://nowhere"}}"#;
    let queue = r#"DestinationConfig={"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:000000000000:nowhere"}}"#;
    let provisioned = r#"ProvisionedPollerConfig={"MinimumPollers":1}"#;
    let cases: [(&[&str], i32, &[&str]); 8] = [
        (&[], 69, &["topic command.nowhere", "Create it first"]),
        (&["--bootstrap-servers", &nobody], 69, &[&nobody, "Is a broker there", "refused"]),
        (&["--metrics-port", &taken], 69, &[&taken, "--metrics-port"]),
        (&["--set", topic, "--set", provisioned], 69, &["kafka://nowhere", "Create it first"]),
        (
            &["--set", queue, "--endpoint-url", &format!("http://{nobody}")],
            69,
            &["queue nowhere", "refused", "--endpoint-url"],
        ),
        (&["--set", scram], 78, &["KAFKA_USERNAME"]),
        (&["--set", "BatchSize=0"], 78, &["BatchSize", "1 to 10000"]),
        (&["--tls", "--ca-file", "/no/such/file.pem"], 78, &["/no/such/file.pem"]),
    ];
    for (arguments, expected, words) in cases {
        let mut command = Command::new(&["run", "--function", "hello", "--topic", "command.nowhere"]).await;
        if !arguments.contains(&"--bootstrap-servers") {
            command = command.args(&["--bootstrap-servers", &broker.address]);
        }
        let (code, output) = command.args(&["--invoke-url", url]).args(arguments).run().await;
        assert_eq!(code, expected, "{arguments:?}: {output}");
        assert!(words.iter().all(|word| output.contains(word)), "{arguments:?}: {output}");
        assert!(output.lines().count() <= 2, "{arguments:?}: {output}");
    }
}

/// The metrics, once they have this line.
async fn metrics(port: u16, line: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = async {
        loop {
            let answer = http.get(format!("http://127.0.0.1:{port}/metrics")).send().await.unwrap();
            let text = answer.text().await.unwrap();
            if text.lines().any(|found| found == line) {
                return text;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(WITHIN, asked).await.unwrap()
}
