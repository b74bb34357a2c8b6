# The event source mapping: one topic of one cluster to one function.
locals {
  topic          = coalesce(var.topic, var.consumer.topic)
  group          = coalesce(var.consumer_group_id, "${var.name_prefix}-${var.consumer.function}")
  records        = coalesce(var.batch_records, var.consumer.batch.records)
  window_seconds = coalesce(var.window_seconds, var.consumer.batch.window_seconds)
  provisioned    = var.pollers != null
  msk            = var.source_cluster.msk
  self_managed   = var.source_cluster.self_managed

  # What the function keeps free at the end of an invocation for settling: settle_reserve of event-runtime.
  settle_seconds         = 3
  needed_timeout_seconds = ceil(var.consumer.effect_timeout_ms / 1000) + local.settle_seconds
  # AWS invokes functions from Kafka for 14 minutes at most, not 15.
  longest_timeout_seconds = 840

  # A batch in Base64, which an invocation's 6 MB bound; once as the body and once as it is read, beside the 32 MiB that
  # event-runtime has in flight at most and 90 MB for the process itself (assumed, see the README).
  batch_mb         = min(6, local.records * var.max_record_bytes * 4 / 3 / 1048576)
  needed_memory_mb = ceil(90 + 32 + 2 * local.batch_mb)

  sasl = {
    scram     = "SASL_SCRAM_512_AUTH"
    scram_256 = "SASL_SCRAM_256_AUTH"
    scram_512 = "SASL_SCRAM_512_AUTH"
    mtls      = "CLIENT_CERTIFICATE_TLS_AUTH"
  }
  access = local.msk != null ? [
    for arn in compact([local.msk.secret_arn]) : { type = local.sasl[local.msk.authentication], uri = arn }
    ] : concat(
    [{ type = lookup(local.sasl, local.self_managed.authentication, "none"), uri = local.self_managed.secret_arn }],
    [for arn in compact([local.self_managed.ca_secret_arn]) : { type = "SERVER_ROOT_CA_CERTIFICATE", uri = arn }],
    [for id in sort(local.self_managed.subnet_ids) : { type = "VPC_SUBNET", uri = "subnet:${id}" }],
    [for id in sort(local.self_managed.security_group_ids) : { type = "VPC_SECURITY_GROUP", uri = "security_group:${id}" }],
  )
}

resource "aws_lambda_event_source_mapping" "this" {
  function_name    = var.consumer.alias_arn
  event_source_arn = try(local.msk.cluster_arn, null)
  topics           = [local.topic]
  enabled          = var.enabled
  tags             = var.tags

  starting_position           = endswith(var.starting_position, "Z") ? "AT_TIMESTAMP" : var.starting_position
  starting_position_timestamp = endswith(var.starting_position, "Z") ? var.starting_position : null

  # Every argument has a value: one that is taken out of the configuration later would stay as it was, or become 0.
  batch_size                         = local.records
  maximum_batching_window_in_seconds = local.window_seconds
  maximum_retry_attempts             = !local.provisioned ? null : var.give_up == null ? -1 : var.give_up.attempts
  maximum_record_age_in_seconds      = !local.provisioned ? null : var.give_up == null ? -1 : var.give_up.age_seconds
  bisect_batch_on_function_error     = local.provisioned
  function_response_types            = var.consumer.partial_responses ? ["ReportBatchItemFailures"] : []

  dynamic "amazon_managed_kafka_event_source_config" {
    for_each = local.msk == null ? [] : [local.group]
    content {
      consumer_group_id = amazon_managed_kafka_event_source_config.value
    }
  }
  dynamic "self_managed_event_source" {
    for_each = local.self_managed == null ? [] : [join(",", sort(local.self_managed.bootstrap_servers))]
    content {
      endpoints = { KAFKA_BOOTSTRAP_SERVERS = self_managed_event_source.value }
    }
  }
  dynamic "self_managed_kafka_event_source_config" {
    for_each = local.self_managed == null ? [] : [local.group]
    content {
      consumer_group_id = self_managed_kafka_event_source_config.value
    }
  }
  dynamic "source_access_configuration" {
    for_each = local.access
    content {
      type = source_access_configuration.value.type
      uri  = source_access_configuration.value.uri
    }
  }
  dynamic "provisioned_poller_config" {
    for_each = var.pollers == null ? [] : [var.pollers]
    content {
      minimum_pollers   = provisioned_poller_config.value.minimum
      maximum_pollers   = provisioned_poller_config.value.maximum
      poller_group_name = provisioned_poller_config.value.group
    }
  }
  dynamic "metrics_config" {
    for_each = local.provisioned ? [true] : []
    content {
      metrics = ["ErrorCount", "EventCount", "KafkaMetrics"]
    }
  }
  dynamic "destination_config" {
    for_each = var.give_up == null ? [] : [var.give_up.destination]
    content {
      on_failure {
        destination_arn = destination_config.value
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.provisioned || !var.consumer.partial_responses
      error_message = "partial_responses of ${var.consumer.function} is on, and the mapping is on demand: AWS would ignore the answer and commit what the function reported, so records would be lost. Set pollers, or partial_responses to false."
    }
    precondition {
      condition     = local.provisioned || var.give_up == null
      error_message = "give_up needs provisioned pollers: on demand a mapping has no limit of attempts or age. Set pollers, or give_up to null."
    }
    precondition {
      condition     = var.consumer.timeout_seconds <= local.longest_timeout_seconds
      error_message = "${var.consumer.function} has a timeout of ${var.consumer.timeout_seconds} s; AWS invokes functions from Kafka for at most ${local.longest_timeout_seconds} s. Lower timeout_seconds of the function."
    }
    precondition {
      condition     = var.consumer.timeout_seconds >= local.needed_timeout_seconds
      error_message = "${var.consumer.function} has a timeout of ${var.consumer.timeout_seconds} s and would start no effect: one may take ${var.consumer.effect_timeout_ms} ms, and ${local.settle_seconds} s are kept for settling. Raise timeout_seconds to ${local.needed_timeout_seconds} or more, or lower the effect's timeout."
    }
    precondition {
      condition     = var.give_up == null || try(var.give_up.age_seconds > local.window_seconds + var.consumer.timeout_seconds, false)
      error_message = "give_up.age_seconds has to be longer than the window and one invocation together, ${local.window_seconds + var.consumer.timeout_seconds} s: otherwise a record that waited for its batch could be given up at its first failure."
    }
    precondition {
      condition     = var.consumer.memory_mb >= local.needed_memory_mb
      error_message = "${var.consumer.function} has ${var.consumer.memory_mb} MB, and a batch of ${local.records} records of up to ${var.max_record_bytes} bytes takes ${local.needed_memory_mb} MB. Raise memory_mb of the function, or lower batch_records."
    }
    precondition {
      condition     = var.give_up == null || try(var.give_up.destination != "kafka://${local.topic}", false)
      error_message = "give_up.destination is the topic that is read: what is given up would come back. Name another topic."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}
