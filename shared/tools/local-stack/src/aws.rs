//! The AWS emulator: DynamoDB, SQS and SES on a loopback port, and reading what functions wrote to them.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::loopback::{free_port, loopback_client};
use crate::process::{Process, Program, StartError};
use crate::resources::Table;
use crate::workspace::{SetupError, Workspace};

/// The only region of the emulator that anything here uses: it keeps tables and queues by region.
pub const REGION: &str = "us-east-1";

/// It takes about 0.3 s, and longer on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(30);
const ATTEMPTS: usize = 3;

/// A running emulator with nothing in it. It ends with this value.
#[derive(Debug)]
pub struct Aws {
    process: Process,
    endpoint: String,
    http: reqwest::Client,
}

/// A mail that SES accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    /// Its recipients.
    pub to: Vec<String>,
    /// The sender as given, possibly with a display name.
    pub source: String,
    /// The subject.
    pub subject: String,
    /// The text body.
    pub body_text: String,
    /// The HTML body.
    pub body_html: Option<String>,
}

/// The emulator did not start, or refused a request.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The pinned tools are missing.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The program cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It started and did not get ready.
    #[error("the AWS emulator did not get ready; its output is in {}", log.display())]
    NotReady {
        /// Its output.
        log: PathBuf,
    },
    /// The connection to it failed.
    #[error("the AWS emulator does not answer")]
    Http(#[from] reqwest::Error),
    /// No free port, or a process that cannot be watched.
    #[error("the operating system refused")]
    Io(#[from] std::io::Error),
    /// It answered with an error.
    #[error("the AWS emulator refused {operation} with HTTP {status}: {body}")]
    Refused {
        /// The operation.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The answer.
        body: String,
    },
}

impl Aws {
    /// Starts it and waits until it is ready, about 0.3 s.
    ///
    /// # Errors
    /// When it is not installed, does not start, or is not ready in 30 s.
    pub async fn start(workspace: &Workspace) -> Result<Self, AwsError> {
        let program = workspace.tool("ministack")?;
        let http = loopback_client()?;
        let mut attempt = 1;
        loop {
            let port = free_port()?;
            let log = workspace.local(format!("logs/ministack-{port}.log"));
            let process = Process::start(
                &Program::new(&program, &log)
                    .env("BIND_HOST", "127.0.0.1")
                    .env("GATEWAY_PORT", port.to_string())
                    .env("LOG_LEVEL", "WARNING"),
            )?;
            let mut aws = Aws { process, endpoint: format!("http://127.0.0.1:{port}"), http: http.clone() };
            if aws.ready().await? {
                return Ok(aws);
            }
            // Between picking the port and listening on it another process may have taken it.
            if attempt == ATTEMPTS {
                return Err(AwsError::NotReady { log });
            }
            attempt += 1;
        }
    }

    /// False when it ended or took too long.
    async fn ready(&mut self) -> Result<bool, AwsError> {
        let deadline = Instant::now() + READY_WITHIN;
        while Instant::now() < deadline && self.process.ended()?.is_none() {
            let answer = self.http.get(format!("{}/_ministack/ready", self.endpoint)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(false)
    }

    /// The address, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Ends it and waits until it is gone.
    ///
    /// # Errors
    /// When the operating system cannot report it.
    pub async fn stop(self) -> std::io::Result<()> {
        self.process.stop().await
    }

    /// Creates a table, with `expires_at` as the time to live.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn create_table(&self, table: Table<'_>) -> Result<(), AwsError> {
        self.call("DynamoDB_20120810.CreateTable", &table.definition()).await?;
        let expiry = json!({
            "TableName": table.name,
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true},
        });
        self.call("DynamoDB_20120810.UpdateTimeToLive", &expiry).await?;
        Ok(())
    }

    /// All items of a table, in DynamoDB's JSON.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn items(&self, table: &str) -> Result<Vec<Value>, AwsError> {
        let mut items = Vec::new();
        let mut request = json!({"TableName": table, "ConsistentRead": true});
        loop {
            let mut page = self.call("DynamoDB_20120810.Scan", &request).await?;
            if let Value::Array(found) = page["Items"].take() {
                items.extend(found);
            }
            match page["LastEvaluatedKey"].take() {
                Value::Null => return Ok(items),
                key => request["ExclusiveStartKey"] = key,
            }
        }
    }

    /// Creates a queue and gives its URL.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn create_queue(&self, queue: &str) -> Result<String, AwsError> {
        let answer = self.call("AmazonSQS.CreateQueue", &json!({"QueueName": queue})).await?;
        Ok(answer["QueueUrl"].as_str().unwrap_or_default().to_owned())
    }

    /// The bodies of all messages in a queue, without receiving them.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn messages(&self, queue_url: &str) -> Result<Vec<String>, AwsError> {
        #[derive(Deserialize)]
        struct Peek {
            messages: serde_json::Map<String, Value>,
        }
        let peek = format!("{}/_ministack/sqs/messages", self.endpoint);
        let mut peek = reqwest::Url::parse(&peek).map_err(|error| self.unreadable("peek", &error.to_string()))?;
        peek.query_pairs_mut().append_pair("QueueUrl", queue_url);
        let answer: Peek = self.http.get(peek).send().await?.error_for_status()?.json().await?;
        // By account, then by region, then by queue.
        let queues = answer.messages.values().filter_map(Value::as_object).flat_map(serde_json::Map::values);
        let messages =
            queues.filter_map(Value::as_object).flat_map(serde_json::Map::values).filter_map(Value::as_array);
        Ok(messages.flatten().filter_map(|message| message["Body"].as_str()).map(str::to_owned).collect())
    }

    /// Creates a bucket.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn create_bucket(&self, bucket: &str) -> Result<(), AwsError> {
        let answer = self.http.put(format!("{}/{bucket}", self.endpoint)).send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = answer.text().await?;
        Err(AwsError::Refused { operation: "CreateBucket".to_owned(), status: status.as_u16(), body })
    }

    /// Verifies the address or domain of a sender: SES refuses any other.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn verify_sender(&self, identity: &str) -> Result<(), AwsError> {
        let request = self.http.post(format!("{}/v2/email/identities", self.endpoint));
        self.send("CreateEmailIdentity", request.json(&json!({"EmailIdentity": identity}))).await?;
        Ok(())
    }

    /// Every mail that SES accepted, oldest first.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn mails(&self) -> Result<Vec<Mail>, AwsError> {
        #[derive(Deserialize)]
        struct Sent {
            messages: std::collections::BTreeMap<String, Vec<Mail>>,
        }
        let answer = self.http.get(format!("{}/_ministack/ses/messages", self.endpoint)).send().await?;
        let sent: Sent = answer.error_for_status()?.json().await?;
        Ok(sent.messages.into_values().flatten().collect())
    }

    /// One operation of a service that speaks AWS JSON, such as `DynamoDB_20120810.Query` or `AmazonSQS.SendMessage`.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn call(&self, target: &str, request: &Value) -> Result<Value, AwsError> {
        let request = self.http.post(&self.endpoint).header("X-Amz-Target", target).json(request);
        self.send(target, request.header("Content-Type", "application/x-amz-json-1.0")).await
    }

    async fn send(&self, operation: &str, request: reqwest::RequestBuilder) -> Result<Value, AwsError> {
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        if !status.is_success() {
            return Err(AwsError::Refused { operation: operation.to_owned(), status: status.as_u16(), body });
        }
        serde_json::from_str(&body).map_err(|error| self.unreadable(operation, &error.to_string()))
    }

    fn unreadable(&self, operation: &str, problem: &str) -> AwsError {
        AwsError::Refused { operation: operation.to_owned(), status: 200, body: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_sent_can_be_read_back() {
        let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
        aws.create_table(Table::named("claims")).await.unwrap();
        let item = json!({"TableName": "claims", "Item": {"pk": {"S": "effect:1"}}});
        aws.call("DynamoDB_20120810.PutItem", &item).await.unwrap();
        assert_eq!(aws.items("claims").await.unwrap(), [json!({"pk": {"S": "effect:1"}})]);

        let (first, second) = (aws.create_queue("first").await.unwrap(), aws.create_queue("second").await.unwrap());
        aws.call("AmazonSQS.SendMessage", &json!({"QueueUrl": first, "MessageBody": "a letter"})).await.unwrap();
        assert_eq!(aws.messages(&first).await.unwrap(), ["a letter"]);
        assert!(aws.messages(&second).await.unwrap().is_empty());

        aws.verify_sender("example.com").await.unwrap();
        let mail = json!({
            "FromEmailAddress": "Us <hello@example.com>",
            "Destination": {"ToAddresses": ["you@example.org"]},
            "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Html": {"Data": "<p>Hi"}}}},
        });
        let request = aws.http.post(format!("{}/v2/email/outbound-emails", aws.endpoint)).json(&mail);
        aws.send("SendEmail", request).await.unwrap();
        let mails = aws.mails().await.unwrap();
        assert_eq!((mails.len(), mails[0].to[0].as_str(), mails[0].subject.as_str()), (1, "you@example.org", "Hi"));
        aws.stop().await.unwrap();
    }

    #[tokio::test]
    async fn an_unverified_sender_is_refused() {
        let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
        let mail = json!({"FromEmailAddress": "x@example.net", "Destination": {"ToAddresses": ["you@example.org"]}});
        let request = aws.http.post(format!("{}/v2/email/outbound-emails", aws.endpoint)).json(&mail);
        let refused = aws.send("SendEmail", request).await.unwrap_err();
        assert!(refused.to_string().contains("MessageRejected"), "{refused}");
        aws.stop().await.unwrap();
    }
}
