import { CONFIG_MAPS, type KubeApi, listAll } from '@metallb-l2/sdk/kube';

describe('a whole list', () => {
  // client-node's informer ends with a RangeError there: it passes each object as an argument.
  it('may have 150,000 objects on a page, from a server that knows no pages', async () => {
    const items = Array.from({ length: 150_000 }, (_, index) => ({ metadata: { name: `map-${index}` } }));
    const list = () => Promise.resolve({ metadata: { resourceVersion: '7' }, items });
    const whole = await listAll({ list } as unknown as KubeApi, CONFIG_MAPS);
    expect(whole.metadata).toEqual({ resourceVersion: '7' });
    expect(whole.items).toHaveLength(150_000);
  });
});
