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

run "refuses_a_prefix_in_capitals" {
  command = plan
  variables {
    name_prefix = "Dev"
  }
  expect_failures = [var.name_prefix]
}

run "refuses_two_topics_in_one_mapping" {
  command = plan
  variables {
    topic = "orders,accounts"
  }
  expect_failures = [var.topic]
}

run "refuses_a_group_with_a_colon" {
  command = plan
  variables {
    consumer_group_id = "dev:accounts"
  }
  expect_failures = [var.consumer_group_id]
}

run "refuses_no_cluster" {
  command = plan
  variables {
    source_cluster = {}
  }
  expect_failures = [var.source_cluster]
}

run "refuses_a_cluster_by_name" {
  command = plan
  variables {
    source_cluster = { msk = { cluster_arn = "dev", authentication = "iam" } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_an_unknown_login_to_msk" {
  command = plan
  variables {
    source_cluster = { msk = { cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1", authentication = "kerberos", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x" } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_scram_without_a_secret" {
  command = plan
  variables {
    source_cluster = { msk = { cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1", authentication = "scram" } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_iam_with_a_secret" {
  command = plan
  variables {
    source_cluster = { msk = { cluster_arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/dev/uuid-1", authentication = "iam", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x" } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_iam_for_brokers_of_your_own" {
  command = plan
  variables {
    source_cluster = { self_managed = { bootstrap_servers = ["b:9096"], authentication = "iam", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x" } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_a_broker_without_a_port" {
  command = plan
  variables {
    source_cluster = { self_managed = { bootstrap_servers = ["b"], authentication = "scram_512", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x" } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_subnets_without_groups" {
  command = plan
  variables {
    source_cluster = { self_managed = { bootstrap_servers = ["b:9096"], authentication = "scram_512", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x", subnet_ids = ["subnet-1"] } }
  }
  expect_failures = [var.source_cluster]
}

run "refuses_no_poller" {
  command = plan
  variables {
    pollers = { minimum = 0, group = "dev" }
  }
  expect_failures = [var.pollers]
}

run "refuses_more_pollers_at_least_than_at_most" {
  command = plan
  variables {
    pollers = { minimum = 3, maximum = 2, group = "dev" }
  }
  expect_failures = [var.pollers]
}

run "refuses_pollers_without_a_group" {
  command = plan
  variables {
    pollers = { group = "" }
  }
  expect_failures = [var.pollers]
}

run "refuses_endless_attempts_with_a_destination" {
  command = plan
  variables {
    give_up = { attempts = -1, age_seconds = 86400, destination = "arn:aws:sqs:eu-central-1:123456789012:q" }
  }
  expect_failures = [var.give_up]
}

run "refuses_an_age_below_a_minute" {
  command = plan
  variables {
    give_up = { attempts = 5, age_seconds = -1, destination = "arn:aws:sqs:eu-central-1:123456789012:q" }
  }
  expect_failures = [var.give_up]
}

run "refuses_a_destination_that_is_none" {
  command = plan
  variables {
    give_up = { attempts = 5, age_seconds = 86400, destination = "hello" }
  }
  expect_failures = [var.give_up]
}

run "refuses_an_empty_batch" {
  command = plan
  variables {
    batch_records = 0
  }
  expect_failures = [var.batch_records]
}

run "refuses_a_window_over_five_minutes" {
  command = plan
  variables {
    window_seconds = 301
  }
  expect_failures = [var.window_seconds]
}

run "refuses_records_over_a_mebibyte" {
  command = plan
  variables {
    max_record_bytes = 2097152
  }
  expect_failures = [var.max_record_bytes]
}

run "refuses_a_start_with_fractions" {
  command = plan
  variables {
    starting_position = "2026-01-31T08:00:00.5Z"
  }
  expect_failures = [var.starting_position]
}

run "refuses_partial_responses_on_demand" {
  command = plan
  variables {
    pollers = null
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "refuses_giving_up_on_demand" {
  command = plan
  variables {
    pollers  = null
    give_up  = { attempts = 5, age_seconds = 86400, destination = "arn:aws:sqs:eu-central-1:123456789012:q" }
    consumer = { function = "f", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live", role_name = "f", topic = "t", batch = { records = 100, window_seconds = 1 }, memory_mb = 256, timeout_seconds = 60, effect_timeout_ms = 10000, partial_responses = false }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "refuses_a_timeout_over_14_minutes" {
  command = plan
  variables {
    consumer = { function = "f", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live", role_name = "f", topic = "t", batch = { records = 100, window_seconds = 1 }, memory_mb = 256, timeout_seconds = 841, effect_timeout_ms = 10000, partial_responses = false }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "refuses_a_timeout_in_which_no_effect_starts" {
  command = plan
  variables {
    consumer = { function = "f", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live", role_name = "f", topic = "t", batch = { records = 100, window_seconds = 1 }, memory_mb = 256, timeout_seconds = 12, effect_timeout_ms = 10000, partial_responses = false }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "refuses_an_age_shorter_than_window_and_timeout" {
  command = plan
  variables {
    give_up = { attempts = 5, age_seconds = 60, destination = "arn:aws:sqs:eu-central-1:123456789012:q" }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "refuses_a_batch_too_large_for_the_memory" {
  command = plan
  variables {
    consumer = { function = "f", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live", role_name = "f", topic = "t", batch = { records = 100, window_seconds = 1 }, memory_mb = 128, timeout_seconds = 60, effect_timeout_ms = 10000, partial_responses = false }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "refuses_the_same_topic_as_destination" {
  command = plan
  variables {
    give_up = { attempts = 5, age_seconds = 86400, destination = "kafka://cdc.postgres.public.accounts" }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}
