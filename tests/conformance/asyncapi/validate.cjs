// Reads documents as AsyncAPI's own parser does, and prints a line of JSON for each: the errors that it finds and, of a
// document that it accepts, what it found there. Usage: node validate.cjs MODULES DOCUMENT ... (setup-node.sh makes MODULES)
'use strict';
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { resolve } = require('node:path');

const [modules, ...documents] = process.argv.slice(2);
const load = createRequire(resolve(modules, 'package.json'));
const { Parser } = load('@asyncapi/parser');
const { AvroSchemaParser } = load('@asyncapi/avro-schema-parser');

const ERROR = 0;
const WARNING = 1;

function diagnosticsOf(diagnostics, severity) {
  return diagnostics
    .filter((diagnostic) => diagnostic.severity === severity)
    .map(({ path, message }) => ({ path: path.join('/'), message }));
}

function message(message) {
  const kafka = message.bindings().get('kafka')?.value() ?? {};
  const payload = message.payload()?.json();
  return {
    format: message.schemaFormat(),
    payload: payload?.schema ?? payload,
    key: kafka['x-parser-original-bindings-kafka-key'] ?? kafka.key,
    headers: Object.keys(message.headers()?.properties() ?? {}),
  };
}

function channel(channel) {
  return {
    address: channel.address(),
    kafka: channel.bindings().get('kafka').value(),
    messages: channel.messages().all().map(message),
    tags: channel.tags().all().map((tag) => tag.name()),
  };
}

function operation(operation) {
  const channels = operation.channels().all().map((channel) => channel.address());
  return { id: operation.id(), action: operation.action(), channels };
}

async function read(path) {
  const parser = new Parser();
  parser.registerSchemaParser(AvroSchemaParser());
  const { document, diagnostics } = await parser.parse(readFileSync(path, 'utf8'));
  const found = { errors: diagnosticsOf(diagnostics, ERROR), warnings: diagnosticsOf(diagnostics, WARNING) };
  if (document) {
    found.channels = document.channels().all().map(channel);
    found.operations = document.operations().all().map(operation);
  }
  return found;
}

(async () => {
  for (const path of documents) {
    console.log(JSON.stringify(await read(path)));
  }
})();
