# Planned by the real provider, which needs neither an account nor a network with these settings.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  name_prefix = "dev"
  consumer = {
    function          = "send-welcome-email"
    alias_arn         = "arn:aws:lambda:eu-central-1:123456789012:function:dev-send-welcome-email:live"
    role_name         = "dev-send-welcome-email"
    topic             = "cdc.postgres.public.accounts"
    batch             = { records = 100, window_seconds = 1 }
    memory_mb         = 256
    timeout_seconds   = 60
    effect_timeout_ms = 10000
    partial_responses = true
  }
  source_cluster = { msk = { cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1", authentication = "iam" } }
  pollers        = { group = "dev" }
}

run "an_msk_cluster_with_iam_and_no_end_of_attempts" {
  command = plan
  assert {
    condition     = aws_lambda_event_source_mapping.this.event_source_arn == "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1" && aws_lambda_event_source_mapping.this.topics == toset(["cdc.postgres.public.accounts"])
    error_message = "another source"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.amazon_managed_kafka_event_source_config[0].consumer_group_id == "dev-send-welcome-email" && aws_lambda_event_source_mapping.this.starting_position == "TRIM_HORIZON"
    error_message = "another group or start"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_retry_attempts == -1 && aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds == -1 && aws_lambda_event_source_mapping.this.bisect_batch_on_function_error && length(aws_lambda_event_source_mapping.this.destination_config) == 0
    error_message = "records would be given up"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.this.batch_size == 100 && aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == 1 && aws_lambda_event_source_mapping.this.enabled
    error_message = "the mapping differs from the manifest"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.provisioned_poller_config[0].poller_group_name == "dev" && aws_lambda_event_source_mapping.this.provisioned_poller_config[0].minimum_pollers == 1 && aws_lambda_event_source_mapping.this.provisioned_poller_config[0].maximum_pollers == 2
    error_message = "other pollers"
  }
  assert {
    condition     = toset(aws_lambda_event_source_mapping.this.metrics_config[0].metrics) == toset(["ErrorCount", "EventCount", "KafkaMetrics"])
    error_message = "groups of metrics are missing"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == jsondecode(jsonencode([
      { Effect = "Allow", Action = ["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"], Resource = ["arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1"] },
      { Effect = "Allow", Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], Resource = ["arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1"] },
      { Effect = "Allow", Action = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], Resource = ["arn:aws:kafka:eu-central-1:123456789012:topic/dev/uuid-1/cdc.postgres.public.accounts"] },
      { Effect = "Allow", Action = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], Resource = ["arn:aws:kafka:eu-central-1:123456789012:group/dev/uuid-1/dev-send-welcome-email"] },
      { Effect = "Allow", Action = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"], Resource = ["*"] },
    ]))
    error_message = "the mapping may do ${aws_iam_role_policy.this.policy}"
  }
}

run "an_msk_cluster_with_scram_that_gives_up_into_a_bucket" {
  command = plan
  variables {
    source_cluster = { msk = { cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1", authentication = "scram", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_x" } }
    kms_key_arn    = "arn:aws:kms:eu-central-1:123456789012:key/1"
    give_up        = { attempts = 5, age_seconds = 86400, destination = "arn:aws:s3:::given-up" }
    topic          = "accounts"
  }
  assert {
    condition     = one(aws_lambda_event_source_mapping.this.source_access_configuration[*].type) == "SASL_SCRAM_512_AUTH" && aws_lambda_event_source_mapping.this.topics == toset(["accounts"])
    error_message = "another login or topic"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_retry_attempts == 5 && aws_lambda_event_source_mapping.this.maximum_record_age_in_seconds == 86400 && aws_lambda_event_source_mapping.this.destination_config[0].on_failure[0].destination_arn == "arn:aws:s3:::given-up"
    error_message = "give_up is not taken"
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.this.policy, "kafka:ListScramSecrets") && strcontains(aws_iam_role_policy.this.policy, "kms:Decrypt") && !strcontains(aws_iam_role_policy.this.policy, "kafka-cluster:") && strcontains(aws_iam_role_policy.this.policy, "\"s3:ResourceAccount\":\"123456789012\"")
    error_message = "the mapping may do ${aws_iam_role_policy.this.policy}"
  }
}

run "an_msk_cluster_with_certificates" {
  command = plan
  variables {
    source_cluster = { msk = { cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1", authentication = "mtls", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:client" } }
    give_up        = { attempts = 5, age_seconds = 86400, destination = "arn:aws:sqs:eu-central-1:123456789012:given-up" }
  }
  assert {
    condition     = one(aws_lambda_event_source_mapping.this.source_access_configuration[*].type) == "CLIENT_CERTIFICATE_TLS_AUTH" && strcontains(aws_iam_role_policy.this.policy, "sqs:SendMessage")
    error_message = "another login"
  }
}

run "a_topic_of_the_cluster_takes_what_is_given_up" {
  command = plan
  variables {
    give_up           = { attempts = 5, age_seconds = 86400, destination = "kafka://given-up" }
    starting_position = "2026-01-31T08:00:00Z"
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"] && s.Resource == ["arn:aws:kafka:eu-central-1:123456789012:topic/dev/uuid-1/given-up"]])
    error_message = "the mapping may do ${aws_iam_role_policy.this.policy}"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.starting_position == "AT_TIMESTAMP" && aws_lambda_event_source_mapping.this.starting_position_timestamp == "2026-01-31T08:00:00Z"
    error_message = "another start"
  }
}

run "brokers_of_your_own" {
  command = plan
  variables {
    source_cluster = { self_managed = {
      bootstrap_servers = ["b-2.example.com:9096", "b-1.example.com:9096"], authentication = "scram_256", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:login",
      ca_secret_arn     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ca", subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"]
    } }
    give_up = { attempts = 5, age_seconds = 86400, destination = "arn:aws:sns:eu-central-1:123456789012:given-up" }
  }
  assert {
    condition     = aws_lambda_event_source_mapping.this.self_managed_event_source[0].endpoints == tomap({ KAFKA_BOOTSTRAP_SERVERS = "b-1.example.com:9096,b-2.example.com:9096" }) && aws_lambda_event_source_mapping.this.self_managed_kafka_event_source_config[0].consumer_group_id == "dev-send-welcome-email"
    error_message = "other brokers"
  }
  assert {
    condition = toset([for access in aws_lambda_event_source_mapping.this.source_access_configuration : "${access.type} ${access.uri}"]) == toset([
      "SASL_SCRAM_256_AUTH arn:aws:secretsmanager:eu-central-1:123456789012:secret:login", "SERVER_ROOT_CA_CERTIFICATE arn:aws:secretsmanager:eu-central-1:123456789012:secret:ca",
      "VPC_SUBNET subnet:subnet-1", "VPC_SECURITY_GROUP security_group:sg-1",
    ])
    error_message = "another way to the brokers"
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.this.policy, "sns:Publish") && strcontains(aws_iam_role_policy.this.policy, "ec2:CreateNetworkInterface") && !strcontains(aws_iam_role_policy.this.policy, "kafka")
    error_message = "the mapping may do ${aws_iam_role_policy.this.policy}"
  }
}

run "on_demand_without_what_needs_pollers" {
  command = plan
  variables {
    pollers  = null
    enabled  = false
    consumer = { function = "f", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live", role_name = "f", topic = "t", batch = { records = 10, window_seconds = 0 }, memory_mb = 256, timeout_seconds = 60, effect_timeout_ms = 10000, partial_responses = false }
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.this.provisioned_poller_config) == 0 && length(aws_lambda_event_source_mapping.this.metrics_config) == 0 && length(coalesce(aws_lambda_event_source_mapping.this.function_response_types, [])) == 0 && !aws_lambda_event_source_mapping.this.bisect_batch_on_function_error && !aws_lambda_event_source_mapping.this.enabled
    error_message = "something needs pollers"
  }
}
