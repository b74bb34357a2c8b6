# The DynamoDB tables that manifests declare: one for each name, however many functions declare it.
locals {
  tables = { for table in distinct(flatten(var.manifests[*].tables)) : table.name => table... }
}

resource "aws_dynamodb_table" "this" {
  for_each = local.tables

  name                        = "${var.name_prefix}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value[0].partition_key
  range_key                   = each.value[0].sort_key
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  # Only keys are declared; all are text.
  dynamic "attribute" {
    for_each = toset(compact(concat(
      [each.value[0].partition_key, each.value[0].sort_key],
      each.value[0].indexes[*].partition_key,
      each.value[0].indexes[*].sort_key,
    )))
    content {
      name = attribute.value
      type = "S"
    }
  }
  dynamic "global_secondary_index" {
    for_each = each.value[0].indexes
    content {
      name            = global_secondary_index.value.name
      projection_type = "ALL"

      key_schema {
        attribute_name = global_secondary_index.value.partition_key
        key_type       = "HASH"
      }
      key_schema {
        attribute_name = global_secondary_index.value.sort_key
        key_type       = "RANGE"
      }
    }
  }
  # Always a block: without one the provider would leave an earlier TTL on.
  ttl {
    attribute_name = each.value[0].ttl
    enabled        = each.value[0].ttl != null
  }
  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_days
  }
  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }
}
