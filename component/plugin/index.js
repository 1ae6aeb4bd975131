// What the engine starts, and asks over gRPC for the schema and for components.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import * as components from '@metallb-l2/component';
import * as pulumi from '@pulumi/pulumi';

const schema = readFileSync(join(import.meta.dirname, 'schema.json'), 'utf8');
const { name: plugin, version, resources } = JSON.parse(schema);

async function construct(name, type, inputs, options) {
  const description = resources[type];
  if (description === undefined) {
    const known = Object.keys(resources).join(', ');
    throw new Error(`${plugin} ${version} has no resource ${type}: use one of ${known}`);
  }
  const Component = components[type.split(':').at(-1)];
  const resource = new Component(name, inputs, options);
  const outputs = Object.keys(description.properties).map((output) => [output, resource[output]]);
  return { urn: resource.urn, state: Object.fromEntries(outputs) };
}

void pulumi.provider.main({ version, schema, construct }, argv.slice(2));
