# Planned by the real provider, which needs neither an account nor a network with these settings.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_resource {
  target          = aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/dev-x" }
}

variables {
  name_prefix = "dev"
  account_id  = "123456789012"
  manifest    = jsondecode(file("../../../functions/send-welcome-email/function.json"))
  code        = { bucket = "artifacts", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  tables      = { claims = { name = "dev-claims", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/dev-claims" } }
  dead_letters = {
    queue_url  = "https://sqs.eu-central-1.amazonaws.com/123456789012/dev-dead-letters"
    queue_arn  = "arn:aws:sqs:eu-central-1:123456789012:dev-dead-letters"
    bucket     = "dev-dead-letters-123456789012"
    bucket_arn = "arn:aws:s3:::dev-dead-letters-123456789012"
  }
  environment = {
    EMAIL_MODE          = "log"
    EMAIL_SENDER        = "The Shop <hello@shop.example>"
    SCHEMA_REGISTRY_URL = "https://registry.example.com"
  }
}

run "a_mail_function_as_its_manifest_says" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.function_name == "dev-send-welcome-email" && aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.architectures[0] == "arm64" && aws_lambda_function.this.handler == "bootstrap"
    error_message = "wrong runtime"
  }
  assert {
    condition     = aws_lambda_function.this.s3_key == "functions/send-welcome-email/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip" && aws_lambda_function.this.source_code_hash == var.code.sha256 && aws_lambda_function.this.publish
    error_message = "the code is not addressed by the binary's hash"
  }
  assert {
    condition     = aws_lambda_function.this.memory_size == 256 && aws_lambda_function.this.timeout == 60 && aws_lambda_function.this.reserved_concurrent_executions == -1 && aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "limits differ from the manifest's"
  }
  assert {
    condition = aws_lambda_function.this.environment[0].variables == tomap({
      CLAIMS_TABLE           = "dev-claims"
      DEAD_LETTER_BUCKET     = "dev-dead-letters-123456789012"
      DEAD_LETTER_QUEUE_URL  = "https://sqs.eu-central-1.amazonaws.com/123456789012/dev-dead-letters"
      EMAIL_MODE             = "log"
      EMAIL_SENDER           = "The Shop <hello@shop.example>"
      PARTIAL_BATCH_RESPONSE = "false"
      SCHEMA_REGISTRY_URL    = "https://registry.example.com"
    })
    error_message = "the environment is ${jsonencode(aws_lambda_function.this.environment[0].variables)}"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].application_log_level == "INFO" && aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/dev-send-welcome-email"
    error_message = "logs are not kept as JSON at INFO for 30 days"
  }
  assert {
    condition     = aws_lambda_alias.live.name == "live" && aws_lambda_function_event_invoke_config.live.maximum_retry_attempts == 0
    error_message = "the alias or its retries are wrong"
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy).Statement == jsondecode(jsonencode([
      { Effect = "Allow", Action = ["s3:PutObject"], Resource = ["arn:aws:s3:::dev-dead-letters-123456789012/*"] },
      { Effect = "Allow", Action = ["sqs:SendMessage"], Resource = ["arn:aws:sqs:eu-central-1:123456789012:dev-dead-letters"] },
      { Effect = "Allow", Action = ["ses:SendEmail"], Resource = ["arn:aws:ses:eu-central-1:123456789012:identity/hello@shop.example", "arn:aws:ses:eu-central-1:123456789012:identity/shop.example"] },
      { Effect = "Allow", Action = ["dynamodb:PutItem", "dynamodb:UpdateItem"], Resource = ["arn:aws:dynamodb:eu-central-1:123456789012:table/dev-claims"] },
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/dev-x:*"] },
      { Effect = "Allow", Action = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], Resource = ["*"] },
    ]))
    error_message = "the role may do ${aws_iam_role_policy.this.policy}"
  }
  assert {
    condition     = keys(output.on_every_resource) == ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    error_message = "more than X-Ray is on every resource"
  }
  assert {
    condition     = output.consumer.topic == "cdc.postgres.public.accounts" && output.consumer.effect_timeout_ms == 10000 && !output.consumer.partial_responses
    error_message = "the mapping would be told something else"
  }
}

run "a_case_of_the_manifest_grants_only_where_it_holds" {
  command = plan
  variables {
    environment = {
      EMAIL_MODE              = "live"
      EMAIL_SENDER            = "hello@shop.example"
      EMAIL_CONFIGURATION_SET = "welcome"
      SCHEMA_REGISTRY_KIND    = "glue"
    }
    tracing      = false
    dead_letters = { queue_url = "https://sqs.eu-central-1.amazonaws.com/1/q", queue_arn = "arn:aws:sqs:eu-central-1:123456789012:q" }
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["glue:GetSchemaVersion"] && s.Resource == ["*"]])
    error_message = "Glue is not granted"
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Resource == ["arn:aws:ses:eu-central-1:123456789012:configuration-set/welcome"]])
    error_message = "the configuration set is not granted"
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : !contains(s.Action, "s3:PutObject") && !contains(s.Action, "xray:PutTraceSegments")])
    error_message = "granted without a bucket, or without tracing"
  }
  assert {
    condition     = keys(output.on_every_resource) == ["glue:GetSchemaVersion"] && aws_lambda_function.this.tracing_config[0].mode == "PassThrough"
    error_message = "not only Glue is on every resource"
  }
}

run "secrets_come_by_arn_and_one_setting_is_the_answers_form" {
  command = plan
  variables {
    environment = {
      EMAIL_MODE          = "log"
      EMAIL_SENDER        = "hello@shop.example"
      SCHEMA_REGISTRY_URL = "https://registry.example.com"
      EFFECT_TIMEOUT_MS   = "2000"
    }
    # One secret has both, and they rotate together.
    secrets = {
      SCHEMA_REGISTRY_USER     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf#user"
      SCHEMA_REGISTRY_PASSWORD = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf#password"
    }
    kms_key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/1"
    secret_kms_key_arns  = ["arn:aws:kms:eu-central-1:123456789012:key/2"]
    permissions_boundary = "arn:aws:iam::123456789012:policy/bound"
    partial_responses    = true
    reserved_concurrency = 0
    rollback_to_version  = 7
    memory_mb            = 512
    timeout_seconds      = 90
    vpc                  = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.SCHEMA_REGISTRY_PASSWORD_SECRET_ARN == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf#password" && aws_lambda_function.this.environment[0].variables.PARTIAL_BATCH_RESPONSE == "true"
    error_message = "the environment is ${jsonencode(aws_lambda_function.this.environment[0].variables)}"
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["secretsmanager:GetSecretValue"] && s.Resource == ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf"]])
    error_message = "the secret is not granted by its ARN without the key"
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["kms:Decrypt", "kms:GenerateDataKey"] && length(s.Resource) == 2 && can(s.Condition.StringLike)])
    error_message = "the keys are not granted"
  }
  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/bound" && aws_lambda_function.this.kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/1" && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1"
    error_message = "boundary or key are missing"
  }
  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 0 && aws_lambda_function.this.memory_size == 512 && aws_lambda_function.this.timeout == 90 && aws_lambda_alias.live.function_version == "7"
    error_message = "limits or the rollback are not taken"
  }
  assert {
    condition     = output.consumer.partial_responses && output.consumer.effect_timeout_ms == 2000 && output.consumer.memory_mb == 512 && length(aws_lambda_function.this.vpc_config) == 1
    error_message = "the mapping would be told something else"
  }
}

run "a_publisher_writes_to_one_topic_of_the_cluster" {
  command = plan
  variables {
    manifest = jsondecode(file("../../../functions/publish-profile-updates/function.json"))
    tables   = { profile-cursor = { name = "dev-profile-cursor", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/dev-profile-cursor" } }
    environment = {
      SCHEMA_REGISTRY_URL     = "https://registry.example.com"
      PROFILE_API_URL         = "https://profiles.example.com"
      KAFKA_BOOTSTRAP_SERVERS = "b-1.example.com:9098"
    }
    secrets           = { PROFILE_API_TOKEN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf" }
    kafka_cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1"
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"] && s.Resource == ["arn:aws:kafka:eu-central-1:123456789012:topic/dev/uuid-1/user.profile.updated"]])
    error_message = "the topic is not granted"
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"] && s.Resource == ["arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1"]])
    error_message = "the cluster is not granted"
  }
  assert {
    condition     = output.consumer == null && !contains(keys(aws_lambda_function.this.environment[0].variables), "PARTIAL_BATCH_RESPONSE")
    error_message = "it reads no topic"
  }
}

run "a_login_with_a_secret_takes_no_right_on_the_cluster" {
  command = plan
  variables {
    manifest = jsondecode(file("../../../functions/publish-profile-updates/function.json"))
    tables   = { profile-cursor = { name = "dev-profile-cursor", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/dev-profile-cursor" } }
    environment = {
      SCHEMA_REGISTRY_URL     = "https://registry.example.com"
      PROFILE_API_URL         = "https://profiles.example.com"
      KAFKA_BOOTSTRAP_SERVERS = "b-1.example.com:9096"
      KAFKA_AUTH              = "scram-sha-512"
    }
    secrets = {
      PROFILE_API_TOKEN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf"
      KAFKA_SECRET_ARN  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_publisher-AbCdEf"
    }
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.this.policy, "kafka-cluster:") && strcontains(aws_iam_role_policy.this.policy, "AmazonMSK_publisher-AbCdEf")
    error_message = "the role may do ${aws_iam_role_policy.this.policy}"
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables.KAFKA_SECRET_ARN == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:AmazonMSK_publisher-AbCdEf"
    error_message = "the variable is not set by its own name"
  }
}

run "a_redrive_invokes_this_environments_functions_only" {
  command = plan
  variables {
    manifest    = jsondecode(file("../../../functions/redrive-dead-letters/function.json"))
    environment = {}
  }
  assert {
    condition     = anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]]) && anytrue([for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Action == ["lambda:InvokeFunction"] && s.Resource == ["arn:aws:lambda:eu-central-1:123456789012:function:dev-*"]])
    error_message = "the role may do ${aws_iam_role_policy.this.policy}"
  }
}

run "indexes_are_granted_where_a_function_queries" {
  command = plan
  variables {
    manifest = {
      function  = "list-logins", trigger = { kind = "invocation" }, limits = { memory_mb = 128, timeout_seconds = 10 }, actions = []
      variables = [{ name = "LOGINS_TABLE", required = true, secret = false, resource = "table" }]
      tables    = [{ variable = "LOGINS_TABLE", name = "logins", indexes = [{ name = "by_user" }], actions = ["dynamodb:Query"] }]
    }
    tables      = { logins = { name = "dev-logins", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/dev-logins" } }
    environment = {}
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[0].Resource == ["arn:aws:dynamodb:eu-central-1:123456789012:table/dev-logins", "arn:aws:dynamodb:eu-central-1:123456789012:table/dev-logins/index/by_user"]
    error_message = "the role may do ${aws_iam_role_policy.this.policy}"
  }
}
