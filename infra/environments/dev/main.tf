# A whole system on one page: every function, what feeds it, and what watches it. Copy it for another environment. The cluster,
# the connectors, the registry and the network are given.
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
}

locals {
  name_prefix = "dev"
  tags        = { environment = "dev" }
  folder      = "${path.module}/../../../functions"
  names       = toset([for path in fileset(local.folder, "*/function.json") : dirname(path)])
  manifests   = { for name in local.names : name => jsondecode(file("${local.folder}/${name}/function.json")) }
  consumers   = toset([for name, manifest in local.manifests : name if manifest.trigger.kind != "invocation"])

  # Every function that knows a registry gets it; what else one needs beyond tables, queue and bucket stands here.
  registry = { for name, manifest in local.manifests : name => contains(manifest.variables[*].name, "SCHEMA_REGISTRY_URL") ? { SCHEMA_REGISTRY_URL = var.registry_url } : {} }
  own = {
    audit-profile-update = { RETENTION_DAYS = "365" }
    publish-profile-updates = {
      PROFILE_API_URL         = var.profile_api.url
      KAFKA_BOOTSTRAP_SERVERS = var.cluster.bootstrap_servers
    }
    # Nobody gets mail from this environment.
    send-welcome-email = {
      EMAIL_MODE              = "log"
      EMAIL_SENDER            = "hello@${var.mail_domain}"
      EMAIL_CONFIGURATION_SET = module.email.configuration_set
    }
  }
  secrets = { publish-profile-updates = { PROFILE_API_TOKEN = var.profile_api.token_secret_arn } }
  vpc     = { publish-profile-updates = { subnet_ids = var.cluster.subnet_ids, security_group_ids = var.cluster.security_group_ids } }
}

module "tables" {
  source              = "../../modules/tables"
  name_prefix         = local.name_prefix
  tags                = local.tags
  manifests           = values(local.manifests)
  deletion_protection = false
  recovery_days       = 7
}

module "dead_letters" {
  source           = "../../modules/dead-letters"
  name_prefix      = local.name_prefix
  tags             = local.tags
  account_id       = var.account_id
  bucket_deletable = true
}

module "email" {
  source      = "../../modules/email"
  name_prefix = local.name_prefix
  tags        = local.tags
  account_id  = var.account_id
  domain      = var.mail_domain
}

module "function" {
  source            = "../../modules/function"
  for_each          = local.manifests
  name_prefix       = local.name_prefix
  tags              = local.tags
  account_id        = var.account_id
  manifest          = each.value
  code              = { bucket = var.artifacts_bucket, sha256 = var.binaries[each.key] }
  tables            = module.tables.tables
  dead_letters      = module.dead_letters.dead_letters
  environment       = merge(local.registry[each.key], lookup(local.own, each.key, {}))
  secrets           = lookup(local.secrets, each.key, {})
  partial_responses = contains(local.consumers, each.key)
  kafka_cluster_arn = var.cluster.arn
  vpc               = lookup(local.vpc, each.key, null)
}

module "event_source" {
  source         = "../../modules/event-source"
  for_each       = local.consumers
  name_prefix    = local.name_prefix
  tags           = local.tags
  consumer       = module.function[each.key].consumer
  source_cluster = { msk = { cluster_arn = var.cluster.arn, authentication = "iam" } }
  pollers        = { group = local.name_prefix }
}

module "schedule" {
  source      = "../../modules/schedule"
  name_prefix = local.name_prefix
  tags        = local.tags
  account_id  = var.account_id
  name        = "publish-profile-updates"
  alias_arn   = module.function["publish-profile-updates"].alias_arn
  expression  = "rate(5 minutes)"
}

module "observability" {
  source      = "../../modules/observability"
  name_prefix = local.name_prefix
  tags        = local.tags
  functions = { for name in local.names : name => {
    name    = module.function[name].name
    mapping = contains(local.consumers, name) ? { uuid = module.event_source[name].uuid, metrics = true } : null
  } }
  dead_letter_queue = module.dead_letters.queue_name
  alarm_topic_arns  = var.alarm_topic_arns
}
