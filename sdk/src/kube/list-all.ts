import { isKubeError } from './errors.js';
import type { KubeApi, KubeList, KubeObject, ListOptions, ResourceType } from './kube-api.js';

/** Objects asked for at once. */
const PAGE_SIZE = 500;

/**
 * The whole list, read in pages; all at once when it takes longer than the server keeps the pages.
 *
 * @throws KubeError
 */
export async function listAll<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType<T>,
  options: Omit<ListOptions, 'limit' | 'continue' | 'resourceVersion'> = {},
): Promise<KubeList<T>> {
  const items: T[] = [];
  let page = await api.list(type, { ...options, limit: PAGE_SIZE });
  try {
    for (;;) {
      // One by one: a server that knows no pages sends more than a call takes arguments.
      for (const item of page.items) items.push(item);
      const { continue: token, resourceVersion } = page.metadata;
      if (token === undefined || token === '') return { metadata: { resourceVersion }, items };
      page = await api.list(type, { ...options, limit: PAGE_SIZE, continue: token });
    }
  } catch (error) {
    if (!isKubeError(error, 'Gone')) throw error;
    return await api.list(type, options);
  }
}
