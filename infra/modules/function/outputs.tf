output "name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "alias_arn" {
  description = "What to invoke."
  value       = aws_lambda_alias.live.arn
}

output "role_name" {
  description = "The role's name, for what else has to be granted."
  value       = aws_iam_role.this.name
}

output "log_group" {
  description = "The log group's name."
  value       = aws_cloudwatch_log_group.this.name
}

output "on_every_resource" {
  description = "Actions that the role has on every resource, each with the reason."
  value       = { for action, reason in local.on_everything : action => reason if anytrue([for statement in local.statements : contains(statement.actions, action)]) }
}

output "consumer" {
  description = "What the module event-source has to know. Null for a function that reads no topic."
  value = var.manifest.trigger.topic == null ? null : {
    function          = var.manifest.function
    alias_arn         = aws_lambda_alias.live.arn
    role_name         = aws_iam_role.this.name
    topic             = var.manifest.trigger.topic
    batch             = var.manifest.trigger.batch
    memory_mb         = local.memory_mb
    timeout_seconds   = local.timeout_seconds
    effect_timeout_ms = tonumber(local.effective[var.manifest.trigger.effect_timeout])
    partial_responses = var.partial_responses
  }
}
