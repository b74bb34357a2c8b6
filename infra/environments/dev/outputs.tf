output "functions" {
  description = "The functions' names at AWS, by their names here."
  value       = { for name, function in module.function : name => function.name }
}

output "consumer_groups" {
  description = "Each consumer's group at the cluster."
  value       = { for name, mapping in module.event_source : name => mapping.consumer_group_id }
}

output "dkim_tokens" {
  description = "What DNS has to have before mail is sent (module email)."
  value       = module.email.dkim_tokens
}
