import { getServiceL2StatusOutput } from '@metallb-l2/component';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();

const status = getServiceL2StatusOutput({
  service: { namespace: config.get('namespace') ?? 'default', name: config.require('service') },
  // A service that was made just now may not be announced yet.
  waitSeconds: config.getNumber('waitSeconds') ?? 0,
});

export const { node, certainty, why, addresses } = status;
