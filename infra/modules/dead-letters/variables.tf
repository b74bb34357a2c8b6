variable "name_prefix" {
  description = "What every name begins with: the environment's. A letter first, then lowercase letters, digits and hyphens, at most 20 characters."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.name_prefix))
    error_message = "name_prefix has to be 1 to 20 lowercase letters, digits and hyphens, a letter first and no hyphen last, such as \"dev\"."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
}

variable "kms_key_arn" {
  description = "KMS key of queue and bucket. Null: SQS's and S3's own keys."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "Not used: queue and bucket have no role. Here because every module takes it."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account, which makes the bucket's name unique among all accounts."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has to be the 12 digits of the AWS account."
  }
}

variable "bucket_days" {
  description = "How long large letters stay in the bucket. Longer than the queue keeps its messages (14 days), which say where they are."
  type        = number
  default     = 30

  validation {
    condition     = var.bucket_days > 14 && floor(var.bucket_days) == var.bucket_days
    error_message = "bucket_days has to be a whole number over 14: the queue keeps a letter for 14 days, and its bytes in the bucket must not go first."
  }
}

variable "bucket_deletable" {
  description = "Whether destroying removes a bucket that still has letters."
  type        = bool
  default     = false
}
