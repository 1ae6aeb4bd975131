// Which node announces each service: no Pulumi, the SDK alone. `node who.ts`
import { ServiceL2StatusClient } from '@metallb-l2/sdk';

const client = new ServiceL2StatusClient();
try {
  const { statuses, invalid } = await client.list();
  for (const { service, node, addresses } of statuses) {
    console.log(`${service.namespace}/${service.name}: ${node} answers for ${addresses.join(', ')}`);
  }
  console.log(`${statuses.length} announced, ${invalid.length} statuses that cannot be read`);
} finally {
  client.close();
}
