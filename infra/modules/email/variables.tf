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
  description = "KMS key of the topic with bounces and complaints. Its policy has to allow SES. Null: none."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "Not used: SES has no role. Here because every module takes it."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account, the only one whose SES may write to the topic."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has to be the 12 digits of the AWS account."
  }
}

variable "domain" {
  description = "The domain that mail comes from."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain has to be a domain in lowercase such as shop.example, not an address."
  }
}

variable "sending" {
  description = "False stops all mail of the configuration set at SES, also that of a deployment that is broken."
  type        = bool
  default     = true
}
