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
  manifests   = [for name in ["audit-profile-update", "cache-user-login", "publish-profile-updates", "redrive-dead-letters", "send-welcome-email"] : jsondecode(file("../../../functions/${name}/function.json"))]
}

run "every_table_that_manifests_declare_once" {
  command = plan
  assert {
    condition     = toset(keys(aws_dynamodb_table.this)) == toset(["audit", "claims", "logins", "profile-cursor"]) && aws_dynamodb_table.this["claims"].name == "dev-claims"
    error_message = "there are ${jsonencode(keys(aws_dynamodb_table.this))}"
  }
  assert {
    condition     = aws_dynamodb_table.this["audit"].hash_key == "pk" && aws_dynamodb_table.this["audit"].range_key == "sk" && aws_dynamodb_table.this["claims"].range_key == null
    error_message = "other keys"
  }
  assert {
    condition     = alltrue([for table in values(aws_dynamodb_table.this) : table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled && table.point_in_time_recovery[0].recovery_period_in_days == 35])
    error_message = "a table is not protected"
  }
  assert {
    condition     = aws_dynamodb_table.this["claims"].ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this["claims"].ttl[0].enabled && !aws_dynamodb_table.this["profile-cursor"].ttl[0].enabled
    error_message = "another TTL"
  }
  assert {
    condition     = one(aws_dynamodb_table.this["logins"].global_secondary_index[*].name) == "by_user" && one(aws_dynamodb_table.this["logins"].global_secondary_index[*].projection_type) == "ALL" && toset(aws_dynamodb_table.this["logins"].attribute[*].name) == toset(["pk", "user", "at"])
    error_message = "the index is missing"
  }
  assert {
    condition     = output.tables["claims"].name == "dev-claims"
    error_message = "the output names another table"
  }
}

run "a_key_of_ones_own_and_no_guard" {
  command = plan
  variables {
    kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/1"
    deletion_protection = false
    recovery_days       = 7
  }
  assert {
    condition     = alltrue([for table in values(aws_dynamodb_table.this) : table.server_side_encryption[0].enabled && table.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/1" && !table.deletion_protection_enabled && table.point_in_time_recovery[0].recovery_period_in_days == 7])
    error_message = "settings are not taken"
  }
}
