import { jest } from '@jest/globals';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import { StatusLookup } from '../../../../speaker/src/cluster/status-lookup.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { NAMESPACE } from '../fixtures.ts';

/** A cluster with a status for each of `count` services, and one of the same name in another namespace. */
async function setUp(count: number) {
  const clock = new FakeClock();
  const api = new InMemoryKubeApi({ clock });
  const create = (namespace: string, name: string) =>
    api.create(SERVICE_L2_STATUSES, {
      metadata: {
        generateName: 'node-a-',
        namespace: NAMESPACE,
        labels: { [STATUS_LABELS.serviceName]: name, [STATUS_LABELS.serviceNamespace]: namespace },
      },
    });
  for (let i = 0; i < count; i++) await create('default', `web-${i}`);
  await create('other', 'web-0');
  const list = jest.spyOn(api, 'list');
  const lookup = new StatusLookup({ api, clock }, { namespace: NAMESPACE });
  const find = async (services: readonly string[]) => {
    const found = services.map((service) => lookup.find(service, new AbortController().signal));
    await clock.advance(100);
    return (await Promise.all(found)).map((objects) => objects.map(({ metadata }) => metadata.labels));
  };
  const selectors = () => list.mock.calls.map(([, options]) => options?.labelSelector);
  return { find, selectors };
}

const labels = (namespace: string, name: string) => ({
  [STATUS_LABELS.serviceName]: name,
  [STATUS_LABELS.serviceNamespace]: namespace,
});

describe('questions for status objects', () => {
  it('that come together are one list, of the services they are about', async () => {
    const { find, selectors } = await setUp(5);
    expect(await find(['default/web-0', 'other/web-0', 'default/web-3', 'default/gone'])).toEqual([
      [labels('default', 'web-0')],
      [labels('other', 'web-0')],
      [labels('default', 'web-3')],
      [],
    ]);
    expect(selectors()).toEqual([`${STATUS_LABELS.serviceName} in (web-0,web-3,gone)`]);
  });

  it('about very many services are a list of all', async () => {
    const { find, selectors } = await setUp(100);
    const answers = await find(Array.from({ length: 100 }, (_, i) => `default/web-${i}`));
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => [labels('default', `web-${i}`)]));
    expect(selectors()).toEqual([undefined]);
  });
});
