output "uuid" {
  description = "The mapping's id, the dimension of its metrics."
  value       = aws_lambda_event_source_mapping.this.uuid
}

output "consumer_group_id" {
  description = "The consumer group, whose committed offsets are the position."
  value       = local.group
}

output "topic" {
  description = "The topic that is read."
  value       = local.topic
}
