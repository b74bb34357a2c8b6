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
  description = "KMS key of the tables. Null: the key that DynamoDB owns, which costs nothing."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "Not used: tables have no role. Here because every module takes it."
  type        = string
  default     = null
}

variable "manifests" {
  description = "What the functions declare: [for name in functions : jsondecode(file(\"functions/$${name}/function.json\"))]."
  type = list(object({
    function = string
    tables = list(object({
      name          = string
      partition_key = string
      sort_key      = optional(string)
      ttl           = optional(string)
      indexes       = list(object({ name = string, partition_key = string, sort_key = string }))
    }))
  }))

  validation {
    condition = alltrue([
      for one in flatten(var.manifests[*].tables) : alltrue([
        for other in flatten(var.manifests[*].tables) : one.name != other.name || jsonencode(one) == jsonencode(other)
      ])
    ])
    error_message = "Two functions declare one table differently: ${join(", ", distinct([for pair in setproduct(flatten(var.manifests[*].tables), flatten(var.manifests[*].tables)) : pair[0].name if pair[0].name == pair[1].name && jsonencode(pair[0]) != jsonencode(pair[1])]))}. Give them one declaration of keys, TTL and indexes, or two names."
  }
  validation {
    condition = alltrue([
      for table in flatten(var.manifests[*].tables) : length("${var.name_prefix}-${table.name}") >= 3 && length("${var.name_prefix}-${table.name}") <= 255
    ])
    error_message = "A table's name with name_prefix has to have 3 to 255 characters: take another name_prefix."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the tables. Switch it off, apply, and only then destroy."
  type        = bool
  default     = true
}

variable "recovery_days" {
  description = "For how many days back a table can be restored to any second."
  type        = number
  default     = 35

  validation {
    condition     = var.recovery_days >= 1 && var.recovery_days <= 35
    error_message = "recovery_days has to be from 1 to 35; without recovery a faulty deployment could not be undone, so there is no 0."
  }
}
