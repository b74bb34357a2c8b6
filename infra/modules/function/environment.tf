# The function's environment: every variable from the one place that may fill it.
locals {
  declared = { for variable in var.manifest.variables : variable.name => variable }

  # Filled by resources of the deployment.
  from_tables = {
    for table in var.manifest.tables : table.variable => var.tables[table.name].name
    if contains(keys(var.tables), table.name)
  }
  from_dead_letters = var.dead_letters == null ? {} : {
    for name, variable in local.declared : name => variable.resource == "queue" ? var.dead_letters.queue_url : var.dead_letters.bucket
    if variable.resource == "queue" || (variable.resource == "bucket" && try(var.dead_letters.bucket != null, false))
  }
  # A secret's variable X is given as X_SECRET_ARN; one that is the ARN of a secret by its own name.
  from_secrets = {
    for name, arn in var.secrets : try(local.declared[name].secret, false) ? "${name}_SECRET_ARN" : name => arn
  }
  from_mapping = var.manifest.trigger.partial_responses == null ? {} : {
    (var.manifest.trigger.partial_responses) = tostring(var.partial_responses)
  }
  variables = merge(var.environment, local.from_tables, local.from_dead_letters, local.from_secrets, local.from_mapping)

  # What the function sees for each variable: its value, or its default.
  effective = merge({ for name, variable in local.declared : name => variable.default if variable.default != null }, local.variables)
  set       = toset([for name in keys(local.declared) : name if contains(keys(local.variables), name) || contains(keys(local.variables), "${name}_SECRET_ARN")])

  # required_when is one of: A=b, A is set, A is b… (with that beginning).
  conditions = {
    for name, variable in local.declared : name => regex("^([A-Z][A-Z0-9_]*)(=| is )(.+)$", variable.required_when)
    if can(regex("^([A-Z][A-Z0-9_]*)(=| is )(.+)$", variable.required_when))
  }
  required = toset([
    for name, variable in local.declared : name
    if variable.required || (contains(keys(local.conditions), name) && try(
      local.conditions[name][2] == "set" ? contains(local.set, local.conditions[name][0]) :
      endswith(local.conditions[name][2], "…") ? startswith(lookup(local.effective, local.conditions[name][0], ""), trimsuffix(local.conditions[name][2], "…")) :
      lookup(local.effective, local.conditions[name][0], "") == local.conditions[name][2],
    false))
  ])

  # What is wrong with the inputs, each as a list of names.
  missing  = sort([for name in local.required : name if !contains(local.set, name)])
  unknown  = sort([for name in concat(keys(var.environment), keys(var.secrets)) : name if !contains(keys(local.declared), name)])
  in_clear = sort([for name in keys(var.environment) : name if try(local.declared[name].secret || local.declared[name].resource == "secret", false)])
  by_hand = sort([
    for name in keys(var.environment) : name
    if contains(["table", "queue", "bucket"], coalesce(try(local.declared[name].resource, null), "none")) || name == var.manifest.trigger.partial_responses
  ])
  no_secret = sort([for name in keys(var.secrets) : name if !try(local.declared[name].secret || local.declared[name].resource == "secret", true)])
  unclear   = sort([for name, variable in local.declared : name if variable.required_when != null && !contains(keys(local.conditions), name)])

  # Values against the kinds that can be told from their words: one of …, number from … to ….
  choices = { for name, variable in local.declared : name => split(", ", trimprefix(variable.kind, "one of ")) if startswith(variable.kind, "one of ") }
  ranges  = { for name, variable in local.declared : name => regex("number from ([0-9]+) to ([0-9]+)$", variable.kind) if can(regex("number from ([0-9]+) to ([0-9]+)$", variable.kind)) }
  wrong = sort([
    for name, value in var.environment : "${name} is ${local.declared[name].kind}"
    if !try(contains(local.choices[name], value), true) ||
    (contains(keys(local.ranges), name) && !try(can(regex("^[0-9]+$", value)) && tonumber(value) >= tonumber(local.ranges[name][0]) && tonumber(value) <= tonumber(local.ranges[name][1]), false))
  ])
}
