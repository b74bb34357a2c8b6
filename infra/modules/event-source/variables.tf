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
  description = "KMS key of the secret with the login, where it has one of its own (MSK's secrets must)."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "Not used: the mapping has no role of its own, it acts with the function's, which has its boundary. Here because every module takes it."
  type        = string
  default     = null
}

variable "consumer" {
  description = "The function: the output consumer of the module function. What function and mapping have to agree on comes from here alone."
  type = object({
    function          = string
    alias_arn         = string
    role_name         = string
    topic             = string
    batch             = object({ records = number, window_seconds = number })
    memory_mb         = number
    timeout_seconds   = number
    effect_timeout_ms = number
    partial_responses = bool
  })
}

variable "topic" {
  description = "The topic, where the environment calls it otherwise than the manifest. One topic a mapping."
  type        = string
  default     = null

  validation {
    condition     = var.topic == null || can(regex("^[A-Za-z0-9._-]{1,249}$", var.topic))
    error_message = "topic has to be one topic's name: 1 to 249 letters, digits, dots, hyphens and underscores."
  }
}

variable "consumer_group_id" {
  description = "The consumer group. Null: <name_prefix>-<function>. Another one starts over at starting_position."
  type        = string
  default     = null

  validation {
    condition     = var.consumer_group_id == null || can(regex("^[A-Za-z0-9._-]{1,200}$", var.consumer_group_id))
    error_message = "consumer_group_id has to be 1 to 200 letters, digits, dots, hyphens and underscores: with a colon or other characters MSK shows no lag for it."
  }
}

variable "source_cluster" {
  description = "Where the records are: an MSK cluster (authentication iam, scram or mtls) or brokers of your own (scram_256, scram_512 or mtls; ca_secret_arn for a private authority; subnets and groups from which they are reached, none for public ones)."
  type = object({
    msk = optional(object({
      cluster_arn    = string
      authentication = string
      secret_arn     = optional(string)
    }))
    self_managed = optional(object({
      bootstrap_servers  = set(string)
      authentication     = string
      secret_arn         = string
      ca_secret_arn      = optional(string)
      subnet_ids         = optional(set(string), [])
      security_group_ids = optional(set(string), [])
    }))
  })

  validation {
    condition     = (var.source_cluster.msk == null) != (var.source_cluster.self_managed == null)
    error_message = "source_cluster needs exactly one of msk and self_managed."
  }
  validation {
    condition     = var.source_cluster.msk == null || try(can(regex("^arn:aws[a-z-]*:kafka:[a-z0-9-]+:[0-9]{12}:cluster/[^/]+/[^/]+$", var.source_cluster.msk.cluster_arn)), false)
    error_message = "source_cluster.msk.cluster_arn has to be the ARN of an MSK cluster: arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>."
  }
  validation {
    condition     = var.source_cluster.msk == null || try(contains(["iam", "scram", "mtls"], var.source_cluster.msk.authentication), false)
    error_message = "source_cluster.msk.authentication has to be iam, scram or mtls."
  }
  validation {
    condition     = var.source_cluster.msk == null || try((var.source_cluster.msk.authentication == "iam") == (var.source_cluster.msk.secret_arn == null), false)
    error_message = "source_cluster.msk needs secret_arn for scram and mtls, and none for iam."
  }
  validation {
    condition     = var.source_cluster.self_managed == null || try(contains(["scram_256", "scram_512", "mtls"], var.source_cluster.self_managed.authentication), false)
    error_message = "source_cluster.self_managed.authentication has to be scram_256, scram_512 or mtls; IAM is MSK's own and needs source_cluster.msk."
  }
  validation {
    condition     = var.source_cluster.self_managed == null || try(length(var.source_cluster.self_managed.bootstrap_servers) > 0 && alltrue([for server in var.source_cluster.self_managed.bootstrap_servers : can(regex("^[A-Za-z0-9.-]+:[0-9]+$", server))]), false)
    error_message = "source_cluster.self_managed.bootstrap_servers needs at least one host:port."
  }
  validation {
    condition     = var.source_cluster.self_managed == null || try((length(var.source_cluster.self_managed.subnet_ids) == 0) == (length(var.source_cluster.self_managed.security_group_ids) == 0), false)
    error_message = "source_cluster.self_managed needs subnets and security groups together, or neither for brokers with public addresses."
  }
}

variable "pollers" {
  description = "Provisioned pollers, shared by the mappings of one VPC that name the same group, so that they are paid for together. Null: on demand, without any error control, metrics of the mapping or partial responses."
  type = object({
    minimum = optional(number, 1)
    maximum = optional(number, 2)
    group   = string
  })

  validation {
    condition     = var.pollers == null || try(var.pollers.minimum >= 1 && var.pollers.minimum <= 200 && var.pollers.maximum <= 2000, false)
    error_message = "pollers.minimum has to be from 1 to 200 and pollers.maximum at most 2000."
  }
  validation {
    condition     = var.pollers == null || try(var.pollers.minimum <= var.pollers.maximum, false)
    error_message = "pollers.minimum is larger than pollers.maximum: raise the maximum."
  }
  validation {
    condition     = var.pollers == null || can(regex("^[A-Za-z0-9_-]{1,128}$", var.pollers.group))
    error_message = "pollers.group has to be 1 to 128 letters, digits, hyphens and underscores: the name that all mappings of the VPC share."
  }
}

variable "give_up" {
  description = "Null: a batch is delivered until it is finished, and halved while it fails. Otherwise after how many attempts or how much time AWS takes it from the topic, and where it says so: an SQS, SNS or S3 ARN, or kafka://<topic>."
  type = object({
    attempts    = number
    age_seconds = number
    destination = string
  })
  default = null

  validation {
    condition     = var.give_up == null || try(var.give_up.attempts >= 0 && var.give_up.attempts <= 10000, false)
    error_message = "give_up.attempts has to be from 0 to 10000. Endless attempts (-1) beside a destination are not what they seem: AWS then makes at most 10. For endless attempts set give_up to null."
  }
  validation {
    condition     = var.give_up == null || try(var.give_up.age_seconds >= 60 && var.give_up.age_seconds <= 604800, false)
    error_message = "give_up.age_seconds has to be from 60 to 604800 (a week). For no limit set give_up to null."
  }
  validation {
    condition     = var.give_up == null || can(regex("^(arn:aws[a-z-]*:(sqs|sns):[a-z0-9-]+:[0-9]{12}:.+|arn:aws[a-z-]*:s3:::.+|kafka://[A-Za-z0-9._-]{1,249})$", var.give_up.destination))
    error_message = "give_up.destination has to be the ARN of an SQS queue, SNS topic or S3 bucket, or kafka://<topic>: without one, what AWS gives up is lost."
  }
}

variable "batch_records" {
  description = "Records in a batch at most. Null: what the manifest declares."
  type        = number
  default     = null

  validation {
    condition     = var.batch_records == null || try(var.batch_records >= 1 && var.batch_records <= 10000, false)
    error_message = "batch_records has to be from 1 to 10000, or null."
  }
}

variable "window_seconds" {
  description = "For how long AWS waits for that many. Null: what the manifest declares."
  type        = number
  default     = null

  validation {
    condition     = var.window_seconds == null || try(var.window_seconds >= 0 && var.window_seconds <= 300, false)
    error_message = "window_seconds has to be from 0 to 300, or null."
  }
}

variable "max_record_bytes" {
  description = "The largest record of the topic: its max.message.bytes."
  type        = number
  default     = 1048576

  validation {
    condition     = var.max_record_bytes >= 1024 && var.max_record_bytes <= 1048576
    error_message = "max_record_bytes has to be from 1024 to 1048576: a larger record could exceed the 6 MB of an invocation in Base64, and AWS would take it from the topic. Lower the topic's max.message.bytes."
  }
}

variable "starting_position" {
  description = "Where a consumer group without committed offsets begins: TRIM_HORIZON, LATEST, or a time in UTC such as 2026-01-31T08:00:00Z."
  type        = string
  default     = "TRIM_HORIZON"

  validation {
    condition     = contains(["TRIM_HORIZON", "LATEST"], var.starting_position) || can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", var.starting_position))
    error_message = "starting_position has to be TRIM_HORIZON, LATEST or a time like 2026-01-31T08:00:00Z: with Z and without fractions, or every plan would replace the mapping."
  }
}

variable "enabled" {
  description = "False pauses the mapping. Its offsets stay."
  type        = bool
  default     = true
}
