output "tables" {
  description = "The tables by the name in the manifest: what the module function takes."
  value       = { for name, table in aws_dynamodb_table.this : name => { name = table.name, arn = table.arn } }
}
