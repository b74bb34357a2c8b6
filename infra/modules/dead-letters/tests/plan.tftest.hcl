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
  target          = aws_sqs_queue.this
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:dev-dead-letters", id = "https://sqs.eu-central-1.amazonaws.com/123456789012/dev-dead-letters", url = "https://sqs.eu-central-1.amazonaws.com/123456789012/dev-dead-letters" }
}
override_resource {
  target          = aws_s3_bucket.this
  override_during = plan
  values          = { arn = "arn:aws:s3:::dev-dead-letters-123456789012" }
}

variables {
  name_prefix = "dev"
  account_id  = "123456789012"
}

run "letters_of_a_mebibyte_for_14_days_with_tls_only" {
  command = plan
  assert {
    condition     = aws_sqs_queue.this.name == "dev-dead-letters" && aws_sqs_queue.this.max_message_size == 1048576 && aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "another queue"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_policy.this.policy).Statement[0].Effect == "Deny" && jsondecode(aws_sqs_queue_policy.this.policy).Statement[0].Resource == "arn:aws:sqs:eu-central-1:123456789012:dev-dead-letters" && jsondecode(aws_sqs_queue_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "the queue takes requests without TLS"
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Resource == ["arn:aws:s3:::dev-dead-letters-123456789012", "arn:aws:s3:::dev-dead-letters-123456789012/*"] && jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "the bucket takes requests without TLS"
  }
  assert {
    condition     = aws_s3_bucket.this.bucket == "dev-dead-letters-123456789012" && !aws_s3_bucket.this.force_destroy && aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 30 && aws_s3_bucket_lifecycle_configuration.this.rule[0].status == "Enabled"
    error_message = "another bucket"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets && aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "the bucket could be public"
  }
  assert {
    condition     = output.dead_letters.queue_arn == "arn:aws:sqs:eu-central-1:123456789012:dev-dead-letters" && output.dead_letters.bucket == "dev-dead-letters-123456789012"
    error_message = "functions would be told something else"
  }
}

run "a_key_of_ones_own" {
  command = plan
  variables {
    kms_key_arn      = "arn:aws:kms:eu-central-1:123456789012:key/1"
    bucket_deletable = true
  }
  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/1" && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && aws_s3_bucket.this.force_destroy
    error_message = "the key is not taken"
  }
}
