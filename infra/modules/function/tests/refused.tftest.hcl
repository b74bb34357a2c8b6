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

run "refuses_a_long_prefix" {
  command = plan
  variables {
    name_prefix = "an-environment-of-29-characters"
  }
  expect_failures = [var.name_prefix]
}

run "refuses_a_prefix_in_capitals" {
  command = plan
  variables {
    name_prefix = "Dev"
  }
  expect_failures = [var.name_prefix]
}

run "refuses_an_account_by_name" {
  command = plan
  variables {
    account_id = "production"
  }
  expect_failures = [var.account_id]
}

run "refuses_a_function_whose_name_is_too_long" {
  command = plan
  variables {
    manifest    = { function = "a-function-with-a-name-that-is-as-long-as-lambda-allows-it-to-be", trigger = { kind = "invocation" }, limits = { memory_mb = 128, timeout_seconds = 10 }, variables = [], tables = [], actions = [] }
    environment = {}
  }
  expect_failures = [var.manifest]
}

run "refuses_a_hash_in_base64" {
  command = plan
  variables {
    code = { bucket = "artifacts", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }
  expect_failures = [var.code]
}

run "refuses_a_secret_by_value" {
  command = plan
  variables {
    secrets = { SCHEMA_REGISTRY_TOKEN = "hunter2" }
  }
  expect_failures = [var.secrets]
}

run "refuses_partial_responses_of_a_function_without_a_topic" {
  command = plan
  variables {
    manifest          = jsondecode(file("../../../functions/redrive-dead-letters/function.json"))
    environment       = {}
    partial_responses = true
  }
  expect_failures = [var.partial_responses]
}

run "refuses_a_cluster_by_name" {
  command = plan
  variables {
    kafka_cluster_arn = "dev"
  }
  expect_failures = [var.kafka_cluster_arn]
}

run "refuses_less_memory_than_declared" {
  command = plan
  variables {
    memory_mb = 128
  }
  expect_failures = [var.memory_mb]
}

run "refuses_a_timeout_over_lambdas" {
  command = plan
  variables {
    timeout_seconds = 901
  }
  expect_failures = [var.timeout_seconds]
}

run "refuses_a_negative_concurrency" {
  command = plan
  variables {
    reserved_concurrency = -1
  }
  expect_failures = [var.reserved_concurrency]
}

run "refuses_logs_for_ever" {
  command = plan
  variables {
    log_retention_days = 0
  }
  expect_failures = [var.log_retention_days]
}

run "refuses_a_level_that_drops_metrics" {
  command = plan
  variables {
    log_level = "WARN"
  }
  expect_failures = [var.log_level]
}

run "refuses_a_vpc_without_groups" {
  command = plan
  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }
  expect_failures = [var.vpc]
}

run "refuses_a_rollback_to_no_version" {
  command = plan
  variables {
    rollback_to_version = 0
  }
  expect_failures = [var.rollback_to_version]
}

run "refuses_a_required_variable_that_is_missing" {
  command = plan
  variables {
    environment = { EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_table_that_is_missing" {
  command = plan
  variables {
    tables = {}
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_queue_that_is_missing" {
  command = plan
  variables {
    dead_letters = null
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_variable_that_its_default_requires" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_variable_that_another_value_requires" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "allowlist", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_secret_that_another_variable_requires" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com" }
    secrets     = { SCHEMA_REGISTRY_USER = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:registry-AbCdEf#user" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_variable_that_the_beginning_of_another_requires" {
  command = plan
  variables {
    manifest    = jsondecode(file("../../../functions/publish-profile-updates/function.json"))
    tables      = { profile-cursor = { name = "t", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/t" } }
    environment = { SCHEMA_REGISTRY_URL = "https://r.example.com", PROFILE_API_URL = "https://p.example.com", KAFKA_BOOTSTRAP_SERVERS = "b:9096", KAFKA_AUTH = "scram-sha-512" }
    secrets     = { PROFILE_API_TOKEN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_variable_that_nobody_reads" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com", EMAIL_MODES = "log" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_secret_that_nobody_reads" {
  command = plan
  variables {
    secrets = { TOKEN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_secret_in_clear" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com", SCHEMA_REGISTRY_TOKEN = "hunter2" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_queue_by_hand" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com", DEAD_LETTER_QUEUE_URL = "https://q.example.com/q" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_the_answers_form_by_hand" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com", PARTIAL_BATCH_RESPONSE = "true" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_secret_for_a_plain_variable" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com" }
    secrets     = { EMAIL_REPLY_TO = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_an_unknown_wording_of_a_case" {
  command = plan
  variables {
    manifest    = { function = "odd", trigger = { kind = "invocation" }, limits = { memory_mb = 128, timeout_seconds = 10 }, tables = [], variables = [{ name = "A", required = false, secret = false, required_when = "on Sundays" }], actions = [] }
    environment = {}
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_an_unknown_kind_of_resource" {
  command = plan
  variables {
    manifest    = { function = "odd", trigger = { kind = "invocation" }, limits = { memory_mb = 128, timeout_seconds = 10 }, tables = [], variables = [{ name = "A", required = false, secret = false }], actions = [{ actions = ["sns:Publish"], resource = "sns/$${A}" }] }
    environment = { A = "a" }
  }
  expect_failures = [aws_iam_role_policy.this]
}

run "refuses_an_action_on_everything_without_a_reason" {
  command = plan
  variables {
    manifest    = { function = "odd", trigger = { kind = "invocation" }, limits = { memory_mb = 128, timeout_seconds = 10 }, tables = [], variables = [{ name = "A", required = false, secret = false }], actions = [{ actions = ["sqs:SendMessage"], resource = "*" }] }
    environment = {}
  }
  expect_failures = [aws_iam_role_policy.this]
}

run "refuses_a_topic_without_a_cluster" {
  command = plan
  variables {
    manifest    = jsondecode(file("../../../functions/publish-profile-updates/function.json"))
    tables      = { profile-cursor = { name = "t", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/t" } }
    environment = { SCHEMA_REGISTRY_URL = "https://r.example.com", PROFILE_API_URL = "https://p.example.com", KAFKA_BOOTSTRAP_SERVERS = "b:9098" }
    secrets     = { PROFILE_API_TOKEN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:api-AbCdEf" }
  }
  expect_failures = [aws_iam_role_policy.this]
}

run "refuses_a_bucket_without_its_arn" {
  command = plan
  variables {
    dead_letters = { queue_url = "https://sqs.eu-central-1.amazonaws.com/1/q", queue_arn = "arn:aws:sqs:eu-central-1:123456789012:q", bucket = "b" }
  }
  expect_failures = [var.dead_letters]
}

run "refuses_a_value_that_is_not_offered" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "test", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_number_out_of_its_range" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com", EFFECT_TIMEOUT_MS = "60001" }
  }
  expect_failures = [aws_lambda_function.this]
}

run "refuses_a_text_for_a_number" {
  command = plan
  variables {
    environment = { EMAIL_MODE = "log", EMAIL_SENDER = "hello@shop.example", SCHEMA_REGISTRY_URL = "https://registry.example.com", EMAIL_RATE_PER_SECOND = "many" }
  }
  expect_failures = [aws_lambda_function.this]
}
